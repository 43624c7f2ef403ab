"""L-BFGS as the training of physics-informed networks wants it: with a line search, after another optimizer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

import torch

from modulus_relobralo.checks import check_count
from modulus_relobralo.optimizers.resumable import Resumable
from modulus_relobralo.options import LBFGS as LBFGS_OPTIONS

logger = logging.getLogger(__name__)


class LBFGS(Resumable, torch.optim.LBFGS):
    """L-BFGS of PyTorch with the strong Wolfe line search, which also starts from the checkpoint of another optimizer.

    The usual order in the training of physics-informed networks is Adam, then L-BFGS. In a config:
    ``optimizer: lbfgs``. The weights of the loss terms are those of the first run, see
    :class:`~modulus_relobralo.optimizers.resumable.Resumable`.

    Parameters
    ----------
    params : iterable
        Parameters to optimise.
    lr : float
        The length of every step, if there is no line search. With one it is not used: the search begins with the
        whole quasi-Newton step (Nocedal and Wright, Numerical Optimization, section 6.1). A config that sets
        ``optimizer.lr`` means the optimizer before; a value other than 1 is named in the log.
    line_search_fn : {"strong_wolfe", None}
        The line search.
    **options
        Further options of :class:`torch.optim.LBFGS`.

    Raises
    ------
    TypeError, ValueError
        If ``line_search_fn`` is another one, or ``max_iter`` no integer above zero.
    """

    # The state holds two lists of `history_size` vectors.
    laid_out_for = frozenset({"history_size"})

    def __init__(
        self,
        params: Iterable[torch.Tensor],
        lr: float = 1.0,
        line_search_fn: str | None = LBFGS_OPTIONS.line_search_fn,
        **options: Any,
    ) -> None:
        if line_search_fn not in ("strong_wolfe", None):
            raise ValueError(
                "Parameter `line_search_fn` must be 'strong_wolfe' or None (null in a config). "
                f"Found `line_search_fn = {line_search_fn!r}`."
            )
        if "max_iter" in options:
            check_count("max_iter", options["max_iter"])
        if line_search_fn and lr != 1.0:
            logger.info(
                "L-BFGS with a line search has no learning rate: lr=%g, meant for another optimizer, is not used. "
                "With line_search_fn=null it is the length of every step.",
                lr,
            )
            lr = 1.0
        super().__init__(params, lr=lr, line_search_fn=line_search_fn, **options)

    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Minimise what `closure` returns, by at most ``max_iter`` iterations; return its first value."""
        for group in self.param_groups:
            if group["line_search_fn"]:
                # Also where a checkpoint or a scheduler has set it.
                group["lr"] = 1.0
        return super().step(closure)
