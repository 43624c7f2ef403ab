"""SOAP in the host's Solver: ``optimizer: soap``.

Its steps are made by the trainer's own methods for Adam, so that clipping, accumulated gradients and mixed precision
are as with Adam. Neither host records the optimizer's step in a CUDA graph, where SOAP's eigenvectors could not be.
"""

from __future__ import annotations

import importlib


def method(name: str) -> str:
    """Return `name`, the trainer's method, if SOAP can be made.

    Raises
    ------
    ModuleNotFoundError
        If its library is not installed; the message says how to.
    """
    # The trainer would wrap this error in another one that does not say it.
    importlib.import_module("modulus_relobralo.optimizers.soap")
    return name
