"""Whether what was found is a solution, and within about how much: one verdict a run.

There is no exact solution to hold a result against, but there are the equations. What a deflection leaves of them, at
points that training did not use, is the right side of a problem for what it lacks, and that problem is solved by a
polynomial (`polynomial.fit_error`). All that is said of the plate, extremes and their like, is found once more with it
added; the differences are estimates of the errors. Beside them stand the equilibrium of forces, and of moments about
two axes, and what of the equation not even the polynomial explains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ENOUGH = 0.01
"""Within how much, of the largest of its kind, everything has to be for a solution."""
UNEXPLAINED = 0.25
"""How much of the load the equation may lack, beyond what the estimate explains: below, its error is one of detail."""


@dataclass(frozen=True)
class Verdict:
    """
    A verdict on the results of a plate.

    Attributes
    ----------
    errors : dict[str, float]
        Of what about how large an error is, as a fraction of the largest of its kind: "deflection", "moments", "shears
        and reactions", "sums and forces" of edges and corners, and what is left of "equilibrium of forces" and
        "equilibrium of moments".
    unexplained : float
        The residual inside that is left by the estimate, as a fraction of the load.
    """

    errors: Mapping[str, float]
    unexplained: float

    @property
    def within(self) -> float:
        """The largest of the errors."""
        return max(self.errors.values())

    @property
    def is_solution(self) -> bool:
        """Whether all errors are small, and the estimate explains what is left of the equation."""
        return self.within <= ENOUGH and self.unexplained <= UNEXPLAINED

    def __str__(self) -> str:
        """Return the verdict as a sentence."""
        if self.is_solution:
            return f"Solution within about {_percent(self.within)}."
        reasons = [f"{what} off by about {_percent(size)}" for what, size in self.errors.items() if not size <= ENOUGH]
        if not self.unexplained <= UNEXPLAINED:
            reasons.append(f"equation inside off by {_percent(self.unexplained)} of the load")
        return f"No solution: {', '.join(reasons)}."


def _percent(size: float) -> str:
    return "0.01 %" if size < 1e-4 else f"{100 * size:.1g} %" if size < 0.095 else f"{100 * size:.0f} %"
