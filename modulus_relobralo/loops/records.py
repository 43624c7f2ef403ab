"""What a training leaves in its folder, for TensorBoard and ``relobralo-report``, and the lock on that folder."""

from __future__ import annotations

import csv
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import ArrayLike
from omegaconf import OmegaConf
from torch import Tensor

from modulus_relobralo.balancing.diagnostics import named_weights
from modulus_relobralo.checks import needed

with needed("`loops.Records`"):
    from torch.utils.tensorboard import SummaryWriter

NAME = ".training.lock"
"""The file in a run's folder that its process holds. It stays there, and says nothing about a run."""

STEPS = "Train/natural_gradients/"
"""How the tags of what natural gradients say of their steps begin."""

logger = logging.getLogger(__name__)


class Records:
    """The records of a run: loss terms, weights, errors and fields, for TensorBoard and for the report.

    The report reads a Hydra run directory whose config has ``training.max_steps``, ``training.summary_freq`` and, for
    comparisons over seeds, ``custom.seed``. In data-parallel training one process makes the records. It holds the
    folder until they are closed.

    Parameters
    ----------
    folder : path
        The run directory.
    config : mapping, optional
        The program's config, shown in TensorBoard; the report takes the optimizer's name from it.
    step : int
        The first step: what an earlier start of the run recorded from there on no longer counts.

    Raises
    ------
    RuntimeError
        If another process records in the folder.

    Examples
    --------
    ::

        records = Records(HydraConfig.get().runtime.output_dir, cfg)
        for step in range(cfg.training.max_steps):
            ...
            if step % cfg.training.summary_freq == 0:
                records.losses(step, losses, loss)
                records.weights(step, balance)
                records.optimizer(step, optimizer)
        records.fields(step, {"x": x, "y": y}, exact={"w": exact}, predicted={"w": predicted})
        records.close()
    """

    def __init__(self, folder: Path | str, config: Any = None, step: int = 0) -> None:
        self.folder = Path(folder)
        self._lock = hold(self.folder)
        self._writer = SummaryWriter(str(self.folder), purge_step=step)
        self._weights = WeightsFile(self.folder / "monitors" / "weights.csv")
        self._writer.add_text("config", f"<pre>{OmegaConf.to_yaml(config) if config is not None else ''}</pre>")

    def losses(self, step: int, losses: Mapping[str, Tensor], loss: Tensor) -> None:
        """Record the loss terms of a step and the loss, each of shape []."""
        scalars = {f"Train/loss_{name}": term.detach() for name, term in losses.items()}
        self._add(step, {**scalars, "Train/loss_aggregated": loss.detach()})

    def weights(self, step: int, balance: Any) -> None:
        """Record the weights of a balancing; of anything else nothing.

        Raises
        ------
        ValueError
            If a loss term was negative; the message names it.
        """
        weights = named_weights(balance)
        if not weights:
            self._weights.cut(step)
            return
        self._add(step, {f"Monitors/weights/{name}": weight for name, weight in weights.items()})
        self._weights.write(step, weights)

    def optimizer(self, step: int, optimizer: Any) -> None:
        """Record what natural gradients say of their last step; of any other optimizer nothing."""
        self._add(step, {f"{STEPS}{name}": value for name, value in getattr(optimizer, "diagnostics", {}).items()})

    def fields(
        self,
        step: int,
        coordinates: Mapping[str, ArrayLike],
        exact: Mapping[str, ArrayLike],
        predicted: Mapping[str, ArrayLike],
        name: str = "exact",
    ) -> dict[str, float]:
        """Record fields at points, and return their relative L2 errors by variable.

        The last fields are kept in ``validators/<name>.npz``; the errors of all steps go to TensorBoard as the hosts'
        validators write them, divided by the exact field's deviation from its mean.
        """
        known = {variable: (_column(values), _column(predicted[variable])) for variable, values in exact.items()}
        with np.errstate(divide="ignore", invalid="ignore"):
            errors = {
                f"Validators/{name}/l2_relative_error_{variable}": np.sqrt(np.mean((a - b) ** 2) / np.var(a, ddof=1))
                for variable, (a, b) in known.items()
            }
        self._add(step, errors)
        arrays = {key: _column(values) for key, values in coordinates.items()}
        for variable, (a, b) in known.items():
            arrays |= {f"true_{variable}": a, f"pred_{variable}": b}
        path = self.folder / "validators" / f"{name}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, arrays)  # type: ignore[arg-type]  # one object, as the hosts do it
        return {variable: float(np.linalg.norm(a - b) / np.linalg.norm(a)) for variable, (a, b) in known.items()}

    def close(self) -> None:
        """Write what is left, and let go of the folder."""
        self._writer.close()
        self._lock.release()

    def _add(self, step: int, scalars: Mapping[str, Any]) -> None:
        for tag, value in scalars.items():
            self._writer.add_scalar(tag, float(value), step, new_style=True)


