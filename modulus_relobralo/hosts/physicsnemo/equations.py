"""Our equations as the host's PDE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from physicsnemo.sym.computation import Computation
from physicsnemo.sym.eq.pde import PDE
from torch import Tensor

from modulus_relobralo.problems import Problem
from modulus_relobralo.problems.expressions import without_cases

HIGHEST_ORDER = 2
"""Of the derivatives that the host's PhysicsInformer computes."""


class Equations(PDE):
    """The equations of a problem as a PDE of the host, for its `PhysicsInformer` and its `Graph`.

    Derivatives up to second order are computed by the PhysicsInformer, by whichever method it was made for. Of
    equations of a higher order, such as ``kirchhoff`` and ``Q_x``, the derivatives are inputs: it takes those that
    `TaylorDerivatives` returns, as further entries of what its ``forward`` is given.

    Parameters
    ----------
    problem : Problem, KirchhoffPlate or HelmholtzWave
        The problem, such as a plate or a wave, or the equation of one.

    Raises
    ------
    TypeError
        If it is none of these, such as a PDE of a host.

    Examples
    --------
    >>> from modulus_relobralo.problems import HelmholtzWave
    >>> from physicsnemo.sym import PhysicsInformer
    >>> informer = PhysicsInformer(["helmholtz"], Equations(HelmholtzWave(k=3)), grad_method="autodiff")
    >>> sorted(informer.required_inputs)
    ['coordinates', 'u']
    """

    name = "Equations"

    def __init__(self, problem: Any) -> None:
        if not hasattr(problem, "equations") or not hasattr(problem, "parameters"):
            kind = type(problem)
            raise TypeError(
                "Parameter `problem` must be a Problem or an equation of modulus_relobralo, such as RectangularPlate "
                f"or KirchhoffPlate. Found {kind.__module__}.{kind.__name__}. A PDE of this host goes "
                "to PhysicsInformer as it is; one of another host is written anew, as a class with these `equations`."
            )
        self.dim = len(problem.shape.coordinates) if isinstance(problem, Problem) else 2
        self.equations = {name: without_cases(equation) for name, equation in problem.equations.items()}

    def make_computations(self, detach_names: list[str] | None = None) -> list[Computation]:
        """Return one computation for each equation; names in `detach_names` are detached in it."""
        return [_computation(each) for each in super().make_computations(detach_names)]


class GivenDerivatives(torch.nn.Module):
    """An equation whose derivatives are handed in.

    Parameters
    ----------
    computation : Computation
        Of the equation.
    """

    def __init__(self, computation: Computation) -> None:
        super().__init__()
        self.equation, self.derivatives = computation.evaluate, list(computation.derivatives)
        (self.output,) = computation.outputs

    def forward(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the equation's values by its name.

        Raises
        ------
        ValueError
            If a derivative is missing.
        """
        missing = [name for name in self.derivatives if name not in values]
        if missing:
            raise ValueError(
                f"Equation `{self.output}` has derivatives above order {HIGHEST_ORDER}, which PhysicsInformer does not "
                f"compute. Found none of {missing}. Give it those of `modulus_relobralo.taylor.TaylorDerivatives"
                f"(network, inputs, outputs, names={self.derivatives})` beside the other inputs, or take "
                "`modulus_relobralo.loops.LossTerms` in place of it."
            )
        return self.equation(values)


def _computation(computation: Computation) -> Computation:
    if all(name.count("__") <= HIGHEST_ORDER for name in computation.derivatives):
        return computation
    given = Computation(computation.inputs, computation.outputs, GivenDerivatives(computation), computation.name)
    # As inputs: what counts as a derivative the informer would compute itself, or refuse without saying what to do.
    given._inputs = [*computation.inputs, *computation.derivatives]
    return given
