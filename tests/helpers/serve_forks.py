"""Runs scripts, each in a fork of this process, whose imports take seconds: those of the modules in its arguments.

The first argument is the descriptor of a socket that listens. Each connection brings the descriptor of an output and
JSON: a folder to run in, a script, and its arguments; it gets the exit status. Several can run at a time.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import traceback

import torch

from modulus_relobralo.taylor.reading import recognise


def run(output, folder, script, *arguments):
    os.chdir(folder)
    for stream in (1, 2):
        os.dup2(output, stream)
    sys.argv, sys.path[0] = [script, *arguments], os.path.dirname(script)
    runpy.run_path(script, run_name="__main__")


def run_to_the_end(output, job):
    """Run, and end as an interpreter does, but for taking all apart that was imported, which takes seconds."""
    failed = True
    try:
        run(output, *job)
        failed = False
    except SystemExit as error:
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
        failed = bool(error.code)
    except BaseException:
        traceback.print_exc()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(failed)


def answer(connection):
    """Run what a connection asks for, and send its exit status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    text, (output,), *_ = socket.recv_fds(connection, 1 << 16, 1)
    child = os.fork()
    if not child:
        connection.close()
        run_to_the_end(output, json.loads(text))
    connection.sendall(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
    os._exit(0)


def serve(listener):
    # What is imported stays, and no fork's collector looks through it.
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # Until whoever started it is gone.
    while sys.stdin not in select.select([sys.stdin, listener], [], [])[0]:
        connection, _ = listener.accept()
        if not os.fork():
            listener.close()
            answer(connection)
        connection.close()


if __name__ == "__main__":
    for module in sys.argv[2:]:
        importlib.import_module(module)
    # What activation functions are compared with, which each fork would trace again.
    recognise(torch.nn.Tanh())
    sys.stdout.flush()
    serve(socket.socket(fileno=int(sys.argv[1])))
