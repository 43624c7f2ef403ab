"""A fully connected network of the host that knows where a plate has holes, and what a load that jumps does to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.architectures import scaled_input
from modulus_relobralo.hosts.sym.host import HostKey, HostModule
from modulus_relobralo.plates.particular import LoadedRectangle, jet_with_deflection, with_deflection
from modulus_relobralo.plates.poles import COUNT, jet_with_poles, with_poles
from modulus_relobralo.problems.shapes.shape import HolePole
from modulus_relobralo.taylor.jets import Jet
from modulus_relobralo.taylor.networks import Pass

_Arch: Any = host.load("models.arch").Arch
_FullyConnectedArch: Any = host.load("models.fully_connected").FullyConnectedArch


class PlateArch(_Arch):
    """
    The host's ``FullyConnectedArch`` with what is not smooth in a plate's deflection beside it.

    That is further inputs with their poles in holes (`plates.poles`), and a particular solution of loads that
    jump, which is added to its output (`plates.particular`).

    Parameters
    ----------
    input_keys, output_keys : list of Key
        As of the host's architectures; the first two inputs are x and y.
    poles : sequence of HolePole
        `Shape.poles`.
    rectangles : sequence of LoadedRectangle
        `plates.particular.loaded_rectangles`.
    architecture : ModelConf
        The config of the network, of type ``fully_connected``.

    Raises
    ------
    ValueError
        If the config is of another type.
    """

    def __init__(
        self,
        input_keys: list[HostKey],
        output_keys: list[HostKey],
        poles: Sequence[HolePole],
        rectangles: Sequence[LoadedRectangle],
        architecture: Any,
    ) -> None:
        super().__init__(input_keys, output_keys)
        self.poles, self.rectangles = tuple(poles), tuple(rectangles)
        further = [host.Key("poles", size=COUNT * len(self.poles))] if self.poles else []
        network = host.instantiate_arch(
            cfg=architecture, input_keys=[*input_keys, *further], output_keys=list(output_keys)
        )
        if type(network) is not _FullyConnectedArch or network.periodicity is not None:
            raise ValueError(
                "Parameter `architecture` must be fully_connected, and not periodic, where there are holes or patches "
                f"of load. Found `architecture = {architecture}`."
            )
        self._impl: HostModule = network._impl

    def _tensor_forward(self, x: Tensor) -> Tensor:
        """Return the outputs side by side, [points, outputs], of inputs side by side, [points, inputs]."""
        seen = with_poles(self.poles, x, self.process_input(x, self.input_scales_tensor))
        found = self.process_output(self._impl(seen), self.output_scales_tensor)
        return with_deflection(self.rectangles, x, found)

    def forward(self, in_vars: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the outputs by name, each [points, columns]."""
        x = self.concat_input(in_vars, self.input_key_dict.keys(), detach_dict=self.detach_key_dict, dim=-1)
        return self.split_output(self._tensor_forward(x), self.output_key_dict, dim=-1)

    def propagate_jet(self, jet: Jet, passing: Pass) -> Jet:
        """Return the jet of the outputs; see `taylor.networks.StatesJet`."""
        seen = jet_with_poles(self.poles, jet, scaled_input(self, jet), passing.channels)
        found = passing.through(self._impl, seen)
        if self.output_scales_tensor is not None:
            offset, factor = self.output_scales_tensor
            found = found.scale(factor).shift(offset)
        return jet_with_deflection(self.rectangles, jet, found, passing.targets)
