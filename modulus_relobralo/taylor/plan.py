"""Turns the names that are wanted into channels: which columns, which derivatives to carry, where each result lies."""

from __future__ import annotations

from collections.abc import Mapping

from modulus_relobralo.taylor.names import Namespace, Request
from modulus_relobralo.taylor.partials import Channel, closure


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
