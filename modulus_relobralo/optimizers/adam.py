"""Adam that can follow another optimizer in one run directory."""

from __future__ import annotations

import torch

from modulus_relobralo.optimizers.successor import Successor


class Adam(Successor, torch.optim.Adam):
    """Adam of PyTorch, which also starts from the checkpoint of another optimizer.

    The option ``optimizer: adam`` of the hosts names PyTorch's own. That one fails to load a checkpoint of L-BFGS, and
    the host then keeps the network only: it restarts at step 0 with weights of 1 ("Fail loading optimizer" in the
    log). With ``optimizer._target_=modulus_relobralo.optimizers.Adam`` beside ``optimizer=adam`` it goes on.

    Parameters are those of :class:`torch.optim.Adam`; its checkpoints, and those of AdamW, go on under this class.
    """
