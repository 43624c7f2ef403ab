"""The equations of gradient balancing as functions of tensors: no state, no host, no Python branch on a value.

For m loss terms L with gradients g in the network's parameters, the weights are

    lambda_i = m * |g_i|^-s / sum_j |g_j|^-s.

With s = 1 all terms pull equally hard (Wang et al.), with s = 0 they are the plain sum. Which of the two it is follows
from the progress of the slowest term, each measured against the largest value that it has had so far:

    r = max_i L_i / max over the steps so far of L_i,        s = clamp(1 + log10(r) / decades, 0, 1).

While one term has not come down, gradients are equalised; once all have come down by `decades` powers of ten, no term
needs help, and a scale that pulled on would only trade the error of one for that of another.

References
----------
S. Wang, S. Sankaran, H. Wang and P. Perdikaris, An Expert's Guide to Training Physics-informed Neural Networks,
arXiv:2308.08468 (2023), the section on loss weighting: s = 1. Progress is taken against the past of each term, as
R. Bischof and M. Kraus do, arXiv:2110.09813 (2021).
"""

from __future__ import annotations

import torch
from torch import Tensor


def slowest_progress(losses: Tensor, largest: Tensor) -> Tensor:
    """Return r, shape []: 1 while a term is where it was largest; a term that has always been nothing does not count.

    Parameters
    ----------
    losses, largest : Tensor
        Loss terms now and at their largest, shape [m].
    """
    return torch.where(largest > 0, losses / largest, torch.zeros_like(losses)).max()


def exponent(progress: Tensor, decades: float) -> Tensor:
    """Return s, shape []: from 1 where there was no progress to 0 after `decades` powers of ten."""
    return (1 + torch.log10(progress) / decades).clamp(0, 1)


def scale(log_norms: Tensor, s: Tensor) -> Tensor:
    """Return the weights, shape [m], summing to m.

    Parameters
    ----------
    log_norms : Tensor
        Natural logarithms of the norms of the gradients, shape [m]; one that is not known, NaN, counts as their mean.
    s : Tensor
        The exponent, shape [].
    """
    known = torch.where(torch.isnan(log_norms), log_norms.nanmean().nan_to_num(), log_norms)
    return torch.softmax(-s * known, dim=-1) * log_norms.numel()


def remember(log_norms: Tensor, found: Tensor, memory: float) -> Tensor:
    """Return the geometric moving average of norms after new ones, shape [m]; what was known where one is no number."""
    both = torch.lerp(found, log_norms, memory)
    return torch.where(torch.isfinite(found), torch.where(torch.isnan(log_norms), found, both), log_norms)
