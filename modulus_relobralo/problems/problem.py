"""What a plate and a wave have in common, for whoever makes nodes, constraints or points of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from sympy import Expr

from modulus_relobralo.problems.shapes.shape import Shape


class Description(Protocol):
    """A boundary value problem in the plane: a shape, equations over it, and what holds inside and on its edges."""

    @property
    def shape(self) -> Shape:
        """Where the equations hold."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Symbols of the equations that are inputs of the network beside x and y."""

    @property
    def equations(self) -> Mapping[str, Expr]:
        """Equations by name, in the dependent variable and its derivatives."""

    @property
    def inside(self) -> Mapping[str, Expr]:
        """Which of them take which value in the interior."""

    @property
    def conditions(self) -> Mapping[str, Mapping[str, Expr]]:
        """Which of them, or which dependent variable, take which value, by the name of a part of the boundary.

        All edges of the shape are in it, and those of its corners where something holds.
        """

    @property
    def givens(self) -> Mapping[str, Mapping[str, Expr]]:
        """What further symbols of the equations mean on a part of the boundary, in x, y and the normal there.

        Such as the curvature of an edge, or the stiffness of what it rests on.
        """


def output_name(quantity: str, variable: str, usual: str) -> str:
    """Return the name of a quantity's equation: with the name of a dependent variable that is not the usual one.

    Examples
    --------
    >>> output_name("M_x", "w", usual="w"), output_name("M_x", "v", usual="w")
    ('M_x', 'M_x_v')
    """
    return quantity if variable == usual else f"{quantity}_{variable}"
