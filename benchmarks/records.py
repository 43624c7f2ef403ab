"""The rows of benchmarks/results/: one file for each protocol or measurement, a line for each row.

Every row has what its numbers depend on: command, commit, device, versions and date. It is known by its key, so that a
run that is made again takes the place of the row of before, and of no other.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PACKAGES = (
    "torch",
    "hydra-core",
    "nvidia-modulus-sym",
    "nvidia-physicsnemo-sym",
    "modulus-relobralo",
    "optuna",
    "pytorch-optimizer",
)
CIRCUMSTANCES = ("command", "commit", "device", "versions", "date")
RUN = ("problem", "setting", "terms", "loss", "parameters", "optimizer", "learning rate", "max steps", "seed")
# What tells the rows of a file apart.
KEYS = {
    **dict.fromkeys(("accuracy", "article", "natural_gradients", "optimizers", "reuse", "plates"), RUN),
    "moving_window": ("loss", "windows", "max steps", "seed"),
    "time_to_error": ("entry", "limit", "seed"),
    "tuning": ("problem", "terms", "loss", "steps", "trial"),
    "gallery": ("problem", "network", "points", "loss", "weight of conditions", "steps", "seed"),
    "balancing": ("problem", "network", "points", "descent", "steps", "scheme", "seed"),
    "pinnacle": ("problem", "network", "points", "loss", "weight of conditions", "steps", "seed"),
    "family": ("quantity",),
    "verdict": ("case", "functions", "seed"),
    "aggregator": ("on", "mode", "terms"),
    "balanced_step": ("network", "derivatives", "terms"),
    "derivatives": ("case", "method", "threads"),
    "front": ("problem", "choice"),
    "natural_gradient_step": ("network", "rows"),
    "soap_step": ("network",),
}

Row = dict[str, Any]


def circumstances() -> Row:
    """Return what the numbers of this program depend on."""
    return {
        "command": command_line(),
        "commit": commit(),
        "device": device_name(),
        "versions": versions(),
        "date": datetime.date.today().isoformat(),
    }


def command_line() -> str:
    """Return the command that started this program, from the root."""
    spec = sys.modules["__main__"].__spec__
    program = ["-m", spec.name] if spec else [os.path.relpath(sys.argv[0], ROOT)]
    return shlex.join(["python", *program, *sys.argv[1:]])


def commit() -> str:
    """Return the commit of the sources, and whether they have been changed since; "unknown" outside of a repository."""
    try:
        found = _git("rev-parse", "--short", "HEAD")
        # What benchmarks write themselves is no change.
        changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!benchmarks/results", ":!docs")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{found}, changed" if changed else found


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def device_name() -> str:
    """Return the name of the GPU, or of the CPU where there is none."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that matter, where they are installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def read_rows(name: str, folder: Path = RESULTS) -> list[Row]:
    """Return the rows of a file; none if there is no such file."""
    path = folder / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def write_rows(name: str, rows: Iterable[Mapping[str, Any]], folder: Path = RESULTS) -> Path:
    """Write rows, each in the place of the row with its key, or behind all others; return the path of the file.

    A row has the circumstances of this program where it brings none. One whose numbers are those of before keeps its
    circumstances of before: it was not run again.
    """
    path, made = folder / f"{name}.jsonl", circumstances()
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        known = {key_of(name, row): row for row in read_rows(name, folder)}
        for row in rows:
            key = key_of(name, row)
            if key not in known or _numbers(known[key]) != _numbers(row):
                # Its own circumstances hold; numbers come first.
                known[key] = {**row, **made, **row}
        # In one piece, so that no reader and no interruption finds a part of it.
        whole = path.with_suffix(".new")
        whole.write_text("".join(f"{json.dumps(row)}\n" for row in known.values()))
        whole.replace(path)
    return path


def key_of(name: str, row: Mapping[str, Any]) -> str:
    """Return what a row of a file is known by."""
    return json.dumps([row[column] for column in KEYS[name]], sort_keys=True)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let no other program write into a folder: runs that are made beside each other write to one file."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _numbers(row: Mapping[str, Any]) -> Row:
    kept = {name: value for name, value in row.items() if name not in CIRCUMSTANCES}
    # As they are read back.
    return json.loads(json.dumps(kept))
