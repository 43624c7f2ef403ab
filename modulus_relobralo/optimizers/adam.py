"""Adam that can follow another optimizer in one run directory."""

from __future__ import annotations

import torch

from modulus_relobralo.optimizers.successor import Successor


class Adam(Successor, torch.optim.Adam):
    """Adam of PyTorch, which also starts from the checkpoint of another optimizer.

    The option ``optimizer: adam`` of the hosts names PyTorch's own. That one does not know a checkpoint of L-BFGS, and
    the training stops (``KeyError: 'betas'``). With ``optimizer._target_=modulus_relobralo.optimizers.Adam`` beside
    ``optimizer=adam`` it goes on.

    Parameters are those of :class:`torch.optim.Adam`; its checkpoints, and those of AdamW, go on under this class.
    """
