"""SOAP of the library pytorch-optimizer, with defaults for physics-informed networks, after or before another one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from modulus_relobralo.checks import check_count, check_number
from modulus_relobralo.optimizers.resumable import Resumable
from modulus_relobralo.options import SOAP as DEFAULTS

try:
    from pytorch_optimizer import SOAP as Base
except ModuleNotFoundError:

    class Base(torch.optim.Optimizer):  # type: ignore[no-redef]
        """What SOAP is without the library: an error when one is made, which Hydra shows; one on import it hides."""

        def __init__(self, *args: Any, **options: Any) -> None:
            raise ModuleNotFoundError(
                "SOAP (`optimizer: soap`) needs the library pytorch-optimizer, which is not installed. Install it by "
                '`pip install --no-deps "pytorch-optimizer>=4"`; beside what is installed it needs nothing.'
            )


class SOAP(Resumable, Base):
    """SOAP: Adam in the eigenbasis of Shampoo's preconditioner (Vyas et al., arXiv:2409.11321, Algorithm 3).

    For a matrix of parameters with the gradient G, moving averages of G G^T and G^T G are kept. Their eigenvectors are
    brought up to date by one step of power iteration and a QR decomposition, every `precondition_frequency` steps, and
    the second moment of Adam is that of the gradient in their basis. Vectors and scalars are trained as by Adam. The
    first step only starts the averages: no parameter moves.

    In physics-informed networks it resolves conflicts between the gradients of loss terms (Wang et al.,
    arXiv:2502.00604). What its checkpoints are to others, and theirs to it, is said at
    :class:`~modulus_relobralo.optimizers.resumable.Resumable`.

    Parameters
    ----------
    params : iterable of Tensor or dict
        Parameters, or groups of them. Those without a gradient stay as they are.
    lr : float
        The learning rate, >= 0.
    betas : sequence of float
        Memory of the first and of the second moment, each in [0, 1); that of the second is the preconditioner's too.
    eps : float
        Added to the root of the second moment, >= 0.
    weight_decay : float
        Decoupled from the gradient, >= 0.
    precondition_frequency : int
        Steps from one update of the eigenvectors to the next, >= 1.
    max_precondition_dim : int
        Sides of a matrix that are longer are left in their own basis, >= 1.
    **options
        Further options of :class:`pytorch_optimizer.SOAP`.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong kind or out of range; the message names it, its range and what was found.
    """

    # The state has a matrix for each side of a parameter that these options do not leave out.
    laid_out_for = frozenset({"max_precondition_dim", "merge_dims", "precondition_1d"})

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = DEFAULTS.lr,
        betas: Sequence[float] = DEFAULTS.betas,
        eps: float = DEFAULTS.eps,
        weight_decay: float = DEFAULTS.weight_decay,
        precondition_frequency: int = DEFAULTS.precondition_frequency,
        max_precondition_dim: int = DEFAULTS.max_precondition_dim,
        **options: Any,
    ) -> None:
        settings: dict[str, Any] = {
            "lr": lr,
            "betas": _check_betas(betas),
            "eps": eps,
            "weight_decay": weight_decay,
            "precondition_frequency": precondition_frequency,
            "max_precondition_dim": max_precondition_dim,
        }
        for name in ("lr", "eps", "weight_decay"):
            check_number(name, settings[name], 0.0, math.inf)
        for name in ("precondition_frequency", "max_precondition_dim"):
            check_count(name, settings[name])
        super().__init__(params, **settings, **options)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a state; the memory of the preconditioner, which the library keeps there, follows the options."""
        super().load_state_dict(state_dict)
        for group in self.param_groups:
            memory = group["betas"][1] if group["shampoo_beta"] is None else group["shampoo_beta"]
            for parameter in group["params"]:
                if parameter in self.state:
                    self.state[parameter]["shampoo_beta"] = memory


def _check_betas(betas: Sequence[float]) -> tuple[float, float]:
    """Return both as a tuple: a list of a config is not a thing for a checkpoint."""
    if len(betas) != 2:
        raise ValueError(f"Parameter `betas` must hold two numbers. Found `betas = {list(betas)}`.")
    first, second = (check_number(f"betas[{index}]", beta, 0.0, 1.0) for index, beta in enumerate(betas))
    if max(first, second) == 1.0:
        raise ValueError(f"Parameter `betas` must hold numbers in [0, 1). Found `betas = {[first, second]}`.")
    return first, second
