r"""The mathematics: partial derivatives of a network in one forward pass (Taylor mode).

Nested reverse mode differentiates the program that computes the last derivative, whose length multiplies with each
order. Taylor mode carries the derivatives themselves through the layers: with every value travels its *jet*, the
list of its partial derivatives by the network's inputs. A layer maps the jet of its input to that of its output:

- A linear layer ``z = W h + b`` acts on each derivative alike, ``z_alpha = W h_alpha``; only the value gets ``b``.
  All derivatives (*channels*) therefore go through it as ONE matrix product.
- A smooth function ``h = f(z)`` applied to each entry follows Faa di Bruno's formula in its multivariate form
  (Hardy 2006, Proposition 1; for Taylor coefficients Griewank & Walther 2008, chapter 13)::

      h_alpha = sum over partitions P of alpha of  f^(|P|)(z) * product over beta in P of z_beta

  such as ``h_xxy = f' z_xxy + f'' (2 z_x z_xy + z_y z_xx) + f''' z_x^2 z_y``.

**Which channels.** ``h_alpha`` needs ``z_beta`` for ``beta <= alpha`` only. So the plate's three fourth derivatives
need 13 channels: 10 of order at most 3, then xxxx, xxyy, yyyy. The classical alternative carries univariate jets
along directions and gets mixed partials by interpolation (Griewank, Utke & Walther, Math. Comp. 69, 2000): with the
directions e1, e2, e1+e2, e1-e2 that is 17 channels, and w_xxyy = (f(e1+e2) + f(e1-e2) - 2 f(e1) - 2 f(e2)) / 12 loses
digits by cancellation. Carrying the partial derivatives themselves needs no more channels in the plane, and none of
the interpolation.

**Collapse.** If only a linear operator ``L = sum c_alpha d^alpha`` is wanted (Laplacian, biharmonic), the highest
derivatives need not travel one by one: they enter ``h_alpha`` linearly and with the same factor, hence::

      L h = f'(z) * (L z) + sum over alpha of c_alpha * (terms of h_alpha with |P| >= 2)

and one channel for ``L z`` is enough (Dangel et al., "Collapsing Taylor mode automatic differentiation",
NeurIPS 2025, arXiv:2505.13644). The biharmonic operator in the plane takes 1 + 2 + 3 + 4 + 1 = 11 channels, the
Laplacian 1 + 2 + 1 = 4. Three directions at 60 degrees (biharmonic = 8/9 of the sum of the fourth directional
derivatives, Laplacian = 2/3 of the sum of the second) give the same counts, 1 + 3*3 + 1 = 11, in the plane only.

**First and last layer.** The jet of the input is the value and unit vectors, and stays constant over the points up to
the first activation: those channels are kept as one row each. The last linear layer needs the wanted channels alone.

==================  ======================================================================================
symbol              in the code
==================  ======================================================================================
x, y, t             `variables`: columns of the input that are differentiated
alpha, beta         `MultiIndex`, such as ``(2, 1)`` for xxy
L                   `Operator`: pairs of a multi-index and its coefficient
z, h                input and output of an activation function
z_alpha             one channel of a `Jet`: [points, features], or [features] where constant over the points
f^(k)               `activations.derivatives(...)[k]`
P, abs(P)           ``blocks`` and ``k`` in `faa_di_bruno`
==================  ======================================================================================
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from modulus_relobralo.taylor.activations import derivatives

MAX_ORDER = 4

MultiIndex = tuple[int, ...]
# A linear operator with constant coefficients, sorted: ``(((4, 0), 1.0), ((2, 2), 2.0), ((0, 4), 1.0))``.
Operator = tuple[tuple[MultiIndex, float], ...]
Channel = MultiIndex | Operator


def is_operator(channel: Channel) -> bool:
    """Tell a collapsed operator from a single partial derivative."""
    return bool(channel) and isinstance(channel[0], tuple)


def terms(channel: Channel) -> Operator:
    """Return the partial derivatives of a channel with their coefficients."""
    return channel if is_operator(channel) else ((channel, 1.0),)  # type: ignore[return-value]


def sub_indices(alpha: MultiIndex) -> Iterator[MultiIndex]:
    """Yield every multi-index that is at most `alpha` in each variable, zero and `alpha` included."""
    return itertools.product(*(range(a + 1) for a in alpha))


def closure(partials: Iterable[MultiIndex], operators: Iterable[Operator] = ()) -> tuple[Channel, ...]:
    """Return the channels that every layer has to carry so that the wanted ones come out at the end.

    By Faa di Bruno's formula a partial derivative of ``f(z)`` needs those of ``z`` of every multi-index below it.
    An operator needs what lies strictly below its terms, and itself as one channel (the collapse: its terms enter
    linearly, with the same factor ``f'``, so that only their sum has to travel).

    Returns
    -------
    tuple of Channel
        Sorted by order, the value ``(0, ..., 0)`` first, operators last.
    """
    needed = {beta for alpha in partials for beta in sub_indices(alpha)}
    operators = sorted(set(operators))
    for operator in operators:
        needed |= {beta for alpha, _ in operator for beta in sub_indices(alpha) if beta != alpha}
    return (*sorted(needed, key=lambda alpha: (sum(alpha), alpha)), *operators)


@cache
def faa_di_bruno(alpha: MultiIndex) -> tuple[tuple[int, tuple[MultiIndex, ...], int], ...]:
    """Return the terms of the partial derivative `alpha` of a composition ``f(z(x))``.

    The sum runs over all partitions of the derivatives in `alpha` into blocks
    (Hardy 2006, "Combinatorics of partial derivatives", Electron. J. Combin. 13, R1, Proposition 1).

    Returns
    -------
    tuple of (k, blocks, coefficient)
        Stands for ``coefficient * f^(k)(z) * product of the partial derivatives of z named by the k blocks``.

    Examples
    --------
    >>> faa_di_bruno((1, 1))
    ((1, ((1, 1),), 1), (2, ((0, 1), (1, 0)), 1))
    """
    variables = [i for i, a in enumerate(alpha) for _ in range(a)]
    counts = Counter(
        tuple(sorted(tuple(block.count(i) for i in range(len(alpha))) for block in partition))
        for partition in _set_partitions(variables)
    )
    return tuple(sorted((len(blocks), blocks, count) for blocks, count in counts.items()))


def _set_partitions(items: Sequence[int]) -> Iterator[list[list[int]]]:
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for partition in _set_partitions(rest):
        yield [[first], *partition]
        for i, block in enumerate(partition):
            yield [*partition[:i], [first, *block], *partition[i + 1 :]]


class UnsupportedNetworkError(ValueError):
    """The network has a part for which there is no propagation rule."""


@dataclass(frozen=True)
class Jet:
    """A value with its partial derivatives; what is in neither list is zero.

    Parameters
    ----------
    channels : tuple of Channel
        Names of `dense`; the first is the value, where it is wanted at all.
    dense : Tensor
        Derivatives that differ from point to point, [channels, points, features].
    constant_channels : tuple of Channel
        Names of `constant`.
    constant : Tensor or None
        Derivatives that are the same at all points, [constant channels, features].
    """

    channels: tuple[Channel, ...]
    dense: Tensor
    constant_channels: tuple[Channel, ...] = ()
    constant: Tensor | None = None

    @property
    def features(self) -> int:
        """The number of columns."""
        return self.dense.shape[-1]

    def linear(self, weight: Tensor) -> Jet:
        """Multiply every channel by `weight`, [features out, features in]."""
        constant = None if self.constant is None else self.constant @ weight.T
        return Jet(self.channels, self.dense @ weight.T, self.constant_channels, constant)

    def scale(self, factor: Tensor) -> Jet:
        """Multiply every channel by a factor for each column, [features]."""
        constant = None if self.constant is None else self.constant * factor
        return Jet(self.channels, self.dense * factor, self.constant_channels, constant)

    def shift(self, offset: Tensor) -> Jet:
        """Add to the value, [features]; derivatives stay what they are."""
        rows = [torch.zeros_like(offset) if any(channel) else offset for channel in self.channels]
        return Jet(self.channels, self.dense + torch.stack(rows)[:, None], self.constant_channels, self.constant)

    def select(self, channels: Sequence[Channel]) -> Tensor:
        """Return the given channels as one tensor, [channels, points, features]."""
        if tuple(channels) == self.channels:
            return self.dense
        parts = dict(zip(self.channels, self.dense.unbind(), strict=True))
        if self.constant is not None:
            rows = self.constant.unbind()
            parts |= {c: row.expand_as(self.dense[0]) for c, row in zip(self.constant_channels, rows, strict=True)}
        zero = torch.zeros_like(self.dense[0])
        return torch.stack([parts.get(channel, zero) for channel in channels])

    def slopes(self) -> Tensor:
        """Return the first derivatives of a value that is linear in the variables, [variables, features].

        A function of the inputs in closed form starts from them, as the jet of the input itself has them (`seed`).

        Raises
        ------
        UnsupportedNetworkError
            If the value is not linear.
        """
        if len(self.channels) != 1 or self.constant is None:
            raise UnsupportedNetworkError("a function of the coordinates has a rule where it takes them as they are")
        return self.constant


def seed(x: Tensor, variables: Sequence[int]) -> Jet:
    """Return the jet of the input itself.

    Parameters
    ----------
    x : Tensor
        All inputs side by side, [points, features].
    variables : sequence of int
        The columns of `x` that are differentiated; the others ride along.
    """
    zero = (0,) * len(variables)
    units = tuple((*zero[:i], 1, *zero[i + 1 :]) for i in range(len(variables)))
    rows = torch.zeros(len(variables), x.shape[-1], dtype=x.dtype, device=x.device)
    for i, column in enumerate(variables):
        rows[i, column] = 1
    return Jet((zero,), x[None], units, rows)


def side_by_side(jets: Sequence[Jet], channels: tuple[Channel, ...]) -> Jet:
    """Return the columns of several jets as one jet with the given channels."""
    return Jet(channels, torch.cat([jet.select(channels) for jet in jets], dim=-1))


def from_partials(channels: tuple[Channel, ...], partial: Callable[[MultiIndex], Tensor]) -> Jet:
    """Return the jet of a function whose every partial derivative is known, [points, features] by multi-index."""
    found = []
    for channel in channels:
        first, *rest = (partial(alpha) * weight for alpha, weight in terms(channel))
        found.append(sum(rest, start=first))
    return Jet(channels, torch.stack(found))


def activation_rule(
    channels: tuple[Channel, ...], constant_channels: tuple[Channel, ...], targets: tuple[Channel, ...], activation: str
) -> Callable[..., Tensor]:
    """Return Faa di Bruno's formula for one activation function as a function of tensors.

    Parameters
    ----------
    channels, constant_channels : tuple of Channel
        What the jet of ``z`` holds.
    targets : tuple of Channel
        What is wanted of ``h = f(z)``.
    activation : str
        Name of ``f`` in `activations`.

    Returns
    -------
    callable
        ``rule(dense, bias, constant, *parameters) -> [targets, points, features]``. `bias` is added to the value of
        ``z`` here, not by the linear layer, where it would cost a copy of all channels.
    """
    order = max(sum(alpha) for target in targets for alpha, _ in terms(target))

    def rule(dense: Tensor, bias: Tensor, constant: Tensor | None = None, *parameters: Tensor) -> Tensor:
        z: dict[Channel, Tensor] = dict(zip(channels, dense.unbind(), strict=True))
        if constant is not None:
            z.update(zip(constant_channels, constant.unbind(), strict=True))
        f = derivatives(activation, z[channels[0]] + bias, order, *parameters)
        products: dict[tuple[MultiIndex, ...], Tensor | None] = {}
        return torch.stack([_derivative(target, f, z, products) for target in targets])

    return rule


def _derivative(
    target: Channel, f: list[Tensor], z: dict[Channel, Tensor], products: dict[tuple[MultiIndex, ...], Tensor | None]
) -> Tensor:
    if not any(sum(alpha) for alpha, _ in terms(target)):
        return f[0]
    by_order: dict[int, Tensor] = {}
    if is_operator(target) and target in z:
        by_order[1] = z[target]
    for alpha, weight in terms(target):
        for k, blocks, count in faa_di_bruno(alpha):
            if k == 1 and is_operator(target):
                continue  # these are what the collapsed channel holds already
            product = _product(blocks, z, products)
            if product is not None:
                part = product if weight * count == 1 else product * (weight * count)
                by_order[k] = by_order[k] + part if k in by_order else part
    first, *rest = (f[k] * factor for k, factor in by_order.items())
    return sum(rest, start=first)


def _product(
    blocks: tuple[MultiIndex, ...], z: dict[Channel, Tensor], products: dict[tuple[MultiIndex, ...], Tensor | None]
) -> Tensor | None:
    """Multiply channels; `products` remembers what several derivatives have in common. None stands for zero."""
    if len(blocks) == 1:
        return z.get(blocks[0])
    if blocks not in products:
        left, right = _product(blocks[:-1], z, products), z.get(blocks[-1])
        products[blocks] = None if left is None or right is None else left * right
    return products[blocks]
