"""How the weights of a network start."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from modulus_relobralo.checks import check_choice, check_positive

Network = TypeVar("Network", bound=nn.Module)

SCHEMES: dict[str, Callable[[Tensor], Tensor] | None] = {
    "default": None,
    "glorot_normal": nn.init.xavier_normal_,
    "glorot_uniform": nn.init.xavier_uniform_,
    "he_normal": partial(nn.init.kaiming_normal_, nonlinearity="relu"),
    "he_uniform": partial(nn.init.kaiming_uniform_, nonlinearity="relu"),
}
"""Names that `initialize` knows, and what they do to a matrix of weights."""


def initialize(network: Network, initialization: str = "default") -> Network:
    """Give the linear layers of a network new weights, and biases of zero.

    Parameters
    ----------
    network : Module
        Its linear layers are found wherever they are: torch's, those with torch's weight norm, and the hosts' layers
        with weight norm or weight factorization, whose products start as the matrix that `initialization` asks for.
    initialization : str
        ``"default"`` leaves the network as it is. With n_in inputs and n_out outputs of a layer the variance of a
        weight is 2 / (n_in + n_out) for ``"glorot_normal"`` and ``"glorot_uniform"`` (Glorot and Bengio, 2010,
        eq. 12 and 16), 2 / n_in for ``"he_normal"`` and ``"he_uniform"`` (He et al., 2015, eq. 10). A library may
        cut the tails of its normal distribution at two standard deviations, as Keras does; these are not cut.

    Returns
    -------
    Module
        The same network.

    Raises
    ------
    ValueError
        If there is no scheme of that name, or no linear layer in the network.

    Examples
    --------
    >>> network = nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 1))
    >>> network = initialize(network, "glorot_normal")
    >>> network[0].bias.abs().max().item()
    0.0
    """
    check_choice("initialization", initialization, SCHEMES)
    scheme = SCHEMES[initialization]
    if scheme is None:
        return network
    layers = _linear_layers(network)
    if not layers:
        raise ValueError(f"Parameter `network` must have linear layers. Found none in {type(network).__name__}.")
    with torch.no_grad():
        for layer in layers:
            _set_weight(layer, scheme)
            if layer.bias is not None:
                layer.bias.zero_()
    return network


def draw_features(network: Network, reach: float) -> Network:
    """Draw all linear layers of a network but the last, which stay so, and let the last start from zero.

    The network is then linear in what is trained: a linear problem is one least-squares problem, which
    `NaturalGradient` solves by one step where its damping is next to nothing. Known as random features, or as extreme
    learning machines (G.-B. Huang et al., 2006); of partial differential equations V. Dwivedi and B. Srinivasan,
    Physics informed extreme learning machine (PIELM), Neurocomputing 391 (2020), 96.

    Parameters
    ----------
    network : Module
        As of `initialize`, without weight norm; inputs are to be of order one.
    reach : float
        > 0: weights and biases are even in [-reach, reach], which says how steep what the network sees is.

    Returns
    -------
    Module
        The same network.

    Raises
    ------
    ValueError
        If there are less than two linear layers, one of them has weight norm, or `reach` is out of its range.

    Examples
    --------
    >>> network = draw_features(nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 1)), 2.0)
    >>> sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    65
    """
    check_positive("reach", reach)
    layers = _linear_layers(network)
    own = [{name for name, _ in layer.named_parameters(recurse=False)} for layer in layers]
    if len(layers) < 2 or any(names != {"weight", "bias"} for names in own):
        raise ValueError(
            f"Parameter `network` must have linear layers, two or more, without weight norm. Found {network}."
        )
    for layer in layers[:-1]:
        for parameter in (layer.weight, layer.bias):
            nn.init.uniform_(parameter, -reach, reach).requires_grad_(False)
    for parameter in (layers[-1].weight, layers[-1].bias):
        nn.init.zeros_(parameter)
    return network


def _linear_layers(network: nn.Module) -> list[Any]:
    return [layer for layer in network.modules() if _is_linear(layer)]


def _is_linear(layer: nn.Module) -> bool:
    # By their shape and not by their class, which would be a host's: y = W x + b with W of shape [outputs, inputs].
    sizes = {getattr(layer, "in_features", None), getattr(layer, "out_features", None)}
    return all(isinstance(size, int) for size in sizes) and hasattr(layer, "bias")


def _set_weight(layer: Any, scheme: Callable[[Tensor], Tensor]) -> None:
    """Let the matrix that `layer` multiplies by be one of `scheme`, however it is stored."""
    own = dict(layer.named_parameters(recurse=False))
    if parametrize.is_parametrized(layer, "weight"):  # torch.nn.utils.parametrizations.weight_norm
        layer.weight = scheme(torch.empty_like(layer.weight))
    elif "weight_v" in own:  # torch.nn.utils.weight_norm
        scheme(own["weight_v"])
        own["weight_g"].copy_(_norms(own["weight_v"], own["weight_g"]))
    elif "weight_g" in own:  # the hosts' weight norm
        scheme(own["weight"])
        own["weight_g"].copy_(_norms(own["weight"], own["weight_g"]))
    elif "g" in own:  # the hosts' weight factorization
        own["v"].copy_(scheme(torch.empty_like(own["v"])) / own["g"])
    else:
        scheme(own["weight"])


def _norms(weight: Tensor, norms: Tensor) -> Tensor:
    """Return the norms of the rows, the columns or all of `weight`: whichever has the shape of `norms`."""
    if norms.dim() == 0:
        return weight.norm()
    summed = [dim for dim in range(weight.dim()) if weight.shape[dim] != norms.shape[dim]]
    return weight.norm(dim=summed, keepdim=True) if summed else weight.abs()
