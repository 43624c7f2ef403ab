"""Launches trainings of the examples by ``--multirun`` and one of Hydra's launchers; what is finished is left alone."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from omegaconf import OmegaConf

from benchmarks.records import ROOT, circumstances
from benchmarks.training import Training
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.report.status import find_ending, is_over

# Where the host's log is read from its end for the last step.
TAIL = 4096
# The file in a run directory that has what the run's numbers depend on.
MADE = "circumstances.json"
POLL_SECONDS = 2
# One thread for each process; the compiler would start as many processes as there are cores.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "TORCHINDUCTOR_COMPILE_THREADS": "1", "PYTHONWARNINGS": "ignore"}


def launch(
    trainings: Sequence[Training],
    launcher: Sequence[str],
    report: Callable[[int, int], None] = lambda finished, steps: None,
) -> None:
    """Run those of `trainings` that are not finished; an interrupted one resumes.

    Parameters
    ----------
    trainings : sequence of Training
        What is wanted in the end.
    launcher : sequence of str
        Overrides that choose and configure Hydra's launcher, such as `on_this_machine`.
    report : callable
        Called every other second with what `progress` returns.

    Raises
    ------
    RuntimeError
        If a run directory holds a training with other settings, or if a training fails before its last step.
    """
    for training in trainings:
        check_settings(training)
    todo, made = [training for training in trainings if not is_finished(training)], circumstances()
    for training in todo:
        training.run_dir.mkdir(parents=True, exist_ok=True)
        (training.run_dir / MADE).write_text(json.dumps(made))
    failed = []
    for command in commands(todo, launcher):
        try:
            _run(command, ROOT / todo[0].sweep / "launch.log", lambda: report(*progress(trainings)))
        except RuntimeError as error:
            failed.append(error)
    # A plate that is no solution ends with an exit that says so, and is trained all the same.
    if failed and not all(is_finished(training) for training in todo):
        raise failed[0]


def on_this_machine(jobs: int) -> list[str]:
    """Return the overrides for `jobs` trainings at a time, each in a process of its own."""
    return ["hydra/launcher=joblib", f"hydra.launcher.n_jobs={jobs}"]


def commands(trainings: Iterable[Training], launcher: Sequence[str]) -> list[list[str]]:
    """Return the fewest ``--multirun`` commands whose products of losses and seeds are exactly `trainings`."""
    seeds: dict[tuple[str, str, Path, tuple[str, ...], str], list[int]] = {}
    for training in trainings:
        key = (training.script, training.config, training.sweep, training.overrides, training.loss)
        seeds.setdefault(key, []).append(training.seed)
    losses: dict[tuple[str, str, Path, tuple[str, ...], tuple[int, ...]], list[str]] = {}
    for (*common, loss), numbers in seeds.items():
        losses.setdefault((*common, tuple(numbers)), []).append(loss)
    return [
        [
            sys.executable, script, "--config-name", config, "--multirun",
            f"loss={','.join(names)}", f"custom.seed={','.join(map(str, numbers))}", *overrides,
            f"hydra.sweep.dir={sweep}", "hydra.sweep.subdir=${hydra:runtime.choices.loss}/seed-${custom.seed}",
            # The log in the run's folder says whether it finished; the host's own configuration writes none.
            "hydra/job_logging=default", *launcher,
        ]
        for (script, config, sweep, overrides, numbers), names in losses.items()
    ]  # fmt: skip


def check_settings(training: Training) -> None:
    """Raise if the run directory of `training` holds a training with other settings or on another host."""
    path = training.run_dir / ".hydra" / "overrides.yaml"
    if not path.is_file():
        return
    found = _values(OmegaConf.load(path))
    wanted = _values([f"loss={training.loss}", f"custom.seed={training.seed}", *training.overrides])
    differing = [name for name in {**found, **wanted} if found.get(name) != wanted.get(name)]
    if differing:
        changes = ", ".join(f"{name}={found.get(name)} instead of {wanted.get(name)}" for name in differing)
        raise RuntimeError(f"{training.run_dir} holds a training with {changes}. Move it away or remove it.")
    # Hydra keeps there which class of the host it called back.
    if host.name() not in (training.run_dir / ".hydra" / "hydra.yaml").read_text():
        raise RuntimeError(f"{training.run_dir} holds a training without {host.name()}. Move it away or remove it.")


def _values(overrides: Iterable[str]) -> dict[str, object]:
    # Read as Hydra reads them: it writes False for false.
    pairs = (override.split("=", 1) for override in overrides)
    return {name: OmegaConf.from_dotlist([f"value={value}"]).value for name, value in pairs}


def is_finished(training: Training) -> bool:
    """Whether the training has come to its end, be it that its loss was not finite."""
    return is_over(find_ending(read_log(training).splitlines()))


def progress(trainings: Iterable[Training]) -> tuple[int, int]:
    """Return how many trainings have come to their end, and how much of their `work` is done in all."""
    finished = done = 0
    for training in trainings:
        log = read_log(training)
        spoken_of = re.findall(r"\[step: +(\d+)\]", log)
        ended = is_over(find_ending(log.splitlines()))
        finished += ended
        done += (training.steps if ended else int([0, *spoken_of][-1])) * training.cost
    return finished, done


def read_log(training: Training) -> str:
    """Return the end of the log that Hydra wrote into the run directory."""
    path = training.run_dir / f"{Path(training.script).stem}.log"
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL))
        return file.read().decode(errors="replace")


def _run(command: list[str], log: Path, report: Callable[[], None]) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **ENVIRONMENT},
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                time.sleep(POLL_SECONDS)
                report()
        finally:
            # The launcher's workers would go on with their trainings.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()
    if process.returncode:
        raise RuntimeError(f"A training failed; the end of {log}:\n" + "\n".join(log.read_text().splitlines()[-30:]))
