"""The equations of gradient balancing as functions of tensors: no state, no host, no Python branch on a value.

The m loss terms are equations, residuals of differential equations in the interior, or one of n conditions on the
solution: values on edges, at the start or at sensors, fluxes, moments. With gradients g in the network's parameters,
and n_i = 1 for an equation and n for a condition, the weights are::

    lambda_i = m * b_i / sum_j b_j

    equations:   b_i = a_i,                       a_i = (|g_i| sqrt(n_i))^-s
    conditions:  b_i = a_i max(1, c_i / a_i)^f,   c_i = min(max over equations e of a_e |g_e| / (|g_i| sqrt(n)),
                                                            bound * max over equations e of a_e)

With s = 1 the strongest equation and all conditions together pull equally hard, were the conditions' gradients
perpendicular. With s = 0 and f = 0 it is the plain sum. With f = 1 conditions that pull less than the equation are
raised to it, at most `bound` times, because high derivatives of a network have large gradients, and an equation that is
met without its conditions has another solution. Which of the two is raised follows from the progress of the terms since
the start, P_i = log10 (L_i / L_i at the start), by how far the slowest condition is ahead of the slowest equation::

    d = P_e - P_c,    P_e, P_c: the largest of each kind
    f = clamp(1 - d, 0, 1)
    s = clamp(d - 1, 0, 1) * clamp(min(1 + P_e / 4, 1 - 2 P_e), 0, 1)

So conditions are raised until they are a power of ten ahead, and an equation is raised from there on, less and less
while it comes down itself. One that is above its first value is not: an equation that a flat field satisfies, as those
of heat and flow do, has to grow before the conditions can be met, and raised it would hold the field flat. Where its
first loss is zero, or below a millionth of what it is later, L_e at the start is the largest that it has been so far.

References
----------
S. Wang, Y. Teng and P. Perdikaris, Understanding and mitigating gradient flow pathologies in physics-informed neural
networks, SIAM J. Sci. Comput. 43 (2021): conditions against the equation, by maxima and means of their gradients.
S. Wang, S. Sankaran, H. Wang and P. Perdikaris, An Expert's Guide to Training Physics-informed Neural Networks,
arXiv:2308.08468 (2023), the section on loss weighting: by norms, s = 1 throughout. Progress is taken against the first
losses, as R. Bischof and M. Kraus do, arXiv:2110.09813 (2021).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

DECADES = 4
"""Powers of ten over which an equation has to come down until it is no longer raised."""


def lag(progress: Tensor, equations: Tensor) -> tuple[Tensor, Tensor]:
    """Return s and f, each of shape []: how far equations are to be raised, and how far conditions.

    Parameters
    ----------
    progress : Tensor
        Decimal logarithms of the loss terms, each divided by its first value, shape [m]; one that is not known, NaN,
        does not count. Where no equation is known, conditions are raised.
    equations : Tensor
        Which of the terms are equations, boolean of shape [m].
    """
    unknown = torch.isnan(progress)
    equation = progress.masked_fill(unknown | ~equations, -torch.inf).max()
    condition = progress.masked_fill(unknown | equations, -torch.inf).max()
    ahead = (equation - condition).nan_to_num(0.0)
    standing = torch.minimum(1 + equation / DECADES, 1 - 2 * equation).clamp(0, 1)
    return standing * (ahead - 1).clamp(0, 1), (1 - ahead).clamp(0, 1)


def scale(log_norms: Tensor, equations: Tensor, s: Tensor, f: Tensor, bound: float) -> Tensor:
    """Return the weights, shape [m], summing to m; those of the plain sum if all terms are of one kind.

    Parameters
    ----------
    log_norms : Tensor
        Natural logarithms of the norms of the gradients, shape [m]; one that is not known, NaN, counts as their mean.
    equations : Tensor
        Which of the terms are equations, boolean of shape [m].
    s, f : Tensor
        How far equations and conditions are raised, in [0, 1], shape [].
    bound : float
        How many times the weight of an equation a condition may have for pulling less.
    """
    unknown = torch.isnan(log_norms)
    known = torch.where(unknown, log_norms.nanmean().nan_to_num(), log_norms)
    share = torch.where(equations, torch.zeros_like(known), (~equations).sum().log() / 2)
    evened = -s * (known + share)
    pull = (evened + known).masked_fill(~equations, -torch.inf).max()
    highest = evened.masked_fill(~equations, -torch.inf).max() + math.log(bound)
    behind = (torch.minimum(pull - known - share, highest) - evened).clamp(min=0)
    raised = torch.where(equations, evened, evened + f * behind)
    comparable = equations.any() & ~equations.all() & ~unknown.all()
    return torch.softmax(torch.where(comparable, raised, torch.zeros_like(known)), dim=-1) * log_norms.numel()


def log_gradient_norms(losses: Iterable[Tensor], parameters: Sequence[Tensor]) -> Tensor:
    """Return the logarithms of the norms of the gradients, shape [m]; minus infinity or NaN where there is none.

    Each term is differentiated by itself: a term costs the way back through its own points, all of them about one
    backward pass. Their graph stays, for that of the sum.

    Parameters
    ----------
    losses : iterable of Tensor
        Loss terms, each of shape [].
    parameters : sequence of Tensor
        Those that are trained.
    """
    return torch.stack([_log_norm(loss, parameters) for loss in losses])


def _log_norm(loss: Tensor, parameters: Sequence[Tensor]) -> Tensor:
    value = loss.detach()
    if not loss.requires_grad or not parameters:
        return torch.full_like(value, -torch.inf)
    # Of the root, and then times it: in half precision the gradient of a small mean of squares would be nothing.
    seed = torch.where(value > 0, value.rsqrt(), torch.ones_like(value))
    found = torch.autograd.grad(loss, parameters, grad_outputs=seed, retain_graph=True, allow_unused=True)
    norms = [gradient.norm().to(value.dtype) for gradient in found if gradient is not None]
    return torch.stack(norms).norm().log() - seed.log() if norms else torch.full_like(value, -torch.inf)
