"""Adam that resumes after another optimizer, and with changed options."""

from __future__ import annotations

import torch

from modulus_relobralo.optimizers.resumable import Resumable


class Adam(Resumable, torch.optim.Adam):
    """Adam of PyTorch, which also starts from the checkpoint of another optimizer.

    The option ``optimizer: adam`` of the hosts names PyTorch's own. That one does not know a checkpoint of L-BFGS, and
    the training stops (``KeyError: 'betas'``). With ``optimizer._target_=modulus_relobralo.optimizers.Adam`` beside
    ``optimizer=adam`` it goes on.

    Parameters are those of :class:`torch.optim.Adam`; its checkpoints, and those of AdamW, go on under this class.
    """

    # With it the state has a third moment.
    laid_out_for = frozenset({"amsgrad"})
