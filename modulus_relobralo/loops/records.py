"""Writes what a loop trains as the hosts' Solver does, so that ``relobralo-report`` reads the run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from omegaconf import OmegaConf
from torch import Tensor

from modulus_relobralo.balancing.diagnostics import named_weights
from modulus_relobralo.libraries import needed
from modulus_relobralo.loops.weights_file import WeightsFile
from modulus_relobralo.run_lock import hold

with needed("`loops.Records`"):
    from torch.utils.tensorboard import SummaryWriter


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


def _column(values: ArrayLike) -> np.ndarray:
    values = values.detach().cpu() if isinstance(values, Tensor) else values
    return np.asarray(values, dtype=np.float64).reshape(-1, 1)
