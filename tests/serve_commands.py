"""Runs the commands of the documents for test_documents.py, each in a fork of this process, whose imports take seconds.

A line of JSON on its input names a folder, a script or ``relobralo-report``, and arguments.
"""

import json
import os
import runpy
import sys
import traceback

# What every command would import.
from modulus_relobralo.hosts.sym import Solver, WeightMonitor, constraints, main  # noqa: F401
from modulus_relobralo.report import cli


def run(folder, script, arguments):
    """Run a command in a folder, with its output in a file there, and return its exit status."""
    os.chdir(folder)
    for stream in (1, 2):
        os.dup2(os.open("output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    sys.argv = [script, *arguments]
    try:
        cli.main() if script == "relobralo-report" else runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        return int(bool(end.code))
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def serve():
    for line in sys.stdin:
        folder, script, *arguments = json.loads(line)
        child = os.fork()
        if not child:
            status = run(folder, script, arguments)
            sys.stdout.flush()
            os._exit(status)
        print("status", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
