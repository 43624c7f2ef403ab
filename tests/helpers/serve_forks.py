"""Runs scripts, each in a fork of this process, whose imports take seconds: those of the modules in its arguments.

A line of JSON on its input names a file for the output, a folder to run in, a script, and arguments.
"""

import atexit
import importlib
import json
import os
import runpy
import sys
import traceback

import torch

from modulus_relobralo.taylor.reading import recognise


def run(output, folder, script, *arguments):
    os.chdir(folder)
    for stream in (1, 2):
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    sys.argv, sys.path[0] = [script, *arguments], os.path.dirname(script)
    runpy.run_path(script, run_name="__main__")


def end(failed):
    """End this process as an interpreter does, but for taking all apart that was imported, which takes seconds."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(failed)


def serve():
    for line in sys.stdin:
        child = os.fork()
        if not child:
            try:
                run(*json.loads(line))
            except SystemExit as error:
                if isinstance(error.code, str):
                    print(error.code, file=sys.stderr)
                end(bool(error.code))
            except BaseException:
                traceback.print_exc()
                end(True)
            end(False)
        print("status", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    for module in sys.argv[1:]:
        importlib.import_module(module)
    # What activation functions are compared with, which each fork would trace again.
    recognise(torch.nn.Tanh())
    serve()
