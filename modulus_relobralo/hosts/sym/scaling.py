"""Plates in SI units: the host's networks, keys and loss weights that make inputs, outputs and losses of order one."""

from __future__ import annotations

from typing import Any

import torch

from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.plate_arch import PlateArch
from modulus_relobralo.plates import Plate
from modulus_relobralo.plates.scaling import scales

MADE_FOR = "made_for"
"""The buffer of a network that holds scales, poles and loads of its plate."""


def plate_network(plate: Plate, architecture: Any) -> Any:
    """
    Return a network for a plate, with the keys that `keys` gives; it knows of the plate's holes and patches of load.

    Parameters
    ----------
    plate : Plate
        The plate.
    architecture : ModelConf
        Config of the network, as ``cfg.arch.fully_connected``. For a plate with holes or rectangles of load no
        other type will do.

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
    if sizes.poles or sizes.rectangles:
        network = PlateArch(inputs, outputs, sizes.poles, sizes.rectangles, architecture)
    else:
        network = host.instantiate_arch(cfg=architecture, input_keys=inputs, output_keys=outputs)
    # In its checkpoint, so that nobody reads it as the network of another plate.
    made_for = [number for key in (*inputs, *outputs) for number in key.scale]
    made_for += [number for part in (*sizes.poles, *sizes.rectangles) for number in part]
    network.register_buffer(MADE_FOR, torch.tensor(made_for))
    return network


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
