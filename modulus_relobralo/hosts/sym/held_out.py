"""Residuals at points that training does not use, recorded while the host trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor

from modulus_relobralo.hosts.sym import host

# What the host's geometry gives with its samples, and no network takes.
NOT_INPUTS = ("area", "sdf")


def residual_monitor(nodes: Sequence[Any], points: Mapping[str, ArrayLike], names: Sequence[str]) -> Any:
    """Return a monitor of the host that records the root mean squares of residuals at `points`.

    Without an exact solution, ``relobralo-report`` compares losses by them. Add it under the name ``residuals``.

    Parameters
    ----------
    nodes : sequence of Node
        The equations' and the network's.
    points : mapping of str to array
        The inputs, each of shape [points, 1]; samples of the host's geometry as they are. They are drawn once, and
        are others than those of training if they are drawn for this.
    names : sequence of str
        The residuals: outputs of the equations' nodes that should be 0.

    Examples
    --------
    In any script, with the host's geometry, before the solver trains::

        points = rectangle.sample_interior(1000)
        domain.add_monitor(residual_monitor(nodes, points, ["continuity", "momentum_x"]), "residuals")
    """
    inputs = {name: np.asarray(values) for name, values in points.items() if not name.startswith(NOT_INPUTS)}
    return host.load("domain.monitor").PointwiseMonitor(
        inputs,
        output_names=list(names),
        metrics={name: _root_mean_square(name) for name in names},
        nodes=list(nodes),
        requires_grad=True,
    )


def _root_mean_square(name: str) -> Callable[[Mapping[str, Tensor]], Tensor]:
    return lambda outputs: outputs[name].detach().square().mean().sqrt()
