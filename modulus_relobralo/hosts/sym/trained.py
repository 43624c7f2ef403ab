"""Results of a plate from the host's network, or from the folder of a run, without training again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf

from modulus_relobralo.hosts.sym.architectures import read
from modulus_relobralo.hosts.sym.dtypes import precision
from modulus_relobralo.hosts.sym.scaling import MADE_FOR, plate_network
from modulus_relobralo.plates import Plate
from modulus_relobralo.plates.results import Results, results
from modulus_relobralo.plates.values import NetworkDeflection


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
