"""The equations of gradient balancing as functions of tensors: no state, no host, no Python branch on a value.

For m loss terms L with gradients g in the network's parameters, the weights are

    lambda_i = m * b_i / sum_j b_j,        b_i = min((max_j |g_j| / |g_i|)^s_i, bound).

With s_i = 1 a term pulls as hard as the strongest, k, does (Wang et al.), with s_i = 0 it has the weight of that one.
Which of the two it is follows from progress, that of each term against the largest value that it has had so far:

    r_i = L_i / max over the steps so far of L_i,        r = max_i r_i,
    s_i = clamp(max(1 + log10(r_i), log10(r_i / r_k)), 0, 1) * clamp(1 + log10(r) / decades, 0, 1).

So a term is helped if it lags: within a power of ten of its own largest, or behind the strongest. Were the gradients of
all terms equalised, those that a flat field nearly satisfies would hold it flat, and one that has hardly moved would
never come down. Once all have come down by `decades` powers of ten, none needs help, and a scale that pulled on would
only trade the error of one for that of another. The bound is for a term that is small by accident where it is largest:
it can make no progress, and must not take all of the weight.

References
----------
S. Wang, S. Sankaran, H. Wang and P. Perdikaris, An Expert's Guide to Training Physics-informed Neural Networks,
arXiv:2308.08468 (2023), the section on loss weighting: s = 1. Progress is taken against the past of each term, as
R. Bischof and M. Kraus do, arXiv:2110.09813 (2021).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def progress(losses: Tensor, largest: Tensor) -> Tensor:
    """Return r_i, shape [m]: 1 where a term is at its largest, 0 where it has always been nothing.

    Parameters
    ----------
    losses, largest : Tensor
        Loss terms now and at their largest, shape [m].
    """
    return torch.where(largest > 0, losses / largest, torch.zeros_like(losses))


def exponents(r: Tensor, log_norms: Tensor, decades: float) -> Tensor:
    """Return s_i, shape [m]: 1 for a term that has not moved or is a power of ten behind the strongest, down to 0.

    Parameters
    ----------
    r : Tensor
        Progress, shape [m].
    log_norms : Tensor
        Natural logarithms of the norms of the gradients, shape [m]; one that is not known, NaN, is not the strongest.
    decades : float
        Powers of ten by which all terms have to come down until all exponents are 0.
    """
    strongest = r[torch.nan_to_num(log_norms, nan=-torch.inf).argmax()]
    behind = torch.log10(r / strongest).nan_to_num()
    lags = torch.maximum(1 + torch.log10(r), behind).clamp(0, 1)
    return lags * (1 + torch.log10(r.max()) / decades).clamp(0, 1)


def scale(log_norms: Tensor, s: Tensor, bound: float) -> Tensor:
    """Return the weights, shape [m], summing to m.

    Parameters
    ----------
    log_norms : Tensor
        Natural logarithms of the norms of the gradients, shape [m]; one that is not known, NaN, counts as their mean.
    s : Tensor
        The exponents, shape [m].
    bound : float
        The largest ratio of two weights.
    """
    known = torch.where(torch.isnan(log_norms), log_norms.nanmean().nan_to_num(), log_norms)
    log_factors = (s * (known.max() - known)).clamp(max=math.log(bound))
    return torch.softmax(log_factors, dim=-1) * log_norms.numel()


def remember(log_norms: Tensor, found: Tensor, memory: float) -> Tensor:
    """Return the geometric moving average of norms after new ones, shape [m]; what was known where one is no number."""
    both = torch.lerp(found, log_norms, memory)
    return torch.where(torch.isfinite(found), torch.where(torch.isnan(log_norms), found, both), log_norms)
