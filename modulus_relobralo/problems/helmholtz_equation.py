"""The Helmholtz equation."""

from __future__ import annotations

from collections.abc import Iterable

from sympy import Expr, Function, Symbol

from modulus_relobralo.checks import check_positive
from modulus_relobralo.problems.problem import output_name
from modulus_relobralo.problems.symbols import COORDINATES, as_expression, as_parameters, check_fields, check_name

x, y = COORDINATES


class HelmholtzWave:
    """
    A time-harmonic wave in a medium.

    The amplitude u counts in whatever unit its source is given in, times a length squared::

        lap u + k^2 u = source                   equation ``helmholtz``: residual 0

    If the amplitude has another name than "u", it is appended to the name of the equation: ``helmholtz_v`` for u="v".

    Parameters
    ----------
    k : float, Expr or str
        Wave number 2 pi / wavelength [1/m], above zero. A str names a field k(x, y); a SymPy expression may depend on x
        and y, for a medium in which it varies.
    source : float, Expr or str
        Right hand side. A str names a field over x and y.
    u : str
        The amplitude, the dependent variable.
    parameters : iterable of str or Symbol
        Symbols beside x and y in k and source: further inputs of the network.

    Attributes
    ----------
    equations : dict[str, Expr]
        The residual, by its name.
    k, source : Expr
        As given, as SymPy expressions.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not what is asked for above, see `problems.symbols.as_expression`.

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
    ) -> None:
        self.u = check_name("u", u)
        self.parameters = as_parameters(parameters, taken=[u])
        self.k = as_expression("k", k, self.parameters, unknown=u)
        if self.k.is_number:
            check_positive("k", float(self.k))
        self.source = as_expression("source", source, self.parameters, unknown=u)

        amplitude = Function(u)(*COORDINATES)
        residual = amplitude.diff(x, 2) + amplitude.diff(y, 2) + self.k**2 * amplitude - self.source
        self.equations = {self.output("helmholtz"): residual}
        check_fields(self.equations, self.parameters)

    def output(self, quantity: str) -> str:
        """Return the name under which a node gives a quantity, of which "u" is the amplitude."""
        return self.u if quantity == "u" else output_name(quantity, self.u, usual="u")
