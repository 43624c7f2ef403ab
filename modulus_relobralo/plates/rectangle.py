"""Rectangular plates: shape, equation and how the edges are held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modulus_relobralo.plates.equation import KirchhoffPlate
from modulus_relobralo.plates.plate import Plate
from modulus_relobralo.plates.supports import EdgeCondition, Held
from modulus_relobralo.problems.shapes.primitives import Rectangle


class RectangularPlate(Plate):
    """
    A plate over a rectangle, with its edges left and right in x, bottom and top in y.

    Parameters
    ----------
    a, b : float
        Lengths along x and y [m].
    equation : KirchhoffPlate
        Stiffness, soil and load.
    edges : EdgeCondition, EdgeSupport, str or mapping
        How the edges are held, see `Plate`.
    corners : str or sequence of str
        Corners that rest on a point, see `Plate`.
    lower : tuple[float, float]
        The corner where x and y are least [m].

    Examples
    --------
    >>> plate = RectangularPlate(10, 10, KirchhoffPlate(D=20.8, nu=0.2, p=0.015))
    >>> slab = RectangularPlate(
    ...     6,
    ...     4,
    ...     KirchhoffPlate(D=20.0, nu=0.3, p=0.01),
    ...     edges={"left, right": "clamped", "bottom, top": "simply_supported"},
    ... )
    >>> slab.conditions["left"]
    {'w': 0, 'slope_n': 0}
    """

    def __init__(
        self,
        a: float,
        b: float,
        equation: KirchhoffPlate,
        edges: Held | str | Mapping[str, Held | str | Mapping[str, float]] = EdgeCondition.SIMPLY_SUPPORTED,
        lower: tuple[float, float] = (0, 0),
        corners: str | Sequence[str] = (),
    ) -> None:
        super().__init__(Rectangle(a, b, lower), equation, edges, corners)
