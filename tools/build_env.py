"""Make a virtual environment that holds a host framework, this package and its tests' requirements.

    python tools/build_env.py modulus .venv

Only the standard library is used: this runs before anything is installed.
"""

from __future__ import annotations

import argparse
import configparser
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv

from hosts import HOSTS, Edit, Host

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOOLS = ROOT / "tools"
# torch with its CUDA libraries is 5 GB unpacked; uv keeps a copy in its cache, on the same disk by default.
NEEDED_GB = 12

# Stands in for torch while the archive's setup.py runs: a version to read, and an extension with no sources.
FAKE_TORCH = {
    "torch/__init__.py": "class version:\n    cuda = '12.4'\n",
    "torch/utils/__init__.py": "",
    "torch/utils/cpp_extension.py": (
        "from setuptools import Extension\n"
        "from setuptools.command.build_ext import build_ext\n\n\n"
        "class BuildExtension(build_ext):\n"
        "    @classmethod\n"
        "    def with_options(cls, **options):\n"
        "        return cls\n\n\n"
        "def CUDAExtension(name, sources, **options):\n"
        "    return Extension(name, [])\n"
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("host", choices=sorted(HOSTS))
    parser.add_argument("venv", type=pathlib.Path)
    args = parser.parse_args()
    check_disk(args.venv.resolve().parent)
    say(f"making {args.venv} with Python {sys.version.split()[0]}")
    venv.EnvBuilder(with_pip=True, clear=True).create(args.venv)
    python = args.venv.resolve() / "bin" / "python"
    install(HOSTS[args.host], args.host, python)
    run(python, "-W", "ignore", "-c", HOSTS[args.host].smoke_import)
    say(f"{args.venv} is ready")


def check_disk(folder: pathlib.Path) -> None:
    free_gb = shutil.disk_usage(folder).free / 1e9
    needed_gb = float(os.environ.get("RELOBRALO_NEEDED_GB", NEEDED_GB))
    if free_gb < needed_gb:
        sys.exit(
            f"{folder}: {free_gb:.1f} GB are free, {needed_gb:g} GB are needed (torch with CUDA and the host). "
            "Nothing was downloaded. RELOBRALO_NEEDED_GB=N overrides the limit."
        )


def install(host: Host, name: str, python: pathlib.Path) -> None:
    """Install `host`, and this package editable, into the environment of `python`."""
    with tempfile.TemporaryDirectory() as folder:
        tmp = pathlib.Path(folder)
        pip(python, "install", "uv>=0.4", "setuptools==80.9.0", "setuptools-scm==8.3.1", "wheel==0.45.1")
        wheels = []
        if host.archive:
            say(f"building {host.archive} without its CUDA extension")
            wheels.append(build_wheel(host, python, tmp))
        overrides = tmp / "overrides.txt"
        overrides.write_text("\n".join(host.overrides) + "\n")
        say("installing the host and its requirements (about 6 GB, most of it torch)")
        # Compiled once here, rather than by every process where PYTHONDONTWRITEBYTECODE is set.
        uv = [python, "-m", "uv", "pip", "install", "--compile-bytecode", "--python", python]
        run(*uv, "--overrides", overrides, *wheels, *host.requirements, "-e", f"{ROOT}[report,sweep,test]")
        # It asks for a newer NumPy than nvidia-modulus allows, and needs it for nothing.
        run(*uv, "--no-deps", *requirements_of("soap"))


def requirements_of(extra: str) -> list[str]:
    """Return the requirements of an extra in setup.cfg."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config["options.extras_require"][extra].split("\n")[1:]


def build_wheel(host: Host, python: pathlib.Path, tmp: pathlib.Path) -> pathlib.Path:
    """Fetch the archive of `host`, edit it and build a pure Python wheel."""
    for file, text in FAKE_TORCH.items():
        path = tmp / "fake" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    env = {**os.environ, "PYTHONPATH": str(tmp / "fake")}
    flags = ["--no-deps", "--no-build-isolation"]
    pip(python, "download", *flags, "--no-binary", ":all:", "-d", tmp / "archive", host.archive, env=env)
    (archive,) = (tmp / "archive").iterdir()
    with tarfile.open(archive) as tar:
        tar.extractall(tmp / "source")
    (source,) = (tmp / "source").iterdir()
    for edit in host.edits:
        apply(edit, source)
    add_amp_extension(host, source)
    pip(python, "wheel", *flags, "-w", tmp / "wheel", source, env=env)
    (wheel,) = (tmp / "wheel").iterdir()
    return wheel


def apply(edit: Edit, source: pathlib.Path) -> None:
    path = source / edit.file
    text = path.read_text()
    if text.count(edit.old) != edit.times:
        sys.exit(f"{edit.file}: expected {edit.old!r} {edit.times} times, found it {text.count(edit.old)} times.")
    path.write_text(text.replace(edit.old, edit.new))


def add_amp_extension(host: Host, source: pathlib.Path) -> None:
    target = source / host.extension
    text = (TOOLS / "amp_extension.py").read_text()
    target.write_text(text.replace("{namespace}", target.stem))
    (source / "setup.py").write_text("from setuptools import setup\n\nsetup()\n")


def pip(python: pathlib.Path, *args: object, env: dict[str, str] | None = None) -> None:
    run(python, "-m", "pip", args[0], "-q", "--disable-pip-version-check", *args[1:], env=env)


def run(*command: object, env: dict[str, str] | None = None) -> None:
    status = subprocess.run([str(part) for part in command], env=env, timeout=3600).returncode
    if status:
        sys.exit(f"failed with status {status}: {' '.join(str(part) for part in command)}")


def say(text: str) -> None:
    print(f"== {text}", flush=True)


if __name__ == "__main__":
    main()
