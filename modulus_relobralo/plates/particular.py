"""Which loads of a plate have a particular solution that its network need not learn."""

from __future__ import annotations

from modulus_relobralo.derivatives.particular import LoadedRectangle
from modulus_relobralo.plates.plate import Plate
from modulus_relobralo.problems.expressions import COORDINATES
from modulus_relobralo.problems.shapes.rectangle import Rectangle


def loaded_rectangles(plate: Plate) -> tuple[LoadedRectangle, ...]:
    """
    Return the rectangles with a load of an isotropic plate, as `derivatives.particular` takes them.

    Those whose load is a number, on a plate whose D is a number or an expression of x and y: where D varies, that in
    the middle of the rectangle. Whatever is left of the jump, and other patches, the network has to learn.

    Parameters
    ----------
    plate : Plate
        The plate.
    """
    D = plate.equation.stiffness.values.get("D")
    if D is None or not D.free_symbols <= set(COORDINATES):
        return ()
    size = min(high - low for low, high in zip(*plate.shape.bounds, strict=True)) / 2
    found = []
    for region, load in plate.equation.loads.parts:
        if isinstance(region, Rectangle) and load.is_number and not load.is_zero:
            (x_1, y_1), (x_2, y_2) = region.bounds
            middle = dict(zip(COORDINATES, ((x_1 + x_2) / 2, (y_1 + y_2) / 2), strict=True))
            found.append(LoadedRectangle(x_1, y_1, x_2, y_2, size, float(load / D.subs(middle))))
    return tuple(found)
