"""The weights of loss terms in a least-squares problem as functions of tensors: no state, no host.

Under natural gradients a loss term is a block of rows with the Jacobian J_i, and a step solves for all of them at once.
How far a descent gets with a term says nothing there. What counts is its scale, the trace of its block of the neural
tangent kernel, T_i = trace J_i J_i^T: how far its rows move when the parameters do. With equations e, conditions c and
P_i, the loss term by the largest value that it has had so far, the weights are::

    lambda_e = 1,   lambda_c = max over equations e of T_e / T_c * (1 + FIRST * P_c),   divided by their mean

So conditions come first, and have as much to say as the strongest equation once they are met. Large weights on
conditions do no harm to a step of Gauss and Newton, as they do to a descent: they make it one along the functions that
satisfy them. They decide where another field than the one that is asked for satisfies the equation, as a flat one does
those of heat and flow: from there no step of the plain sum leads away. That they fall as the conditions are met lets
the damping, which counts in the mean of all rows, reach the equation, and leaves the noise of sensors alone.

The weights follow the network as it bends, and do not depend on the units of a term or on how its points are summed.

References
----------
S. Wang, X. Yu and P. Perdikaris, When and why PINNs fail to train: a neural tangent kernel perspective, J. Comput.
Phys. 449, 110768 (2022), arXiv:2007.14527: weights by the traces of the blocks, there for gradient descent and for all
terms alike. Progress is measured by past losses, as R. Bischof and M. Kraus do, arXiv:2110.09813 (2021).
"""

from __future__ import annotations

import torch
from torch import Tensor

FIRST = 1e4
"""How much more a condition has to say while nothing of it is met."""
HOLD = 20
"""Steps for which the weights stay: a step is judged by the next, which other weights would make look like one back."""


def conditions_first(traces: Tensor, progress: Tensor, equations: Tensor) -> Tensor:
    """Return the weights, shape [m], summing to m; those of the plain sum if all terms are of one kind.

    Parameters
    ----------
    traces : Tensor
        Of each term's block of J J^T, >= 0, shape [m]. A condition whose trace is 0 or not finite, on which no
        parameter has an influence, has the weight of an equation; so have all if no equation's trace is known.
    progress : Tensor
        The loss terms, each by the largest value that it has had, in [0, 1], shape [m]; one that is not known, NaN,
        counts as met.
    equations : Tensor
        Which of the terms are equations, boolean of shape [m].

    Examples
    --------
    >>> which = torch.tensor([True, False, False])
    >>> weights = conditions_first(torch.tensor([300.0, 3.0, 30.0]), torch.tensor([1.0, 1e-4, 0.0]), which)
    >>> [round(weight, 1) for weight in (weights / weights[0]).tolist()]
    [1.0, 200.0, 10.0]
    """
    known = torch.isfinite(traces) & (traces > 0)
    strongest = torch.where(known & equations, traces, torch.zeros_like(traces)).max()
    weighed = known & ~equations & (strongest > 0)
    even = strongest / torch.where(weighed, traces, torch.ones_like(traces))
    weights = torch.where(weighed, even * (1 + FIRST * progress.nan_to_num(0.0)), torch.ones_like(traces))
    return weights / weights.mean()
