"""L-BFGS that can follow another optimizer in one run directory."""

from __future__ import annotations

import logging
from typing import Any

import torch

logger = logging.getLogger(__name__)


class LBFGS(torch.optim.LBFGS):
    """L-BFGS of PyTorch, which also starts from the checkpoint of another optimizer.

    The usual order in the training of physics-informed networks is Adam, then L-BFGS. The host loads the optimizer's
    state before that of everything else, and PyTorch's L-BFGS takes over the options of Adam with it, lacks its own
    and fails. This one leaves the state of another optimizer alone and starts without history, while the host goes
    on to load the network and the balancing: the weights of the loss terms are those of the first run.

    Parameters are those of :class:`torch.optim.LBFGS`. In a config: ``optimizer: lbfgs``.
    """

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the state of L-BFGS; start without history from that of another optimizer."""
        if all("history_size" in group for group in state_dict["param_groups"]):
            super().load_state_dict(state_dict)
        else:
            logger.info("The checkpoint is of another optimizer: L-BFGS starts without history.")
