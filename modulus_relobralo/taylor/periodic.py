"""A network that is periodic in some of its inputs, by what it sees of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import Module

from modulus_relobralo.taylor.jets import Channel, Jet, side_by_side
from modulus_relobralo.taylor.kernels import activate
from modulus_relobralo.taylor.networks import Pass

Period = tuple[float, float]


class Periodic(Module):
    """A network that sees the sine and the cosine of each periodic input in place of it.

    ::

        y = network(..., sin(2 pi (x - low) / (high - low)), cos(2 pi (x - low) / (high - low)), ...)

    Whatever it learns has the same value and the same derivatives of every order at both ends of the period.

    Parameters
    ----------
    network : Module
        The network, with one input more for each that is periodic.
    inputs : iterable of str
        Names of the inputs, such as the ``inputs`` of a problem.
    periods : mapping of str to pair of float
        From where to where a period goes, by name of the input, such as the ``periods`` of a problem.

    Attributes
    ----------
    others : list of str
        Inputs that the network sees as they are.

    Raises
    ------
    ValueError
        If a name is no input, or if a period is not from a number to a greater one.

    Examples
    --------
    >>> ring = Periodic(torch.nn.Linear(3, 1), inputs=["x", "t"], periods={"x": (-1, 1)})
    >>> left, right = ring(torch.tensor([[-1.0, 0.5], [1.0, 0.5]]))
    >>> torch.allclose(left, right, atol=1e-6)
    True
    """

    def __init__(self, network: Module, inputs: Iterable[str], periods: Mapping[str, Period]) -> None:
        super().__init__()
        inputs = list(inputs)
        wrong = {name: period for name, period in periods.items() if name not in inputs or not _is_period(period)}
        if wrong:
            raise ValueError(
                f"Parameter `periods` must map some of {inputs} to pairs (low, high). Found `periods = {wrong}`."
            )
        self.network = network
        self.others = [name for name in inputs if name not in periods]
        self._columns: list[tuple[int, Period | None]] = [(1, periods.get(name)) for name in inputs]

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs, [..., outputs], of inputs, [..., inputs].

        Raises
        ------
        ValueError
            If there is another number of inputs.
        """
        self._check(x.shape[-1])
        seen: list[Tensor] = []
        for column, (_, period) in zip(x.split(1, dim=-1), self._columns, strict=True):
            angle = column if period is None else 2 * math.pi * (column - period[0]) / (period[1] - period[0])
            seen += [column] if period is None else [angle.sin(), angle.cos()]
        return self.network(torch.cat(seen, dim=-1))

    def propagate_jet(self, jet: Jet, passing: Pass) -> Jet:
        """Return the jet of the outputs; see `networks.StatesJet`."""
        self._check(jet.features)
        return passing.through(self.network, periodic_jet(jet, self._columns, passing.channels))

    def _check(self, columns: int) -> None:
        if columns != len(self._columns):
            raise ValueError(f"Parameter `inputs` must name all {columns} inputs. Found {len(self._columns)}.")


def periodic_jet(jet: Jet, columns: Sequence[tuple[int, Period | None]], channels: tuple[Channel, ...]) -> Jet:
    """Return the jet of an input with sines and then cosines in place of what is periodic.

    Parameters
    ----------
    jet : Jet
        Of the input.
    columns : sequence of (int, pair of float or None)
        How many columns of it follow, and from where to where their period goes, None if they have none.
    channels : tuple of Channel
        What is carried.
    """
    seen, start = [], 0
    identity = torch.eye(jet.features, dtype=jet.dense.dtype, device=jet.dense.device)
    for size, period in columns:
        rows, start = identity[start : start + size], start + size
        if period is None:
            seen.append(jet.linear(rows))
            continue
        omega = 2 * math.pi / (period[1] - period[0])
        waves = jet.linear(omega * rows), rows.new_full((size,), -omega * period[0])
        # Uncompiled: few features, and nothing here is trained.
        seen += [activate(*waves, name, (), channels, compiled=False) for name in ("sin", "cos")]
    return side_by_side(seen, channels)


def _is_period(period: Period) -> bool:
    return len(period) == 2 and all(map(math.isfinite, period)) and period[0] < period[1]
