"""Several shapes beside one another, such as layers of different materials, and the interfaces between them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modulus_relobralo.problems.expressions import check_name
from modulus_relobralo.problems.shapes.edges import Part
from modulus_relobralo.problems.shapes.shape import INTERIOR, Domain, middles


class Composite(Domain):
    """
    Several shapes beside one another, with an interface wherever an edge of one is an edge of another.

    Parameters
    ----------
    regions : mapping of str to Interval or Shape
        The shapes by name. They do not overlap, and edges along which they meet are the same from end to end.

    Raises
    ------
    TypeError, ValueError
        If there are fewer than two, one has other coordinates than the first, or a name of two meanings; if two
        overlap, or meet along a part of an edge alone.

    Examples
    --------
    Edges are named ``<region>_<edge>``, interfaces ``<region>_<region>``, with their normal out of the first:

    >>> from modulus_relobralo.problems import Interval
    >>> wall = Composite({"brick": Interval(0, 0.3), "wool": Interval(0.3, 0.5)})
    >>> list(wall.edges), wall.neighbours["brick_wool"]
    (['brick_left', 'wool_right', 'brick_wool'], ('brick', 'wool'))
    """

    def __init__(self, regions: Mapping[str, Domain]) -> None:
        if not isinstance(regions, Mapping) or not all(isinstance(region, Domain) for region in regions.values()):
            raise TypeError(f"Parameter `regions` must map names to shapes. Found {regions!r}.")
        if len(regions) < 2 or len({region.coordinates for region in regions.values()}) > 1:
            raise ValueError(
                f"Parameter `regions` must hold two or more shapes of the same coordinates. Found {dict(regions)!r}."
            )
        self._regions = {check_name("regions", name, [INTERIOR]): region for name, region in regions.items()}
        self.coordinates = next(iter(regions.values())).coordinates  # type: ignore[misc]
        self._size = max(high - low for low, high in zip(*self.bounds, strict=True))
        self._edges, self._neighbours = self._read_edges()
        self._check()

    @property
    def regions(self) -> dict[str, Domain]:
        """The shapes by name."""
        return self._regions

    @property
    def edges(self) -> dict[str, Part]:
        """Outer edges, then interfaces, by name."""
        return self._edges

    @property
    def neighbours(self) -> dict[str, tuple[str, ...]]:
        """By name of an edge, the region that it bounds, or both of an interface, whose normal leaves the first."""
        return self._neighbours

    @property
    def bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The least and the greatest coordinates."""
        lower, upper = zip(*(region.bounds for region in self._regions.values()), strict=True)
        return tuple(map(min, zip(*lower, strict=True))), tuple(map(max, zip(*upper, strict=True)))

    @property
    def area(self) -> float:
        """The area of all together."""
        return sum(region.area for region in self._regions.values())

    def level(self, *coordinates: ArrayLike) -> NDArray[np.float64]:
        """Return that of the region in which a point lies, see `Domain`."""
        return np.max([region.level(*coordinates) for region in self._regions.values()], axis=0)

    def _read_edges(self) -> tuple[dict[str, Part], dict[str, tuple[str, ...]]]:
        parts = {(region, name): part for region, shape in self._regions.items() for name, part in shape.edges.items()}
        interfaces: dict[str, Part] = {}
        neighbours: dict[str, tuple[str, ...]] = {}
        inner = set()
        for one, other in combinations(parts, 2):
            if one[0] != other[0] and self._are_same(parts[one], parts[other]):
                inner |= {one, other}
                name = base = f"{one[0]}_{other[0]}"
                while name in interfaces:
                    name = f"{base}_{len(interfaces) + 1}"
                interfaces[name], neighbours[name] = parts[one], (one[0], other[0])
        outer = {
            f"{region}_{name}": (region, part) for (region, name), part in parts.items() if (region, name) not in inner
        }
        if outer.keys() & interfaces.keys():
            raise ValueError(
                "Regions and edges must not have names that make one for two edges. Found "
                f"{', '.join(outer.keys() & interfaces.keys())} twice."
            )
        edges = {name: part for name, (_, part) in outer.items()} | interfaces
        return edges, {name: (region,) for name, (region, _) in outer.items()} | neighbours

    def _are_same(self, one: Part, other: Part) -> bool:
        """Whether two edges are one, run through the other way round."""
        fractions = np.array([0.0, 0.3, 1.0])
        a, b = one.at(fractions), other.at(1 - fractions)
        signs = {name: -1 if name.startswith("normal") else 1 for name in a}
        return all(np.allclose(a[name], sign * b[name], atol=1e-7 * self._size) for name, sign in signs.items())

    def _check(self) -> None:
        names = [str(symbol) for symbol in self.coordinates]
        for one, other in product(self._regions, repeat=2):
            inside = np.array(self._regions[one].points(10)).T
            if one != other and (self._regions[other].level(*inside) > 1e-9 * self._size).any():
                raise ValueError(f"Parameter `regions` must hold shapes that do not overlap. Found {one} in {other}.")
        for name, owners in self.neighbours.items():
            points = self._edges[name].at(middles(9))
            for region in self._regions.keys() - set(owners):
                if (self._regions[region].level(*(points[each] for each in names)) > -1e-9 * self._size).any():
                    raise ValueError(
                        "Parameter `regions` must hold shapes that meet along whole edges: divide the longer one. "
                        f"Found that {name} meets {region} along a part."
                    )
