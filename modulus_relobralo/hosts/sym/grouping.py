"""Which derivatives the host's nodes ask for, and which of them to compute in one pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from modulus_relobralo.taylor.names import Request

# The host has no types to hold on to.
HostModule: TypeAlias = Any
HostNode: TypeAlias = Any
HostKey: TypeAlias = Any


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
        if not request:
            continue
        apart = [other for other in groups if not other.overlaps(request)]
        for other in groups:
            if other.overlaps(request):
                request = request.merged(other)
        groups = [*apart, request]
    return groups
