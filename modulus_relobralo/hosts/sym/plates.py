"""Plates in SI units: networks of the host that are of order one within, weights of their losses, and results."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf
from torch import Tensor
from torch.nn import Parameter

from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.architectures import read, scaled_input
from modulus_relobralo.hosts.sym.dtypes import precision
from modulus_relobralo.hosts.sym.host import HostKey, HostModule
from modulus_relobralo.loops.loss_terms import LossTerms
from modulus_relobralo.plates import Plate
from modulus_relobralo.plates.corners import unbounded
from modulus_relobralo.plates.results import Results, results
from modulus_relobralo.plates.scaling import scales
from modulus_relobralo.plates.singular import (
    POLE_COLUMNS,
    KnownFunction,
    jet_with_deflection,
    jet_with_poles,
    loaded_patches,
    with_deflection,
    with_poles,
)
from modulus_relobralo.plates.values import NetworkDeflection
from modulus_relobralo.problems.sampling import samples
from modulus_relobralo.problems.shapes.shape import HolePole
from modulus_relobralo.taylor.jets import Jet
from modulus_relobralo.taylor.networks import Pass

HELD_OUT = 2**31
"""A step that no training reaches, whose points it does not use."""

MADE_FOR = "made_for"
"""The buffer of a network that holds scales, poles and loads of its plate."""

_Arch: Any = host.load("models.arch").Arch
_FullyConnectedArch: Any = host.load("models.fully_connected").FullyConnectedArch


class PlateArch(_Arch):
    """
    The host's ``FullyConnectedArch`` with what is not smooth in a plate's deflection beside it.

    That is further inputs with their poles in holes, and a particular solution of loads that jump, which is added to
    its output, see `plates.singular`.

    Parameters
    ----------
    input_keys, output_keys : list of Key
        As of the host's architectures; the first two inputs are x and y.
    poles : sequence of HolePole
        `Shape.poles`.
    patches : sequence of KnownFunction
        What loads do, on patches and at corners, which is added as it is.
    architecture : ModelConf
        The config of the network, of type ``fully_connected``.
    functions : sequence of KnownFunction
        What corners and supports inside do, which is added with amplitudes that are trained.

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
        patches: Sequence[KnownFunction],
        architecture: Any,
        functions: Sequence[KnownFunction] = (),
    ) -> None:
        super().__init__(input_keys, output_keys)
        self.functions = tuple(functions)
        self.poles, self.patches = tuple(poles), tuple(patches)
        further = [host.Key("poles", size=POLE_COLUMNS * len(self.poles))] if self.poles else []
        network = host.instantiate_arch(
            cfg=architecture, input_keys=[*input_keys, *further], output_keys=list(output_keys)
        )
        if type(network) is not _FullyConnectedArch or network.periodicity is not None:
            raise ValueError(
                "Parameter `architecture` must be fully_connected, and not periodic, where there are holes, patches "
                f"of load, supports inside or corners without a bound. Found `architecture = {architecture}`."
            )
        self._impl: HostModule = network._impl
        if self.functions:
            self.amplitudes = Parameter(next(network.parameters()).new_zeros(len(self.functions)))

    def _tensor_forward(self, x: Tensor) -> Tensor:
        """Return the outputs side by side, [points, outputs], of inputs side by side, [points, inputs]."""
        seen = with_poles(self.poles, x, self.process_input(x, self.input_scales_tensor))
        found = self._impl(seen)
        if self.functions:
            found = with_deflection(self.functions, x, found, self.amplitudes)
        found = self.process_output(found, self.output_scales_tensor)
        return with_deflection(self.patches, x, found)

    def forward(self, in_vars: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the outputs by name, each [points, columns]."""
        x = self.concat_input(in_vars, self.input_key_dict.keys(), detach_dict=self.detach_key_dict, dim=-1)
        return self.split_output(self._tensor_forward(x), self.output_key_dict, dim=-1)

    def propagate_jet(self, jet: Jet, passing: Pass) -> Jet:
        """Return the jet of the outputs; see `taylor.networks.StatesJet`."""
        seen = jet_with_poles(self.poles, jet, scaled_input(self, jet), passing.channels)
        found = passing.through(self._impl, seen)
        if self.functions:
            found = jet_with_deflection(self.functions, jet, found, passing.targets, self.amplitudes)
        if self.output_scales_tensor is not None:
            offset, factor = self.output_scales_tensor
            found = found.scale(factor).shift(offset)
        return jet_with_deflection(self.patches, jet, found, passing.targets)


def plate_network(plate: Plate, architecture: Any) -> Any:
    """
    Return a network for a plate, with the keys that `keys` gives; it knows of the plate's holes and patches of load.

    Parameters
    ----------
    plate : Plate
        The plate.
    architecture : ModelConf
        Config of the network, as ``cfg.arch.fully_connected``. For a plate with holes, patches of load,
        supports inside or corners without a bound no other type will do; another type does not know of other corners.

    Raises
    ------
    TypeError, ValueError
        As `keys`, or if the architecture cannot know of them, see `PlateArch`.

    Examples
    --------
    ::

        network = plate_network(plate, cfg.arch.fully_connected)
        nodes = equation_nodes(plate, network)
        nodes += taylor_nodes(network, "plate_network", nodes)
    """
    (inputs, outputs), sizes = keys(plate), scales(plate)
    if _is_needed(plate) or (architecture.arch_type == "fully_connected" and (sizes.patches or sizes.functions)):
        network = PlateArch(inputs, outputs, sizes.poles, sizes.patches, architecture, sizes.functions)
    else:
        network = host.instantiate_arch(cfg=architecture, input_keys=inputs, output_keys=outputs)
    # In its checkpoint, so that nobody reads it as the network of another plate.
    made_for = [number for key in (*inputs, *outputs) for number in key.scale]
    made_for += [number for pole in sizes.poles for number in pole]
    made_for += [number for function in (*sizes.patches, *sizes.functions) for number in function.numbers]
    network.register_buffer(MADE_FOR, torch.tensor(made_for))
    return network


def _is_needed(plate: Plate) -> bool:
    """Return whether a plate is not solved at all by a network that does not know what is not smooth in it."""
    jumps = loaded_patches(plate.equation, plate.shape)
    return bool(plate.shape.poles or jumps or plate.cells or unbounded(plate))


def keys(plate: Plate) -> tuple[list[Any], list[Any]]:
    """Return the keys of the inputs and of the output of a network for a plate, of which `plate_network` makes one.

    The network takes and gives SI units; within, all is of order one. `constraints` with ``scaled=True`` does the same
    for the loss terms.

    Returns
    -------
    tuple of list of Key
        x, y and the parameters; the deflection.

    Raises
    ------
    TypeError, ValueError
        If it is no `Plate`, or the size of something is not known, see `plates.scaling.scales`.

    Examples
    --------
    ::

        inputs, outputs = keys(plate)
        network = instantiate_arch(input_keys=inputs, output_keys=outputs, cfg=cfg.arch.fully_connected)
    """
    sizes = scales(_checked(plate))
    inputs = [host.Key(name, scale=scale) for name, scale in sizes.inputs.items()]
    return inputs, [host.Key(sizes.w, scale=(0.0, sizes.outputs[sizes.w]))]


def weights(plate: Any) -> dict[str, float]:
    """Return what the squared residual of each output is multiplied by: one over the square of its size."""
    return {name: size**-2 for name, size in scales(_checked(plate)).outputs.items()}


def _checked(plate: Any) -> Plate:
    if not isinstance(plate, Plate):
        raise TypeError(f"Only a Plate knows the sizes of its quantities. Found {plate!r}.")
    return plate


class BestState(host.Monitor):
    """Keeps the best state of a plate's network while it trains: a run that diverges later is not its result.

    The best is that of the smallest sum of loss terms, all of order one, at points that training does not use, each
    ``training.rec_monitor_freq`` steps.

    Parameters
    ----------
    plate : Plate
        The plate.
    network : Arch
        Its network, of `plate_network`.
    points : int
        How many of them lie inside; a tenth as many lie on each edge.

    Examples
    --------
    ::

        best = BestState(plate, network)
        domain.add_monitor(best, "best")
        solver.solve()
        best.restore(cfg.network_dir)
    """

    def __init__(self, plate: Plate, network: Any, points: int = 500) -> None:
        sizes = scales(_checked(plate))
        places = samples(
            plate, points, max(points // 10, 1) * len(plate.shape.edges), reduction="mean", sizes=sizes.outputs
        )
        self._network, self._step = network, -1
        self._terms = LossTerms(plate, places, network, [sizes.w], compiled=False, reader=read)
        self._points = self._terms.draw(HELD_OUT)
        self._least, self._state = math.inf, copy.deepcopy(network.state_dict())

    def save_results(self, name: str, writer: Any, step: int, data_dir: str) -> dict[str, Tensor]:
        """Look at the network of `step`, and keep it if it is the best so far."""
        with torch.no_grad():
            loss = float(sum(term.double().sum() for term in self._terms(self._points).values()))
        writer.add_scalar(f"Monitors/{name}/loss", loss, step, new_style=True)
        if loss < self._least:
            self._least, self._step = loss, int(step)
            self._state = copy.deepcopy(self._network.state_dict())
        return {"best_loss": torch.tensor(self._least)}

    def restore(self, folder: str | Path) -> int:
        """Put the best state back into the network and its file in a run's folder, and return its step."""
        self._network.load_state_dict(self._state)
        self._network.save(str(folder))
        return self._step


def plate_results(
    plate: Plate, trained: Any, parameters: Mapping[str, float] | None = None, name: str = "plate_network"
) -> Results:
    """
    Return the results of a trained plate.

    Parameters
    ----------
    plate : Plate
        The plate that was trained.
    trained : Arch, str or Path
        Its network, or the folder of the run, whose network `plate_network` had made.
    parameters : mapping, optional
        Values of the plate's parameters: a member of the family.
    name : str
        The name of the network in its run.

    Raises
    ------
    FileNotFoundError
        If the folder has no such network, or no record of its config.
    ValueError
        If a parameter has no value, if the network of the folder is that of another plate, or if its config has more
        than one architecture.
    """
    network = load_network(plate, Path(trained), name) if isinstance(trained, (str, Path)) else trained
    inputs = [str(key) for key in network.input_keys]
    return results(plate, NetworkDeflection(network, inputs, plate.equation.w, read), parameters)


def load_network(plate: Plate, folder: Path, name: str = "plate_network") -> Any:
    """Return the network of a run, with the parameters of its checkpoint."""
    config, checkpoint = folder / ".hydra" / "config.yaml", folder / f"{name}.0.pth"
    for path in (config, checkpoint):
        if not path.is_file():
            raise FileNotFoundError(f"A trained plate is read from its config and its network. There is no {path}.")
    architectures = OmegaConf.select(OmegaConf.load(config), "arch", default={})
    if len(architectures) != 1:
        raise ValueError(
            f"Results are read from a run with one `arch`. Found {list(architectures)} in {config}: give the network "
            "itself."
        )
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    with precision(_precision_of(state)):
        network = plate_network(plate, *architectures.values())
    _check_made_for(state.get(MADE_FOR), getattr(network, MADE_FOR), checkpoint)
    network.load_state_dict(state)
    return network


def _precision_of(state: Mapping[str, torch.Tensor]) -> str:
    """Return the precision in which a network was trained."""
    return str(next(t.dtype for t in state.values() if t.is_floating_point())).removeprefix("torch.")


def _check_made_for(found: torch.Tensor | None, expected: torch.Tensor, checkpoint: Path) -> None:
    if found is None:
        raise ValueError(
            "Results are read from a network that `plate_network` made, for its scales are not in other checkpoints. "
            f"Found none in {checkpoint}: give the network itself."
        )
    if found.shape != expected.shape or not torch.allclose(found.to(expected), expected, rtol=1e-4):
        raise ValueError(
            f"Parameter `plate` must be the plate that was trained. Found {checkpoint} with scales, poles and loads "
            f"{found.tolist()}, and a plate with {expected.tolist()}."
        )
