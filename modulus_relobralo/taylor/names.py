"""The names of derivatives and operators: which ones a network can answer for, and what one pass carries for them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from numbers import Real

from modulus_relobralo.taylor.jets import MAX_ORDER, Channel, MultiIndex, Operator, closure

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
        """Return an operator in the form that `jets` works with."""
        return tuple(sorted((self.multi_index(name, variables), float(c)) for name, c in terms.items()))


class Plan:
    """The channels of one pass and the places of its results.

    Parameters
    ----------
    names : Namespace
        What the network can answer for.
    request : Request
        What is wanted.
    inputs, outputs : mapping of str to int
        The network's keys with their sizes, in the order of their columns.

    Attributes
    ----------
    by : list of str
        Inputs that are differentiated.
    variables : list of int
        Their columns.
    channels, targets : tuple of Channel
        What hidden layers carry, and what is wanted of the last one.
    places : dict
        Name of each result to its target and its column among the outputs.
    """

    def __init__(
        self, names: Namespace, request: Request, inputs: Mapping[str, int], outputs: Mapping[str, int]
    ) -> None:
        terms = request.derivatives.union(*request.operators.values())
        self.by = [v for v in names.inputs if any(v in term.split("__")[1:] for term in terms)]
        partials = {name: names.multi_index(name, self.by) for name in sorted(request.derivatives)}
        sums = {name: names.operator(terms, self.by) for name, terms in sorted(request.operators.items())}
        zero = (0,) * len(self.by)
        wanted: dict[str, Channel] = {**partials, **sums, **dict.fromkeys(sorted(request.values), zero)}
        self.channels = closure([zero, *partials.values()], sums.values())
        self.targets = tuple(channel for channel in self.channels if channel in set(wanted.values()))
        starts, columns = _starts(inputs), _starts(outputs)
        self.variables = [starts[v] for v in self.by]
        self.places = {
            name: (self.targets.index(channel), columns[next(iter(request.operators.get(name, [name]))).split("__")[0]])
            for name, channel in wanted.items()
        }


def _starts(sizes: Mapping[str, int]) -> dict[str, int]:
    """Return where each key starts in the tensor of all keys side by side."""
    starts, start = {}, 0
    for name, size in sizes.items():
        starts[name], start = start, start + size
    return starts
