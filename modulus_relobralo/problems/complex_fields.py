"""Complex fields as two real ones: equations, conditions and data are written once, and split into their parts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
from sympy import Derivative, Dummy, Expr, Function, I, sympify
from sympy.core.function import AppliedUndef

from modulus_relobralo.problems.expressions import by_name, check_name

PARTS = ("re", "im")
"""What names of real and imaginary parts end in."""


class ComplexFields:
    """
    Fields that are complex, and what a person writes of them.

    Parameters
    ----------
    names : iterable of str
        The fields. Of ``u`` the parts are ``u_re`` and ``u_im``. Every other symbol and field is real.
    equations : mapping of str to Expr
        As handed in. Equations of complex fields, or with I, have a part ``<name>_re`` and a part ``<name>_im``; one
        that is zero whatever the fields are is left out.

    Attributes
    ----------
    equations : dict[str, Expr]
        The parts of the equations by name.

    Raises
    ------
    TypeError, ValueError
        If a name is none of a field, or a part has the name of another field.

    Examples
    --------
    >>> from sympy import Symbol, conjugate, exp
    >>> x, t = Symbol("x"), Symbol("t")
    >>> u = Function("u")(x, t)
    >>> wave = ComplexFields(["u"], {"wave": I * u.diff(t) + u.diff(x, 2) + u * conjugate(u) * u})
    >>> list(wave.equations)
    ['wave_re', 'wave_im']
    >>> wave.held({"u": exp(I * x)})
    {'u_re': cos(x), 'u_im': sin(x)}
    """

    def __init__(self, names: Iterable[str], equations: Mapping[str, Any]) -> None:
        if isinstance(names, str):
            raise TypeError(f"Parameter `complex_fields` must be a sequence of names. Found {names!r}.")
        self.names = [check_name("complex_fields", name) for name in names]
        values = equations.values() if isinstance(equations, Mapping) else ()
        fields = {f.name for value in values if isinstance(value, Expr) for f in value.atoms(AppliedUndef)}
        unknown, taken = set(self.names) - fields, {part for name in self.names for part in _named(name)} & fields
        if unknown or taken:
            raise ValueError(
                f"Parameter `complex_fields` must name fields of the equations, {', '.join(sorted(fields))}, beside "
                f"which there is none of the name of their parts. Found {', '.join(sorted(unknown or taken))}."
            )
        self._split: dict[str, list[str]] = {}
        self.equations: Any = self._equations(equations) if isinstance(equations, Mapping) else equations

    def _equations(self, equations: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in equations.items():
            parts = self._stated(name, value) if self._is_complex(value) else {name: value}
            self._split[name] = list(parts)
            found |= parts
        return found

    def inside(self, names: Any) -> Any:
        """Return the parts of equations by name, or of those of each region."""
        if isinstance(names, Mapping):
            return {region: self.inside(held) for region, held in names.items()}
        return None if names is None else [part for name in names for part in self._split.get(name, [name])]

    def by_part(self, conditions: Any) -> Any:
        """Return conditions, a mapping from names of edges to what holds there, in real quantities."""
        if not isinstance(conditions, Mapping):
            return conditions
        return {key: self.held(held) if isinstance(held, Mapping) else held for key, held in conditions.items()}

    def held(self, held: Mapping[Any, Any]) -> dict[Any, Any]:
        """Return what holds at one place in real quantities; an expression that vanishes becomes its parts."""
        found: dict[Any, Any] = {}
        for key, value in held.items():
            quantities = self._quantities(key)
            if len(quantities) == 1 and self._is_complex(value):
                found |= self._stated(str(key), value)
            else:
                found |= zip(quantities, (value,) if len(quantities) == 1 else self._values(value), strict=True)
        return found

    def sensors(self, given: Any) -> Any:
        """Return columns of sensors, or sets of them, with complex numbers as their parts."""
        if not isinstance(given, Mapping):
            return given
        found: dict[Any, Any] = {}
        for key, value in given.items():
            quantities = self._quantities(key)
            if isinstance(value, Mapping):
                found[key] = self.sensors(value)
            elif len(quantities) == 1:
                found[quantities[0]] = value
            else:
                found |= zip(quantities, (np.real(value), np.imag(value)), strict=True)
        return found

    def _is_complex(self, value: Any) -> bool:
        """Whether an expression has to be split: it is of complex fields, or of any and has I."""
        if not isinstance(value, Expr):
            return False
        fields = {field.name for field in value.atoms(AppliedUndef)}
        return bool(fields & set(self.names)) or (bool(fields) and value.has(I))

    def _stated(self, name: str, value: Expr) -> dict[str, Expr]:
        parts = dict(zip(_named(name), complex_parts(value, self.names), strict=True))
        return {part: expression for part, expression in parts.items() if not expression.is_zero}

    def _values(self, value: Any) -> tuple[Any, Any]:
        return (None, None) if value is None else complex_parts(value, self.names)

    def _quantities(self, key: Any) -> list[Any]:
        """Return the real quantities of one: both parts of a field or a derivative of it, those of an equation."""
        field = key.expr if isinstance(key, Derivative) else key
        if isinstance(field, AppliedUndef) and field.name in self.names:
            parts = [Function(name)(*field.args) for name in _named(field.name)]
            return [part.diff(*key.variables) for part in parts] if isinstance(key, Derivative) else parts
        name, *by = str(key).split("__")
        if name in self.names:
            return ["__".join([part, *by]) for part in _named(name)]
        return self._split.get(key, [key]) if isinstance(key, str) else [key]


def complex_parts(value: Any, names: Collection[str] = ()) -> tuple[Expr, Expr]:
    """
    Return real and imaginary part of an expression in which all is real but fields of some names.

    Examples
    --------
    >>> from sympy import Symbol, exp
    >>> complex_parts(exp(2 * I * Symbol("x")))
    (cos(2*x), sin(2*x))
    """
    expression = by_name(sympify(value))
    sums = {
        field: sum(unit * Function(part)(*field.args) for unit, part in zip((1, I), _named(field.name), strict=True))
        for field in expression.atoms(AppliedUndef)
        if field.name in names
    }
    expression = expression.xreplace(sums).doit()
    # SymPy splits what it knows to be real: every unknown, then every symbol.
    symbols = {unknown: Dummy(real=True) for unknown in expression.atoms(Derivative)}
    expression = expression.xreplace(symbols)
    symbols |= {unknown: Dummy(real=True) for unknown in expression.atoms(AppliedUndef)}
    symbols |= {symbol: Dummy(real=True) for symbol in expression.free_symbols - set(symbols.values())}
    back = {dummy: unknown for unknown, dummy in symbols.items()}
    real, imaginary = expression.xreplace(symbols).doit().as_real_imag()
    return real.xreplace(back), imaginary.xreplace(back)


def _named(name: str) -> list[str]:
    return [f"{name}_{part}" for part in PARTS]
