"""Writing a benchmark's numbers with what they depend on: command, hardware, versions and date."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import platform
import shlex
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from modulus_relobralo.tables import to_markdown

PACKAGES = (
    "torch",
    "hydra-core",
    "nvidia-modulus-sym",
    "nvidia-physicsnemo-sym",
    "modulus-relobralo",
    "optuna",
    "pytorch-optimizer",
)
# What a row calls the errors of a run's other variables.
OTHERS = "relative L2 error of "


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


def command_line() -> str:
    """Return the command that this program was started by, from the root."""
    return shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])


def circumstances() -> dict[str, object]:
    """Return what a program's numbers depend on."""
    return {
        "command": command_line(),
        "device": device_name(),
        "versions": versions(),
        "date": datetime.date.today().isoformat(),
    }


def write_rows(path: Path, rows: list[dict[str, object]]) -> dict[str, object]:
    """Write `rows` to `path`.jsonl, a line each, below a first line with the circumstances; return the latter."""
    found = circumstances()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in (found, *rows)))
    return found


def append_row(path: Path, row: dict[str, object]) -> None:
    """Write `row` to the end of `path`.jsonl, which begins as `write_rows` has it: for runs that end one by one."""
    file = path.with_suffix(".jsonl")
    if not file.is_file():
        write_rows(path, [])
    with file.open("a") as opened:
        opened.write(f"{json.dumps(row)}\n")


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows that `write_rows` wrote to `path`.jsonl; none if there is no such file."""
    file = path.with_suffix(".jsonl")
    lines = file.read_text().splitlines() if file.is_file() else []
    return [json.loads(line) for line in lines[1:]]


def heading(path: Path) -> str:
    """Return the title of a page of results, by the name of its file."""
    return path.name.replace("_", " ").capitalize()


def write_results(path: Path, rows: list[dict[str, object]]) -> Path:
    """Write `rows` to `path`.jsonl and, as a table, to `path`.md, with the circumstances; return the latter."""
    made = write_rows(path, rows)
    table = [{column: str(row.get(column, "")) for column in rows[-1]} for row in rows]
    lines = [
        f"# {heading(path)}",
        "",
        f"`{made['command']}`, {made['date']}, on {made['device']};",
        ", ".join(f"{name} {version}" for name, version in made["versions"].items()) + ".",
        "",
        *to_markdown(table),
    ]
    markdown = path.with_suffix(".md")
    markdown.write_text("\n".join(lines) + "\n")
    return markdown
