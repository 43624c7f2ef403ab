"""How large the quantities of a plate are, and its network in a loop: all is of order one within, in any units."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sympy import Function
from sympy.core.function import AppliedUndef
from torch import Tensor
from torch.nn import Module, Parameter

from modulus_relobralo.plates.corners import corner_functions, loaded_corners
from modulus_relobralo.plates.given import implausible
from modulus_relobralo.plates.plate import SUPPORT, Plate
from modulus_relobralo.plates.polynomial import GRID, fit, spread, with_values
from modulus_relobralo.plates.singular import (
    KnownFunction,
    jet_with_deflection,
    jet_with_poles,
    loaded_patches,
    with_deflection,
    with_poles,
)
from modulus_relobralo.plates.values import Array, evaluate, quantities
from modulus_relobralo.problems.expressions import COORDINATES
from modulus_relobralo.problems.shapes.shape import HolePole
from modulus_relobralo.taylor import Scaled
from modulus_relobralo.taylor.jets import Jet
from modulus_relobralo.taylor.networks import Pass


@dataclass(frozen=True)
class Scales:
    """
    The sizes of what a network takes and gives, and of what its residuals are made of.

    Attributes
    ----------
    inputs : dict[str, tuple[float, float]]
        Middle and half width of each input: x, y [m] and the parameters.
    outputs : dict[str, float]
        A size of each output and each equation, by its name, in its own unit.
    poles : tuple[HolePole, ...]
        Of the plate's holes, see `singular`.
    patches : tuple[KnownFunction, ...]
        Of the plate's loads, on patches and at corners, see `singular` and `corners`.
    functions : tuple[KnownFunction, ...]
        Of the plate's corners and supports inside, which have amplitudes to be found, see `corners` and `columns`.
    w : str
        Name of the deflection among `outputs`.
    """

    inputs: Mapping[str, tuple[float, float]]
    outputs: Mapping[str, float]
    poles: tuple[HolePole, ...] = ()
    patches: tuple[KnownFunction, ...] = ()
    functions: tuple[KnownFunction, ...] = ()
    w: str = "w"


def scales(plate: Plate) -> Scales:
    """
    Return the sizes of a plate's quantities.

    They come from a rough solution of the plate's own equations (`polynomial`), so that they fit any shape, support,
    soil and load; parameters are in the middle of their ranges. They are found once for each plate.

    Raises
    ------
    ValueError
        If the range of a parameter is not known, or if stiffness or load are fields, whose size is not known either.

    Warns
    -----
    UserWarning
        If the plate deflects by more than a twentieth of its width, or is as thick or as thin as no plate.

    Examples
    --------
    >>> from modulus_relobralo.plates import KirchhoffPlate, RectangularPlate, flexural_rigidity
    >>> D = flexural_rigidity(E=30e9, h=0.2, nu=0.2)
    >>> slab = RectangularPlate(6, 4, KirchhoffPlate(D, nu=0.2, p=5e3), "simply_supported")
    >>> print({name: float(f"{size:.1g}") for name, size in scales(slab).outputs.items() if name in ("w", "kirchhoff")})
    {'w': 0.0004, 'kirchhoff': 5000.0}
    """
    # Kept with the plate: networks, keys, weights and points of a run ask for them, and the fit takes its time.
    kept = vars(plate)
    if "_scales" not in kept:
        kept["_scales"] = _found(plate)
    found: Scales = kept["_scales"]
    return found


def _found(plate: Plate) -> Scales:
    _check_known(plate)
    equation, output = plate.equation, plate.equation.output
    middle = {name: sum(equation.ranges[name]) / 2 for name in plate.parameters}
    inside, areas = spread(plate, 2 * GRID)
    points = with_values(inside, middle)
    sizes = plate.shape.bounds
    length = min(high - low for low, high in zip(*sizes, strict=True)) / 2
    stiffness = float(np.average(evaluate(equation.stiffness.typical, points), weights=areas))
    w = Function(equation.w)(*COORDINATES)
    wanted = {name: equation.equations[output(name)] for name in ("M_x", "M_y", "M_xy", "Q_x", "Q_y")}
    wanted |= {"w": w, "w_x": w.diff(w.args[0]), "w_y": w.diff(w.args[1])}
    values = quantities(wanted, equation.w, fit(plate, middle), points)

    def size(*names: str) -> float:
        # What nearly all stay below: a few near a corner may be beyond any bound.
        return max(_quantile(np.abs(values[name]), areas, 0.95) for name in names)

    deflection = size("w") or 1.0
    doubts = implausible(plate.equation, plate.shape, deflection)
    if doubts:
        warnings.warn(f"The plate is hardly meant so: {'; '.join(doubts)}.", stacklevel=3)
    # Not far below what such a deflection would come with, lest a quantity that happens to vanish gets all the weight.
    least = 0.1 * deflection
    slope = max(size("w_x", "w_y"), least / length)
    moment = max(size("M_x", "M_y", "M_xy"), least * stiffness / length**2)
    shear = max(size("Q_x", "Q_y"), least * stiffness / length**3)
    load = float(np.sqrt(np.average(evaluate(equation.p, points) ** 2, weights=areas))) or shear / length
    found = {"w": deflection, "slope_n": slope, "kirchhoff": load, "R": moment}
    found |= dict.fromkeys(("M_x", "M_y", "M_xy", "M_n", "restraint"), moment)
    found |= dict.fromkeys(("Q_x", "Q_y", "V_n", "spring"), shear)
    if plate.cells:
        # The pressure of supports that carry all of the load.
        found[SUPPORT] = load * plate.shape.area / sum(region.area for region in plate.inner)
    inputs = {name: ((low + high) / 2, (high - low) / 2) for name, low, high in zip("xy", *sizes, strict=True)}
    inputs |= {name: ((low + high) / 2, (high - low) / 2) for name, (low, high) in equation.ranges.items()}
    outputs = {output(name): value for name, value in found.items()}
    known = (*loaded_patches(equation, plate.shape), *loaded_corners(plate))
    functions = (*corner_functions(plate), *(cell.function for cell in plate.cells))
    return Scales(inputs, outputs, plate.shape.poles, known, functions, equation.w)


def _quantile(values: Array, areas: Array, fraction: float) -> float:
    """Return what values stay below on a fraction of the area."""
    order = np.argsort(values)
    return float(values[order][np.searchsorted(np.cumsum(areas[order]), fraction * areas.sum())])


def _check_known(plate: Plate) -> None:
    unknown = [name for name in plate.parameters if name not in plate.equation.ranges]
    if unknown:
        raise ValueError(
            f"Parameter `parameters` must say from where to where each goes, as in {{{unknown[0]!r}: (low, high)}}, "
            f"for a plate to be scaled. Found no range of {', '.join(unknown)}."
        )
    fields = {f.name for e in plate.equations.values() for f in e.atoms(AppliedUndef)} - {plate.equation.w}
    if fields:
        raise ValueError(
            "Stiffness and load must be numbers or expressions for a plate to be scaled: the size of a field is not "
            f"known. Found {', '.join(sorted(fields))}."
        )


class PlateNetwork(Scaled):
    """
    A network of x, y and parameters in their own units that gives the deflection in its own.

    ::

        w = scale_w * (network((x - shift) / scale, poles of holes) + sum of a_i w_i) + w_p

    It need not learn what is not smooth, see `singular`: it sees functions with their pole in each hole, and what a
    load that jumps does to an unbounded plate, w_p, is added to its output. So is what has no bound at corners and what
    supports inside do, w_i, with amplitudes a_i that are trained.

    Parameters
    ----------
    network : Module
        The network: its inputs are x, y, the parameters, and three columns for each hole.
    sizes : Scales
        What `scales` returned for the plate.

    Examples
    --------
    >>> import torch
    >>> from modulus_relobralo.problems import annulus
    >>> from modulus_relobralo.plates import KirchhoffPlate, Plate
    >>> ring = Plate(annulus(3, 1), KirchhoffPlate(D=20e6, nu=0.2, p=5e3), {"outer": "clamped", "inner": "free"})
    >>> layers = torch.nn.Linear(2 + 3 * 1, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1)
    >>> PlateNetwork(torch.nn.Sequential(*layers), scales(ring))(torch.tensor([[2.0, 0.0]])).shape
    torch.Size([1, 1])
    """

    def __init__(self, network: Module, sizes: Scales) -> None:
        super().__init__(network, [*sizes.inputs.values()], [(0.0, sizes.outputs[sizes.w])])
        self.poles, self.patches, self.functions = sizes.poles, sizes.patches, sizes.functions
        if self.functions:
            self.amplitudes = Parameter(next(network.parameters()).new_zeros(len(self.functions)))

    def forward(self, x: Tensor) -> Tensor:
        """Return the deflection, [..., 1], of inputs, [..., inputs]."""
        seen = with_poles(self.poles, x, self.scaled(x))
        found = self.network(seen)
        if self.functions:
            found = with_deflection(self.functions, x, found, self.amplitudes)
        return with_deflection(self.patches, x, self.unscaled(found))

    def propagate_jet(self, jet: Jet, passing: Pass) -> Jet:
        """Return the jet of the deflection; see `taylor.networks.StatesJet`."""
        seen = jet_with_poles(self.poles, jet, self.scaled_jet(jet), passing.channels)
        found = passing.through(self.network, seen)
        if self.functions:
            found = jet_with_deflection(self.functions, jet, found, passing.targets, self.amplitudes)
        return jet_with_deflection(self.patches, jet, self.unscaled_jet(found), passing.targets)
