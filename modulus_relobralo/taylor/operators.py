"""Linear differential operators with constant coefficients, as derivative names with coefficients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Terms = Mapping[str, float]


def laplacian(output: str, variables: Iterable[str] = ("x", "y")) -> dict[str, float]:
    """Return the Laplacian as derivative names with coefficients.

    Examples
    --------
    >>> laplacian("u")
    {'u__x__x': 1.0, 'u__y__y': 1.0}
    """
    return {f"{output}__{v}__{v}": 1.0 for v in variables}


def biharmonic(output: str, variables: Iterable[str] = ("x", "y")) -> dict[str, float]:
    """Return the biharmonic operator, the Laplacian of the Laplacian, as derivative names with coefficients.

    Examples
    --------
    >>> biharmonic("w")
    {'w__x__x__x__x': 1.0, 'w__x__x__y__y': 2.0, 'w__y__y__y__y': 1.0}
    """
    variables = list(variables)
    return {
        f"{output}__{a}__{a}__{b}__{b}": 1.0 if a == b else 2.0 for i, a in enumerate(variables) for b in variables[i:]
    }
