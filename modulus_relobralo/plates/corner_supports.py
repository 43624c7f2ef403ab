"""Which corners of a plate can rest on a point, and which do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modulus_relobralo.plates.supports import EdgeSupport
from modulus_relobralo.problems.shapes.corners import Corner
from modulus_relobralo.problems.shapes.shape import Shape

ALL = "all"


def loose_corners(shape: Shape, supports: Mapping[str, EdgeSupport]) -> dict[str, Corner]:
    """Return the corners between edges of which neither holds the deflection."""
    return {
        name: corner
        for name, corner in shape.corners.items()
        if not any(supports[edge].holds_deflection for edge in corner.edges)
    }


def supported_corners(given: str | Sequence[str], shape: Shape, supports: Mapping[str, EdgeSupport]) -> tuple[str, ...]:
    """Return the corners that a person handed in: names, several in one string too, or "all" that are loose.

    Raises
    ------
    ValueError
        If there is no such corner, if its edges hold it, or if it is named twice.
    """
    loose = loose_corners(shape, supports)
    if given == ALL and loose:
        return tuple(loose)
    parts = [given] if isinstance(given, str) else given
    names = [name.strip() for part in parts for name in part.split(",")]
    wrong = [name for name in names if name not in loose] or [name for name in names if names.count(name) > 1]
    if wrong:
        raise ValueError(
            "Parameter `corners` must name corners between edges that do not hold the deflection, each once: "
            f"{', '.join(loose) or 'here there are none'}. Found {', '.join(map(repr, wrong))}."
        )
    return tuple(names)
