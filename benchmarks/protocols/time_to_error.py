"""Time to an error: this project, its host, and other codes on the article's plate, one after the other on one core.

    python -m benchmarks.protocols.time_to_error [--limit 600] [--entries ours randngd ...] [--seed 0] [--quick]

`make bench-time-to-error` builds the peers' environments first. Writes a row to benchmarks/results/time_to_error.jsonl
after every entry; those of --quick go to a file beside the runs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from benchmarks.peers.clock import TARGETS, append_line, read_record
from benchmarks.peers.entries import ENTRIES, Entry
from benchmarks.records import RESULTS, ROOT, Row, write_rows

FOLDER = Path("outputs/time_to_error")
LIMIT, QUICK_LIMIT = 600.0, 30.0
# Seconds beyond its limit that a process may take: set-up, and errors measured off the clock.
PATIENCE = 900.0
POLL_SECONDS = 1.0
FAILED = "failed"
COLUMNS = ("1 %", "0.1 %", "1e-4")
# Measured errors that go into the result file.
HISTORY = 80
ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    "TORCHINDUCTOR_COMPILE_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
    "CUDA_VISIBLE_DEVICES": "",
    "PYTHONWARNINGS": "ignore",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=float, help=f"seconds of training (default: {LIMIT:g}; quick: {QUICK_LIMIT:g})")
    parser.add_argument(
        "--entries",
        nargs="+",
        metavar="TEXT",
        help="a part of it: entries of these names, or whose name contains a text",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a short limit: shows that it works, nothing else")
    args = parser.parse_args()
    # So that whoever ends this ends its trainings too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    entries = choose(args.entries or [""])
    if not entries:
        parser.error(f"no entry's name contains any of {args.entries}; there are: {'; '.join(e.name for e in ENTRIES)}")
    check_environments(entries)
    limit = args.limit or (QUICK_LIMIT if args.quick else LIMIT)
    failed = []
    for number, entry in enumerate(entries, start=1):
        record = train(entry, limit, args.seed, f"{number} of {len(entries)}, {entry.name}")
        row = make_row(entry, limit, args.seed, record)
        path = write_rows("time_to_error", [row], ROOT / FOLDER if args.quick else RESULTS)
        print(f"{entry.name}: " + ", ".join(f"{row[name]} s to {name}" for name in COLUMNS), flush=True)
        failed += [entry.name] if row["ended"] == FAILED else []
    Console().print(path)
    if failed:
        sys.exit(f"failed: {'; '.join(failed)}. Their logs are in {ROOT / FOLDER}.")


def choose(texts: list[str]) -> list[Entry]:
    """Return the entries that are named by one of `texts`: by the whole name, or by a part of it where none has it."""
    names = {entry.name for entry in ENTRIES}
    return [
        entry for entry in ENTRIES if any(entry.name == text if text in names else text in entry.name for text in texts)
    ]


def check_environments(entries: list[Entry]) -> None:
    """Raise if an environment is missing."""
    missing = sorted({str(python(entry)) for entry in entries if not python(entry).is_file()})
    if missing:
        raise FileNotFoundError(
            f"There is no {', '.join(missing)}. `make bench-time-to-error` builds the environments."
        )


def python(entry: Entry) -> Path:
    """Return the interpreter of an entry; that of this program for those without an environment of their own."""
    return ROOT / f".venv-peer-{entry.environment}" / "bin" / "python" if entry.environment else Path(sys.executable)


def train(entry: Entry, limit: float, seed: int, title: str) -> list[dict]:
    """Run the processes of an entry, with a progress line; return its record."""
    folder = ROOT / FOLDER / entry.slug
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    record = folder / "record.jsonl"
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns) as progress:
        bar = progress.add_task(title, total=None)
        for part, options in entry.stages:
            process = start(entry, record, limit * part, seed, options)
            trouble = wait(process, limit, lambda: show(progress, bar, title, record))
            if trouble:
                append_line(record, {"ended": trouble})
            if read_record(record)[-1].get("ended") != "limit":
                break
        show(progress, bar, title, record)
    return read_record(record)


def start(entry: Entry, record: Path, limit: float, seed: int, options: tuple[str, ...]) -> subprocess.Popen:
    """Start a process of an entry on the last of the cores that this one may use."""
    core = str(max(os.sched_getaffinity(0)))
    told = [f"--record={record}", f"--limit={limit:g}", f"--seed={seed}", f"--started={time.time():.3f}"]
    if entry.program == "solver":
        options = (*options, f"hydra.run.dir={(record.parent / 'run').relative_to(ROOT)}")
    command = [
        "taskset",
        "-c",
        core,
        python(entry),
        "-W",
        "ignore",
        "-m",
        f"benchmarks.peers.{entry.program}",
        *told,
        *options,
    ]
    with (record.parent / "log.txt").open("a") as log:
        return subprocess.Popen(
            list(map(str, command)),
            cwd=ROOT,
            env={**os.environ, **ENVIRONMENT},
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def wait(process: subprocess.Popen, limit: float, report: Callable[[], None]) -> str:
    """Wait for the end of a process, or end it when it takes too long; return what went wrong, if anything did."""
    latest = time.monotonic() + limit + PATIENCE
    try:
        while process.poll() is None and time.monotonic() < latest:
            time.sleep(POLL_SECONDS)
            report()
        if process.poll() is None:
            return "taking too long"
    finally:
        process.kill()
        process.wait()
    return FAILED if process.returncode else ""


def make_row(entry: Entry, limit: float, seed: int, record: Sequence[dict]) -> Row:
    """Return what the result file keeps of an entry's record."""
    measured = [line for line in record if line.get("error") is not None]
    best = min(measured, key=lambda line: line["error"], default={})
    chosen = (
        [measured[i] for i in np.unique(np.linspace(0, len(measured) - 1, HISTORY).astype(int))] if measured else []
    )
    return {
        "entry": entry.name,
        "limit": limit,
        "setting": entry.setting,
        "seed": seed,
        "ended": next((line["ended"] for line in reversed(record) if "ended" in line), FAILED),
        "set-up": round(sum(line.get("set-up", 0.0) for line in record), 1),
        **{name: time_to(measured, target) for name, target in zip(COLUMNS, TARGETS, strict=True)},
        "best error": best.get("error"),
        "best after": best.get("seconds"),
        "last step": measured[-1]["step"] if measured else 0,
        "seconds": measured[-1]["seconds"] if measured else 0.0,
        "versions": {name: version for line in record for name, version in line.get("versions", {}).items()},
        "times": [line["seconds"] for line in chosen],
        "errors": [line["error"] for line in chosen],
    }


def time_to(measured: Sequence[dict], target: float) -> float | None:
    """Return the seconds after which the error was at most `target` for the first time; None if it never was."""
    return next((line["seconds"] for line in measured if line["error"] <= target), None)


def show(progress: Progress, bar: TaskID, title: str, record: Path) -> None:
    """Bring the progress line up to date."""
    measured = [line for line in read_record(record) if "error" in line]
    last = f"{measured[-1]['seconds']:.0f} s, error {measured[-1]['error']}" if measured else "set-up"
    progress.update(bar, description=f"{title}: {last}")


if __name__ == "__main__":
    main()