class WeightsFile:
    """A CSV file with a row for each step and a column for each loss term.

    A resumed run continues the file from the step at which it resumes: later rows of the earlier part are dropped, and
    so are rows that cannot be read, which the log says. The file of a run with other loss terms is kept beside it as
    ``.old.csv``.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._started = path, False

    def write(self, step: int, weights: Mapping[str, Tensor]) -> None:
        """Write the weights of a step, each of shape []."""
        if not self._started:
            self._start(["step", *weights], step)
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow([step, *(f"{float(weight):.9g}" for weight in weights.values())])

    def cut(self, step: int) -> None:
        """Drop what an earlier part of the run wrote from a step on, where this part has no weights to write."""
        if not self._started and self.path.exists():
            self._start(self._read()[0], step)
        self._started = True

    def _start(self, header: list[str], step: int) -> None:
        """Write the header; keep the rows of an earlier part of the run, or its file if it had other loss terms."""
        self._started = True
        self.path.parent.mkdir(parents=True, exist_ok=True)
        rows: list[list[str]] = []
        if self.path.exists():
            old_header, *old_rows = self._read()
            # Loss terms in another order, as before they were sorted, are the same.
            if old_header[:1] == header[:1] and sorted(old_header) == sorted(header):
                places = [0, *(old_header.index(name, 1) for name in header[1:])]
                rows = [[row[place] for place in places] for row in old_rows if _is_readable(row, len(header))]
                if len(rows) < len(old_rows):
                    logger.warning("%s: %d rows cannot be read and are dropped.", self.path, len(old_rows) - len(rows))
            else:
                self.path.replace(self.path.with_suffix(".old.csv"))
        # A whole file takes the place of the old one: a kill leaves one of the two.
        new = self.path.with_suffix(".new.csv")
        with new.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *(row for row in rows if int(row[0]) < step)])
        new.replace(self.path)

    def _read(self) -> list[list[str]]:
        """Return the header, empty if there is none, and the rows; what is no text is replaced."""
        with self.path.open(newline="", encoding="utf-8", errors="replace") as file:
            # What has no end of line may be the beginning of a longer number.
            return [_cells(line) for line in file if line.endswith("\n")] or [[]]


def hold(folder: Path | str) -> FileLock:
    """Hold a folder for this process until the lock that is returned is released or gone.

    The operating system releases the lock of a process that was killed. Within a process a folder can be held several
    times; of several processes of one run, one is to hold it. On a file system without locks nothing is held, and the
    log says so.

    Parameters
    ----------
    folder : path
        The folder of the run, which is made if there is none.

    Raises
    ------
    RuntimeError
        If another process holds the folder.
    """
    path = Path(folder).absolute() / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, thread_local=False, is_singleton=True)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RuntimeError(
            f"Another process trains in {path.parent}: it holds {NAME}. Wait for its end or stop it, or give this run "
            "a folder of its own, in a Hydra program by `hydra.run.dir=...`."
        ) from None
    except (OSError, NotImplementedError) as error:
        logger.warning("%s cannot be locked against a second process: %s", path.parent, error)
    return lock


def _column(values: ArrayLike) -> np.ndarray:
    values = values.detach().cpu() if isinstance(values, Tensor) else values
    return np.asarray(values, dtype=np.float64).reshape(-1, 1)


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line]))
    except csv.Error:
        return []


def _is_readable(row: list[str], length: int) -> bool:
    try:
        return len([int(row[0]), *map(float, row[1:])]) == length
    except (IndexError, ValueError):
        return False
