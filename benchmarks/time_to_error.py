"""Time to an error: this project, its host, and other codes on the article's plate, one after the other on one core.

    python benchmarks/time_to_error.py [--limit 600] [--entries ours randngd ...] [--seed 0] [--quick]
        [--publish [NAME]]

`make bench-time-to-error` builds the peers' environments first. Writes benchmarks/results/time_to_error.jsonl, .md and
.png after every entry; those of --quick, and without --publish those of a part, to the folder `report` beside the runs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from peers.clock import append_line, read_record
from peers.entries import ENTRIES, Entry
from publishing import add_publish
from race_report import FAILED, make_row, plot_errors, table_row, write_table
from records import write_rows
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from modulus_relobralo.tables import print_rows

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "time_to_error"
FOLDER = Path("outputs/time_to_error")
LIMIT, QUICK_LIMIT = 600.0, 30.0
# Seconds beyond its limit that a process may take: set-up, and errors measured off the clock.
PATIENCE = 900.0
POLL_SECONDS = 1.0
ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    "TORCHINDUCTOR_COMPILE_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
    "CUDA_VISIBLE_DEVICES": "",
    "PYTHONPATH": str(ROOT / "benchmarks"),
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
    add_publish(parser, RESULTS.name)
    args = parser.parse_args()
    # So that whoever ends this ends its trainings too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    entries = choose(args.entries or [""])
    if not entries:
        parser.error(f"no entry's name contains any of {args.entries}; there are: {'; '.join(e.name for e in ENTRIES)}")
    check_environments(entries)
    limit = args.limit or (QUICK_LIMIT if args.quick else LIMIT)
    published = args.publish or not (args.quick or args.entries)
    path = RESULTS.with_name(args.publish or RESULTS.name) if published else ROOT / FOLDER / "report" / RESULTS.name
    rows = []
    for number, entry in enumerate(entries, start=1):
        record = train(entry, limit, args.seed, f"{number} of {len(entries)}, {entry.name}")
        rows.append(make_row(entry, args.seed, record))
        write_table(path, rows, write_rows(path, rows), limit)
        plot_errors(path, rows)
    print_rows([table_row(row) for row in rows], f"Seconds to an error, limit {limit:g} s")
    Console().print(path.with_suffix(".md"))
    failed = [str(row["entry"]) for row in rows if row["ended"] == FAILED]
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
    command = ["taskset", "-c", core, python(entry), "-W", "ignore", "-m", f"peers.{entry.program}", *told, *options]
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


def show(progress: Progress, bar: TaskID, title: str, record: Path) -> None:
    """Bring the progress line up to date."""
    measured = [line for line in read_record(record) if "error" in line]
    last = f"{measured[-1]['seconds']:.0f} s, error {measured[-1]['error']}" if measured else "set-up"
    progress.update(bar, description=f"{title}: {last}")


if __name__ == "__main__":
    main()
