"""The equations of ReLoBRaLo as functions of tensors: no state, no host, no Python branch on a value.

For m loss terms L with reference values L' (those of an earlier step),

    bal(L, L') = m * softmax(L / (T * L' + eps)),

so a term that made little progress since the reference gets a large weight. With the losses of the first step
L(0), those of the previous step L(t-1) and a draw rho(t) ~ Bernoulli(E[rho]), the weights are

    lambda(t) = rho(t) * alpha * lambda(t-1)
              + (1 - rho(t)) * alpha * bal(L(t), L(0))
              + (1 - alpha) * bal(L(t), L(t-1)).

=================  =======================  ==========================================================
here               paper                    meaning
=================  =======================  ==========================================================
``losses``         L_i(t)                   loss terms, shape [m]
``initial``        L_i(0)                   loss terms of the first step, shape [m]
``previous``       L_i(t-1)                 loss terms of the step before, shape [m]
``weights``        lambda_i(t-1)            weights of the step before, shape [m]
``memory``         alpha                    memory of the weights, shape [] or [1]
``keep``           rho(t)                   bool, shape [] or [1]: keep the weights, or look back
``temperature``    T (tau)                  of the softmax, shape []
``eps``            -                        keeps the denominator off zero, shape []
``count``          m                        number of loss terms, shape []
``negligible``     -                        :data:`NEGLIGIBLE`, shape []
=================  =======================  ==========================================================

The constants are tensors too, because an operation with a Python number costs several times one of two tensors.

**A reference loss of zero** is where this differs from the paper. Progress is a ratio to a reference; where that is
0, or nothing but rounding against what the term is later, the ratio says nothing, yet it is so large that its term
takes all of the weight for as long as it is looked at. That is no rare accident: in moving time windows the difference
between a network and its copy is exactly 0 at first. Where a reference is below :data:`NEGLIGIBLE` times the loss,

- the previous loss counts as the present one (a ratio of 1: no progress), and
- the first loss counts as the largest loss that the term has had so far, from then on: its progress is measured
  from where it stopped growing.

All other terms are those of the paper to the last digit.

References
----------
R. Bischof and M. Kraus, Multi-Objective Loss Balancing for Physics-Informed Deep Learning,
arXiv:2110.09813 (2021), the section on ReLoBRaLo.
"""

from __future__ import annotations

import torch
from torch import Tensor

NEGLIGIBLE = 1e-6
"""A reference below this part of the loss counts as zero: of a mean square, a thousandth in the field itself."""


def balance(losses: Tensor, reference: Tensor, temperature: Tensor, eps: Tensor, count: Tensor) -> Tensor:
    """Return bal(losses, reference): weights, summing to m, that are larger where there was less progress.

    Parameters
    ----------
    losses, reference : Tensor
        Shapes [m] and [..., m]; the softmax runs over the last dimension.
    temperature, eps, count : Tensor
        T > 0, eps > 0 and m of the equation above, shape [].

    Returns
    -------
    Tensor
        Shape [..., m], finite and non-negative also where a reference is 0 or a ratio overflows.
    """
    ratio = losses / torch.addcmul(eps, reference, temperature)
    # An infinite ratio would make the softmax NaN; the largest float takes the whole weight just as well.
    return torch.softmax(torch.nan_to_num(ratio), dim=-1) * count


def find_growing(growing: Tensor, losses: Tensor, initial: Tensor, negligible: Tensor) -> Tensor:
    """Return which terms began with zero: those of `growing`, bool of shape [m], and what is seen to be one now."""
    return torch.logical_or(growing, initial < losses * negligible)


def grow_initial(growing: Tensor, losses: Tensor, initial: Tensor) -> Tensor:
    """Return the first losses, shape [m]; the largest so far of the terms that began with zero."""
    return torch.where(growing, torch.maximum(initial, losses), initial)


def fill_previous(losses: Tensor, previous: Tensor, negligible: Tensor) -> Tensor:
    """Return the previous losses, shape [m]; the present ones of the terms that were zero."""
    return torch.where(previous < losses * negligible, losses, previous)


def update_weights(
    weights: Tensor,
    losses: Tensor,
    initial: Tensor,
    previous: Tensor,
    keep: Tensor,
    memory: Tensor,
    temperature: Tensor,
    eps: Tensor,
    count: Tensor,
) -> Tensor:
    """Return the weights lambda(t), shape [m]; the table above explains the arguments."""
    against = balance(losses, torch.stack([initial, previous]), temperature, eps, count)
    return torch.lerp(against[1], torch.where(keep, weights, against[0]), memory)
