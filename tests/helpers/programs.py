"""Programs of users, run in processes of their own, some with an installed copy of this project."""

import atexit
import csv
import functools
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

from modulus_relobralo.hosts.sym import host

ROOT = Path(__file__).resolve().parents[2]
# Only there to end what hangs: on a machine with other work a process takes ten times as long as on an idle one.
TIMEOUT = 1200


def install(folder, *options):
    """Install a copy of this project into a new virtual environment in `folder`; return its interpreter.

    The environment sees this one's packages by a path. Path files there are not read, so that an editable install
    of this project stays out of sight.
    """
    sources = folder / "sources"
    ignored = shutil.ignore_patterns(".*", "*.egg-info", "__pycache__", "build", "dist", "outputs")
    shutil.copytree(ROOT, sources, ignore=ignored)
    run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"])
    python = folder / "venv" / "bin" / "python"
    packages = {path for path in sys.path if path.endswith("site-packages")}
    path_file = Path(run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).strip(), "host.pth")
    path_file.write_text("\n".join(sorted(packages)) + "\n")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps"]
    run([*pip, "--no-build-isolation", "--ignore-installed", *options, sources])
    return python


def environment(**variables):
    """Return this process' environment for another one: with one thread, and with `variables`.

    Without what would show this checkout to another interpreter.
    """
    hidden = ("PYTHONPATH", "PYTHONHOME", "HYDRA_FULL_ERROR")
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return {**kept, "OMP_NUM_THREADS": "1", "TORCHINDUCTOR_COMPILE_THREADS": "1", **variables}


def run(command, cwd=None, succeeds=True, **variables):
    """Run a command with further environment variables; return what it printed on both streams, in order."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT,
    )
    assert (done.returncode == 0) == succeeds, done.stdout
    return done.stdout


def start(command, cwd, pass_fds=(), **variables):
    """Start a command that is driven over its standard input; leave it to its end with the input's."""
    return subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=environment(**variables),  # one thread: none of that kind when it forks
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=pass_fds,
    )


def find_host():
    """Return the package name of the host, or an empty string where none is installed."""
    try:
        return host.name()
    except ModuleNotFoundError:
        return ""


HOST = find_host()
# PhysicsNeMo 2.1 and later, which trains in explicit loops.
LOOPS = importlib.util.find_spec("physicsnemo") is not None and not HOST.startswith("physicsnemo")
# What takes seconds to import in a script of an example. Where a host is imported, configs get its options.
WITHOUT_HOST = ("modulus_relobralo.report.cli", "modulus_relobralo.loops")
OURS = WITHOUT_HOST
if HOST:
    OURS += tuple(f"modulus_relobralo.hosts.sym.{name}" for name in ("solver", "builders", "nodes"))
if LOOPS:
    OURS += ("modulus_relobralo.hosts.physicsnemo", "physicsnemo.models.mlp", "physicsnemo.sym")


@functools.cache
def forking(python, modules):
    """Return the address of a process that runs scripts in forks of itself; it ends with this one."""
    path = Path(tempfile.mkdtemp(), "forks")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        command = [python, Path(__file__).with_name("serve_forks.py"), listener.fileno(), *modules]
        process = start(command, ROOT, pass_fds=[listener.fileno()], PYTHONHASHSEED="0")
    atexit.register(shutil.rmtree, path.parent)
    atexit.register(process.stdin.close)
    return path


def begin_script(script, arguments, cwd, python=sys.executable, modules=OURS):
    """Begin a script in a fork of a process that has imported the modules: without their seconds.

    Returns a function that waits for its end, and returns its exit status and what it printed.
    """
    output = tempfile.TemporaryFile("w+")  # noqa: SIM115
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(forking(python, modules)))
    line = json.dumps([str(cwd), str(Path(cwd, script)), *map(str, arguments)])
    socket.send_fds(connection, [line.encode()], [output.fileno()])

    def end():
        with output, connection:
            status = connection.recv(8).decode() or "none: the process has ended"
            output.seek(0)
            return status, output.read()

    return end


def run_script(script, arguments, cwd, succeeds=True, **options):
    """Run a script as `run` does, in a fork as `begin_script` does; return what it printed."""
    status, printed = begin_script(script, arguments, cwd, **options)()
    assert (status == "0") == succeeds, f"{status}\n{printed}"
    return printed


# Asks what `forking` has started to run a script, and ends as that does.
CLIENT = """#!{python} -SE
import json, os, socket, sys
script, *arguments = sys.argv[3 if sys.argv[1:3] == ["-W", "ignore"] else 1:]
connection = socket.socket(socket.AF_UNIX)
connection.connect("{path}")
socket.send_fds(connection, [json.dumps([os.getcwd(), os.path.abspath(script), *arguments]).encode()], [1])
sys.exit(abs(int(connection.recv(8))))
"""


def forking_interpreter(folder):
    """Return an executable file for the place of the interpreter, in programs that start scripts of the examples."""
    path = folder / "python"
    path.write_text(CLIENT.format(python=sys.executable, path=forking(sys.executable, OURS)))
    path.chmod(0o755)
    return str(path)


# What the migration page has sed replace.
RENAMED = {
    "modulus.sym": "physicsnemo.sym",
    "ModulusConfig": "PhysicsNeMoConfig",
    "modulus_default": "physicsnemo_default",
}


def on_host(text):
    """Return a program or a config of Modulus Sym as one of the installed host, by the recipe of the migration page."""
    if HOST == "physicsnemo.sym":
        for old, new in RENAMED.items():
            text = text.replace(old, new)
    return text


def write_files(folder, **files):
    """Write files by path, with __ for a slash and _DOT_ for a dot; what is of Modulus Sym is made the host's."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(on_host(textwrap.dedent(text).lstrip()))


def read_csv(path):
    """Return the header and the rows of a table, as text."""
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    return header, rows


def found(output):
    """Return the objects that a program printed as lines "FOUND <json>"."""
    return [json.loads(line.removeprefix("FOUND ")) for line in output.splitlines() if line.startswith("FOUND ")]
