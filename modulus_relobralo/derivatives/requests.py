"""Finds out which derivatives a set of equations needs, and which of them to compute in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from modulus_relobralo.derivatives.partials import MAX_ORDER, MultiIndex, Operator

# The host has no types to hold on to.
HostModule: TypeAlias = Any
HostPDE: TypeAlias = Any
HostNode: TypeAlias = Any
HostKey: TypeAlias = Any
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
        ``biharmonic_<output>`` over those of x, y, z that are inputs are always known.
    """

    def __init__(
        self, inputs: Mapping[str, int], outputs: Mapping[str, int], operators: Mapping[str, Terms] | None = None
    ) -> None:
        self.inputs = [name for name, size in inputs.items() if size == 1]
        self.outputs = [name for name, size in outputs.items() if size == 1]
        space = [name for name in ("x", "y", "z") if name in self.inputs]
        self.operators: dict[str, Terms] = {}
        for output in self.outputs if space else ():
            self.operators[f"laplacian_{output}"] = laplacian(output, space)
            self.operators[f"biharmonic_{output}"] = biharmonic(output, space)
        for name, terms in (operators or {}).items():
            self.operators[name] = self._checked(name, terms)

    def _checked(self, name: str, terms: Terms) -> Terms:
        wrong = [term for term in terms if not self.knows(term) or term.count("__") < 2]
        if wrong or not terms or len({term.split("__")[0] for term in terms}) > 1:
            raise ValueError(
                f"Operator `{name}` must be a sum of derivatives of order 2 to {MAX_ORDER} of one output of the "
                f"network by its inputs. Found `{dict(terms)}`."
            )
        return terms

    def knows(self, derivative: str) -> bool:
        """Tell whether a name is a derivative, of an order in range, of an output by inputs."""
        output, *variables = derivative.split("__")
        return output in self.outputs and 1 <= len(variables) <= MAX_ORDER and set(variables) <= set(self.inputs)

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


def node_names(node: HostNode) -> set[str]:
    """Return the names of everything that a node of the host takes in."""
    return {str(key) for key in (*node.inputs, *node.derivatives)}


def group(requests: Iterable[Request]) -> list[Request]:
    """Merge requests until no two compute the same thing.

    What one equation needs is best computed in one pass; equations that share a derivative share the pass. What is
    left apart, such as a plate's fourth derivatives inside and its moments on the boundary, becomes a node of its
    own, and each of the host's graphs takes just the nodes that it needs.
    """
    groups: list[Request] = []
    for request in requests:
        if not request.derivatives and not request.operators:
            continue
        apart = [other for other in groups if not other.overlaps(request)]
        for other in groups:
            if other.overlaps(request):
                request = request.merged(other)
        groups = [*apart, request]
    return groups
