"""The names of derivatives and operators: which ones a network can answer for, and which ones are asked for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from numbers import Real

from modulus_relobralo.taylor.operators import Terms, biharmonic, laplacian
from modulus_relobralo.taylor.partials import MAX_ORDER, MultiIndex, Operator


@dataclass
class Request:
    """Derivatives of one network that are computed in one pass.

    Parameters
    ----------
    derivatives : set of str
        Such as ``w__x__x``.
    operators : dict
        Name of each linear operator to its terms, such as ``{"laplacian_w": {"w__x__x": 1.0, "w__y__y": 1.0}}``.
    values : set of str
        Plain outputs that the same equations use.
    """

    derivatives: set[str] = field(default_factory=set)
    operators: dict[str, Terms] = field(default_factory=dict)
    values: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        """Tell whether anything has to be differentiated."""
        return bool(self.derivatives or self.operators)

    def overlaps(self, other: Request) -> bool:
        """Tell whether the two have something to compute in common; a plain value does not count."""
        return bool(self.derivatives & other.derivatives or self.operators.keys() & other.operators.keys())

    def merged(self, other: Request) -> Request:
        """Return what both ask for together."""
        return Request(
            self.derivatives | other.derivatives, {**self.operators, **other.operators}, self.values | other.values
        )


class Namespace:
    """The names that one network can answer for.

    Parameters
    ----------
    inputs, outputs : mapping of str to int
        The network's keys with their sizes. Only those of size 1 can be differentiated.
    operators : mapping, optional
        Linear operators with constant coefficients beyond the standard ones. ``laplacian_<output>`` and
        ``biharmonic_<output>`` over those of x, y, z that are inputs are always known, except where an input or an
        output has that name: it then means the network's own.

    Raises
    ------
    ValueError
        If an operator is not a sum of derivatives of one output with numbers as coefficients, or if its name means
        something else already.
    """

    def __init__(
        self, inputs: Mapping[str, int], outputs: Mapping[str, int], operators: Mapping[str, Terms] | None = None
    ) -> None:
        self._keys = {*inputs, *outputs}
        self.inputs = [name for name, size in inputs.items() if size == 1]
        self.outputs = [name for name, size in outputs.items() if size == 1]
        space = [name for name in ("x", "y", "z") if name in self.inputs]
        self.operators: dict[str, Terms] = {}
        for output in (output for output in self.outputs if space and "__" not in output):
            standard = {f"laplacian_{output}": laplacian(output, space)}
            standard[f"biharmonic_{output}"] = biharmonic(output, space)
            self.operators |= {name: terms for name, terms in standard.items() if name not in self._keys}
        for name, terms in (operators or {}).items():
            self._check(name, terms)
            self.operators[name] = terms

    def _check(self, name: str, terms: Terms) -> None:
        wrong = [term for term in terms if not self.knows(term) or term.count("__") < 2]
        if wrong or not terms or len({term.split("__")[0] for term in terms}) > 1:
            raise ValueError(
                f"Operator `{name}` must be a sum of derivatives of order 2 to {MAX_ORDER} of one output of the "
                f"network by its inputs. Found `{dict(terms)}`."
            )
        # A tensor would be read once and never trained.
        if not all(isinstance(c, Real) and math.isfinite(c) for c in terms.values()):
            raise ValueError(f"Operator `{name}` must have finite numbers as coefficients. Found `{dict(terms)}`.")
        if name in self._keys or "__" in name or self.operators.get(name, terms) != terms:
            raise ValueError(
                f"Operator `{name}` must have a name of its own: not that of an input or output, nor of a derivative, "
                "nor of a standard operator with other terms."
            )

    def knows(self, derivative: str) -> bool:
        """Tell whether a name is a derivative, of an order in range, of an output by inputs."""
        output, *variables = derivative.split("__")
        if derivative in self._keys:  # what a network gives under this name is its own
            return False
        return output in self.outputs and 1 <= len(variables) <= MAX_ORDER and set(variables) <= set(self.inputs)

    def check(self, names: Iterable[str], parameter: str, values: bool = False) -> None:
        """Raise a ValueError if one of `names`, given as `parameter`, is nothing that the network can compute.

        Plain outputs count if `values`.
        """
        plain = self.outputs if values else []
        unknown = [name for name in names if not (self.knows(name) or name in self.operators or name in plain)]
        if unknown:
            raise ValueError(
                f"Parameter `{parameter}` must name derivatives of order 1 to {MAX_ORDER} of outputs {self.outputs} by "
                f"inputs {self.inputs}, or operators {list(self.operators)}. Found `{unknown}`."
            )

    def request(self, names: Iterable[str]) -> Request:
        """Pick from `names` what the network can compute."""
        names = set(names)
        return Request(
            {name for name in names if self.knows(name)},
            {name: self.operators[name] for name in sorted(names & self.operators.keys())},
            names & set(self.outputs),
        )

    def multi_index(self, derivative: str, variables: list[str]) -> MultiIndex:
        """Return the multi-index of a derivative over the given variables."""
        by = derivative.split("__")[1:]
        return tuple(by.count(variable) for variable in variables)

    def operator(self, terms: Terms, variables: list[str]) -> Operator:
        """Return an operator in the form that `partials` works with."""
        return tuple(sorted((self.multi_index(name, variables), float(c)) for name, c in terms.items()))
