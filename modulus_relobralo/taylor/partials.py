"""Which partial derivatives have to travel through a network: multi-indices and Faa di Bruno's formula.

Pure Python on tuples of integers, without tensors; ``jets`` does the arithmetic and explains the mathematics.
A multi-index ``(2, 1)`` stands for the partial derivative twice by the first and once by the second variable.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

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
