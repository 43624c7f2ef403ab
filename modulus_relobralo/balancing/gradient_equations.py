"""The equations of gradient balancing as functions of tensors: no state, no host, no Python branch on a value.

The m loss terms L are equations, the residuals of the highest order of derivative, or conditions on the solution:
values on edges, at the start or at sensors, fluxes, moments. With gradients g in the network's parameters the weights
are

    lambda_i = m * b_i / sum_j b_j

    equations:   b_i = min((max_j |g_j| / |g_i|)^s_i, bound)
    conditions:  b_i = clamp(max over equations e of b_e |g_e| / (|g_i| sqrt(n)), 1, bound)

So the n conditions together, were their gradients perpendicular, pull at least as hard as the strongest equation. The
other way round it would do harm. An equation that a flat field satisfies, as those of heat and flow do, starts with
next to no gradient; raised to the pull of the conditions it holds the field flat, and they can never be met. It has to
be let grow, and then to come down again. An equation with a source is different: a flat field does not satisfy it, and
if the conditions pull harder, it is they who hold the field flat. The two are told apart by the equation's progress:

    s_i = clamp(1 + log10(r_i), 0, 1) if r_i <= 1, else 0,        r_i = L_i / L_i at the first step.

So an equation is helped as long as it is within a power of ten below its first value; and not in the first steps, in
which most come down by themselves. The bound is for a term that is
small by accident, which must not take all of the weight.

References
----------
S. Wang, Y. Teng and P. Perdikaris, Understanding and mitigating gradient flow pathologies in physics-informed neural
networks, SIAM J. Sci. Comput. 43 (2021): conditions against the equation, by their gradients. S. Wang, S. Sankaran,
H. Wang and P. Perdikaris, An Expert's Guide to Training Physics-informed Neural Networks, arXiv:2308.08468 (2023), the
section on loss weighting: by the norms of all terms. R. Bischof and M. Kraus, arXiv:2110.09813 (2021): progress against
the first value of each term.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def exponents(losses: Tensor, first: Tensor) -> Tensor:
    """Return s_i, shape [m]: 1 for a term at its first value, 0 for one that is a power of ten below or that has grown.

    Parameters
    ----------
    losses, first : Tensor
        Loss terms now and at the first step, shape [m].
    """
    r = losses / first
    return torch.where(r <= 1, 1 + torch.log10(r), torch.zeros_like(r)).clamp(0, 1)


def scale(log_norms: Tensor, s: Tensor, equations: Tensor, bound: float) -> Tensor:
    """Return the weights, shape [m], summing to m.

    Parameters
    ----------
    log_norms : Tensor
        Natural logarithms of the norms of the gradients, shape [m]; one that is not known, NaN, counts as their mean.
    s : Tensor
        The exponents, shape [m].
    equations : Tensor
        Which of the terms are equations, boolean of shape [m].
    bound : float
        The largest ratio of two weights.
    """
    known = torch.where(torch.isnan(log_norms), log_norms.nanmean().nan_to_num(), log_norms)
    of_equations = (s * (known.max() - known)).clamp(0, math.log(bound))
    pull = torch.where(equations, known + of_equations, -torch.inf).max() - (~equations).sum().log() / 2
    of_conditions = (pull - known).clamp(0, math.log(bound))
    return torch.softmax(torch.where(equations, of_equations, of_conditions), dim=-1) * log_norms.numel()


def remember(log_norms: Tensor, found: Tensor, memory: float) -> Tensor:
    """Return the geometric moving average of norms after new ones, shape [m]; what was known where one is no number."""
    both = torch.lerp(found, log_norms, memory)
    return torch.where(torch.isfinite(found), torch.where(torch.isnan(log_norms), found, both), log_norms)
