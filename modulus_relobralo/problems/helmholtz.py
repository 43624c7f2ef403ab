"""Time-harmonic waves: the Helmholtz equation, rectangles with what holds on their edges, and closed solutions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf
from typing import Any, TypeAlias

from sympy import Expr, Function, I, Symbol, pi, sin

from modulus_relobralo.checks import check_choice, check_flag, check_number
from modulus_relobralo.problems.complex_fields import ComplexFields, complex_parts
from modulus_relobralo.problems.expressions import (
    COORDINATES,
    NORMAL,
    as_expression,
    as_parameters,
    as_positive,
    as_ranges,
    check_fields,
    check_name,
    check_smooth,
    check_values,
    output_name,
)
from modulus_relobralo.problems.problem import Problem
from modulus_relobralo.problems.shapes.primitives import EDGES, Rectangle
from modulus_relobralo.problems.shapes.shape import for_each_edge

x, y = COORDINATES

Held: TypeAlias = float | Expr | str | Mapping[Any, Any]
"""What holds on an edge."""


class HelmholtzWave:
    """
    A time-harmonic wave in a medium.

    The amplitude u counts in whatever unit its source is given in, times a length squared::

        lap u + k^2 u = source                   equation ``helmholtz``: residual 0

    If the amplitude has another name than "u", it is appended to the name of the equation: ``helmholtz_v`` for u="v".
    Of a complex amplitude, u exp(-i omega t), the real and the imaginary part are dependent variables, ``u_re`` and
    ``u_im``, with the equations ``helmholtz_re`` and ``helmholtz_im``.

    Parameters
    ----------
    k : float, Expr or str
        Wave number 2 pi / wavelength [1/m], at least zero, where zero makes it Poisson's equation. A str names a field
        k(x, y); a SymPy expression may depend on x and y, for a medium in which it varies.
    source : float, Expr or str
        Right hand side, with I of a complex amplitude. A str names a field over x and y.
    u : str
        The amplitude, the dependent variable.
    parameters : iterable of str or Symbol, or mapping to pairs of float
        Symbols beside x and y in k and source: further inputs of the network. A mapping says from where to where each
        goes.
    is_complex : bool
        Whether the amplitude is complex: where waves travel, as out of an absorbing edge.

    Attributes
    ----------
    residual : Expr
        What vanishes, of a complex amplitude with I.
    equations : dict[str, Expr]
        The residual, or both parts of it, by name.
    k, source : Expr
        As given, as SymPy expressions.
    ranges : dict[str, tuple[float, float]]
        From where to where the parameters go, if that was given.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not what is asked for above, see `problems.expressions.as_expression`.

    Examples
    --------
    >>> HelmholtzWave(k=3, source="f").equations
    {'helmholtz': -f(x, y) + 9*u(x, y) + Derivative(u(x, y), (x, 2)) + Derivative(u(x, y), (y, 2))}
    """

    def __init__(
        self,
        k: float | Expr | str,
        source: float | Expr | str = 0,
        u: str = "u",
        parameters: Iterable[str | Symbol] = (),
        is_complex: bool = False,
    ) -> None:
        check_flag("is_complex", is_complex)
        self.u, self.is_complex = check_name("u", u), is_complex
        self.parameters, self.ranges = as_parameters(parameters, taken=[u]), as_ranges(parameters)
        self.k = as_expression("k", k, self.parameters, unknown=u)
        if self.k.is_number:
            check_number("k", float(self.k), 0.0, inf)
        self.source = _as_parts("source", source, is_complex, self.parameters, unknown=u)

        self.amplitude: Expr = Function(u)(*COORDINATES)
        self.residual = self.amplitude.diff(x, 2) + self.amplitude.diff(y, 2) + self.k**2 * self.amplitude - self.source
        equations = {self.output("helmholtz"): self.residual}
        self.equations = ComplexFields([u], equations).equations if is_complex else equations
        check_fields(self.equations, self.parameters)

    @property
    def slope(self) -> Expr:
        """The derivative of the amplitude along the outward normal."""
        return sum(self.amplitude.diff(symbol) * n for symbol, n in zip(COORDINATES, NORMAL, strict=True))

    def output(self, quantity: str) -> str:
        """Return the name under which a node gives a quantity, of which "u" is the amplitude."""
        return self.u if quantity == "u" else output_name(quantity, self.u, usual="u")


class HelmholtzRectangle(Problem):
    """
    A wave over a rectangle, with its edges left and right in x, bottom and top in y.

    Parameters
    ----------
    a, b : float
        Lengths along x and y [m].
    equation : HelmholtzWave
        Wave number and source.
    edges : float, Expr, str or mapping
        What holds on the edges, for all of them or by name of the edge: the value of u, an expression in x, y and
        parameters, of a complex amplitude with I; "rigid", where du/dn = 0; "absorbing", where du/dn = i k u, so that a
        plane wave leaves through the edge; or a mapping of conditions, as of a `Problem`.
    lower : tuple[float, float]
        The corner where x and y are least [m].

    Attributes
    ----------
    equation : HelmholtzWave
        As given.
    edges : dict[str, Expr, str or mapping]
        What holds on each edge, as given.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not what is asked for above, if wave number, source or a value are not finite somewhere on a
        grid of points, or if an edge absorbs a wave that is not complex.

    Examples
    --------
    >>> from sympy import exp
    >>> room = HelmholtzRectangle(5, 4, HelmholtzWave(k=20, source=exp(-100 * ((x - 1) ** 2 + (y - 1) ** 2))))
    >>> room.conditions["left"]
    {'u': 0}
    """

    def __init__(
        self,
        a: float,
        b: float,
        equation: HelmholtzWave,
        edges: Held | Mapping[str, Held] = 0,
        lower: tuple[float, float] = (0, 0),
    ) -> None:
        if not isinstance(equation, HelmholtzWave):
            raise TypeError(f"Parameter `equation` must be a HelmholtzWave. Found `equation = {equation!r}`.")
        shape, self.equation = Rectangle(a, b, lower), equation
        self.edges = for_each_edge("edges", edges, EDGES)
        check_values("k", equation.k, shape.points(10))
        for part in equation.source.as_real_imag() if equation.is_complex else (equation.source,):
            check_values("source", part, shape.points(10))
        super().__init__(
            shape,
            equations={equation.output("helmholtz"): equation.residual},
            conditions={edge: _conditions(equation, held) for edge, held in self.edges.items()},
            parameters=equation.ranges or equation.parameters,
            complex_fields=[equation.u] if equation.is_complex else (),
        )

    @classmethod
    def with_solution(
        cls,
        a: float,
        b: float,
        solution: float | Expr,
        k: float | Expr,
        lower: tuple[float, float] = (0, 0),
        parameters: Iterable[str | Symbol] = (),
        is_complex: bool = False,
    ) -> HelmholtzRectangle:
        """
        Return the problem that a given ``solution`` in x and y solves: source and values on the edges follow from it.

        Examples
        --------
        >>> from modulus_relobralo.problems import standing_wave
        >>> HelmholtzRectangle.with_solution(2, 2, standing_wave(m=1, n=4), k=1, lower=(-1, -1)).equation.source
        -17*pi**2*sin(pi*x)*sin(4*pi*y) + sin(pi*x)*sin(4*pi*y)
        """
        names = as_parameters(parameters, taken=["u"])
        u = _as_parts("solution", solution, is_complex, names, fields=False)
        check_smooth("solution", u)
        source = u.diff(x, 2) + u.diff(y, 2) + as_expression("k", k, names, unknown="u") ** 2 * u
        wave = HelmholtzWave(k, source, parameters=as_ranges(parameters) or names, is_complex=is_complex)
        return cls(a, b, wave, edges=u, lower=lower)


def _as_parts(name: str, value: Any, is_complex: bool, parameters: Iterable[str], **options: Any) -> Expr:
    """Return what a person handed in as an expression, of a complex one both parts by themselves."""
    if not is_complex or isinstance(value, str):
        return as_expression(name, value, parameters, **options)
    parts = (as_expression(name, part, parameters, **options) for part in complex_parts(value))
    return sum(part * unit for part, unit in zip(parts, (1, I), strict=True))


def _conditions(equation: HelmholtzWave, held: Any) -> Mapping[Any, Any]:
    """Return what holds on an edge as conditions of a `Problem`."""
    if isinstance(held, Mapping):
        return held
    if isinstance(held, str):
        check_choice("edges", held, ("rigid", "absorbing"))
        if held == "absorbing" and not equation.is_complex:
            raise ValueError("Parameter `edges` can absorb a complex amplitude only: set `is_complex=True`.")
        absorbed = I * equation.k * equation.amplitude if held == "absorbing" else 0
        return {held: equation.slope - absorbed}
    return {equation.u: _as_parts("edges", held, equation.is_complex, equation.parameters, fields=False)}


def standing_wave(m: float, n: float) -> Expr:
    """
    Return sin(m pi x) sin(n pi y) as a SymPy expression.

    Examples
    --------
    >>> standing_wave(m=1, n=4)
    sin(pi*x)*sin(4*pi*y)
    """
    return sin(as_positive("m", m) * pi * x) * sin(as_positive("n", n) * pi * y)
