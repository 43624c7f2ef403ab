"""The random draws of the lookback: a generator whose whole state is one int64 tensor on the losses' device.

PyTorch's own generators do not serve here. Their state is not in a checkpoint, so a resumed run would draw
anew; drawing from the global one would change the points that the host samples, so that a run with
``loss=sum`` and one with ``loss=relobralo`` would no longer see the same data. A linear congruential generator
modulo 2^64 needs one multiplication and one addition, which wrap around by themselves in int64; both can be
captured in a CUDA graph, and every replay moves it on.

References
----------
D. E. Knuth, The Art of Computer Programming, vol. 2 (3rd ed.), section 3.3.4, table 1, line 26 (the multiplier
and increment of MMIX). G. Steele, D. Lea and C. Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA
2014 (the mixing of the seed).
"""

from __future__ import annotations

import torch
from torch import Tensor

MULTIPLIER = 6364136223846793005
INCREMENT = 1442695040888963407
MASK = (1 << 64) - 1


def initial_state(seed: int) -> int:
    """Return the int64 state that belongs to `seed`; neighbouring seeds give unrelated streams."""
    z = (seed + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return _as_int64(z ^ (z >> 31))


def threshold(probability: float) -> int:
    """Return the int64 number below which a state lies with this probability (to 2^-53)."""
    return min(int(probability * 2.0**64) - 2**63, 2**63 - 1)


def draw(state: Tensor, multiplier: Tensor, increment: Tensor, below: Tensor) -> Tensor:
    """Move `state` on in place and return a Bernoulli draw: a bool tensor, True with the probability of `below`.

    Parameters
    ----------
    state, multiplier, increment, below : Tensor
        int64, shape []; `below`, also of shape [1], is the :func:`threshold` of the probability. A comparison of
        the whole state uses its highest bits first, and those are the good ones of such a generator.
    """
    torch.addcmul(increment, state, multiplier, out=state)
    return torch.lt(state, below)


def _as_int64(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number
