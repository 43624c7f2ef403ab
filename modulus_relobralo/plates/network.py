"""A network of a plate for a loop: in the plate's units, and with what is not smooth in its deflection beside it."""

from __future__ import annotations

from torch import Tensor
from torch.nn import Module

from modulus_relobralo.plates.particular import jet_with_deflection, with_deflection
from modulus_relobralo.plates.poles import jet_with_poles, with_poles
from modulus_relobralo.plates.scaling import Scales
from modulus_relobralo.taylor import Scaled
from modulus_relobralo.taylor.jets import Jet
from modulus_relobralo.taylor.networks import Pass


class PlateNetwork(Scaled):
    """
    A network of x, y and parameters in their own units that gives the deflection in its own.

    ::

        w = scale_w * network((x - shift) / scale, poles of holes) + w_p

    It need not learn what is not smooth: it sees functions with their pole in each hole (`poles`), and what a load that
    jumps does to an unbounded plate, w_p, is added to its output (`particular`).

    Parameters
    ----------
    network : Module
        The network: its inputs are x, y, the parameters, and three columns for each hole.
    sizes : Scales
        What `scaling.scales` returned for the plate.

    Examples
    --------
    >>> import torch
    >>> from modulus_relobralo.problems import annulus
    >>> from modulus_relobralo.plates import KirchhoffPlate, Plate
    >>> from modulus_relobralo.plates.scaling import scales
    >>> ring = Plate(annulus(3, 1), KirchhoffPlate(D=20e6, nu=0.2, p=5e3), {"outer": "clamped", "inner": "free"})
    >>> layers = torch.nn.Linear(2 + 3 * 1, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1)
    >>> PlateNetwork(torch.nn.Sequential(*layers), scales(ring))(torch.tensor([[2.0, 0.0]])).shape
    torch.Size([1, 1])
    """

    def __init__(self, network: Module, sizes: Scales) -> None:
        super().__init__(network, [*sizes.inputs.values()], [(0.0, sizes.outputs[sizes.w])])
        self.poles, self.rectangles = sizes.poles, sizes.rectangles

    def forward(self, x: Tensor) -> Tensor:
        """Return the deflection, [..., 1], of inputs, [..., inputs]."""
        seen = with_poles(self.poles, x, self.scaled(x))
        return with_deflection(self.rectangles, x, self.unscaled(self.network(seen)))

    def propagate_jet(self, jet: Jet, passing: Pass) -> Jet:
        """Return the jet of the deflection; see `taylor.networks.StatesJet`."""
        seen = jet_with_poles(self.poles, jet, self.scaled_jet(jet), passing.channels)
        found = self.unscaled_jet(passing.through(self.network, seen))
        return jet_with_deflection(self.rectangles, jet, found, passing.targets)
