"""The equations of gradient balancing as functions of tensors: no state, no host, no Python branch on a value.

The m loss terms are equations, the residuals of the highest order of derivative, or conditions on the solution: values
on edges, at the start or at sensors, fluxes, moments. With gradients g in the network's parameters the weights are

    lambda_i = m * b_i / sum_j b_j

    equations:   b_i = 1
    conditions:  b_i = clamp(max over equations e of |g_e| / (|g_i| sqrt(n)), 1, bound)

So the n conditions together, were their gradients perpendicular, pull at least as hard as the strongest equation, and
none is lowered. The other way round it would do harm. An equation that a flat field satisfies, as those of heat and
flow do, starts with next to no gradient; raised to the pull of the conditions it holds the field flat, and they can
never be met. The bound is for a term that is small by accident, which must not take all of the weight.

References
----------
S. Wang, Y. Teng and P. Perdikaris, Understanding and mitigating gradient flow pathologies in physics-informed neural
networks, SIAM J. Sci. Comput. 43 (2021): conditions against the equation, by maxima and means of their gradients,
which raises and lowers. S. Wang, S. Sankaran, H. Wang and P. Perdikaris, An Expert's Guide to Training Physics-informed
Neural Networks, arXiv:2308.08468 (2023), the section on loss weighting: by norms, all terms alike.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def scale(log_norms: Tensor, equations: Tensor, bound: float) -> Tensor:
    """Return the weights, shape [m], summing to m.

    Parameters
    ----------
    log_norms : Tensor
        Natural logarithms of the norms of the gradients, shape [m]; one that is not known, NaN, counts as their mean.
    equations : Tensor
        Which of the terms are equations, boolean of shape [m].
    bound : float
        The largest ratio of two weights.
    """
    known = torch.where(torch.isnan(log_norms), log_norms.nanmean().nan_to_num(), log_norms)
    pull = torch.where(equations, known, -torch.inf).max() - (~equations).sum().log() / 2
    raised = torch.where(equations, torch.zeros_like(known), (pull - known).clamp(0, math.log(bound)))
    return torch.softmax(raised, dim=-1) * log_norms.numel()


def remember(log_norms: Tensor, found: Tensor, memory: float) -> Tensor:
    """Return the geometric moving average of norms after new ones, shape [m]; what was known where one is no number."""
    both = torch.lerp(found, log_norms, memory)
    return torch.where(torch.isfinite(found), torch.where(torch.isnan(log_norms), found, both), log_norms)
