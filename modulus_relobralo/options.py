"""Names, defaults, ranges and aliases of what a config can set; neither torch nor a host is imported.

Constructors, Hydra's options and the documents take them from here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from modulus_relobralo.checks import check_number


@dataclass(frozen=True)
class Option:
    """A number that a config can set.

    Parameters
    ----------
    name : str
        Keyword of the constructor and key of the config.
    default : float
        Its value where nothing is given.
    low, high : float
        Ends of the range, both in it; `low` is not if `open_low`.
    open_low : bool
        Whether the range begins above `low`.
    alias : str
        Another name, for configs written for the option that a host ships; empty if there is none.
    """

    name: str
    default: float
    low: float
    high: float
    open_low: bool = False
    alias: str = ""

    def check(self, value: Any, alias_value: Any = None) -> float:
        """Return the value as a float, taken from the alias if that is given.

        Raises
        ------
        TypeError
            If it is not a number.
        ValueError
            If it is out of range, or if both are given. A config always holds a value: the default counts as not given.
        """
        if alias_value is not None:
            if value != self.default:
                raise ValueError(
                    f"Parameter `{self.name}` and its alias `{self.alias}` must not be given together. "
                    f"Found `{self.name} = {value}` and `{self.alias} = {alias_value}`."
                )
            value = alias_value
        return check_number(self.name, value, self.low, self.high, self.open_low)


# The article's values.
ALPHA = Option("alpha", 0.999, 0.0, 1.0)
TEMPERATURE = Option("temperature", 0.1, 0.0, math.inf, open_low=True, alias="tau")
RHO = Option("rho", 0.99, 0.0, 1.0, alias="beta")
EPS = Option("eps", 1e-12, 0.0, math.inf, open_low=True)

RELOBRALO = (ALPHA, TEMPERATURE, RHO, EPS)
"""What ``loss: relobralo`` has beside the static weights that every option of the hosts has."""

# Of ``loss: relobralo_grad``; chosen on seeds 100 and 101 of the two examples and of three problems of examples/reuse.
BOUND = Option("bound", 100.0, 1.0, math.inf)
EVERY = 100
"""Steps from one look at the gradients to the next."""

RELOBRALO_GRAD = (BOUND,)
"""What ``loss: relobralo_grad`` has beside these steps, the names of equations and the static weights."""


class LBFGSOptions(NamedTuple):
    """What ``optimizer: lbfgs`` has in place of the host's values.

    On the Helmholtz example 1,000 iterations after Adam leave three to five times the error of 3,000, which take as
    long as some 3,000 steps of Adam.
    """

    line_search_fn: str = "strong_wolfe"
    max_iter: int = 3000


class NaturalGradientOptions(NamedTuple):
    """The options of ``optimizer: natural_gradient``; :class:`modulus_relobralo.NaturalGradient` says what they are."""

    step_size: float = 1.0
    scheduled: bool = False
    damping: float = 1e-2
    adaptive: bool = True
    momentum: float = 0.9
    memory: float = 1.0


class SOAPOptions(NamedTuple):
    """The options of ``optimizer: soap``; :class:`modulus_relobralo.SOAP` says what they are."""

    lr: float = 3e-3
    betas: tuple[float, float] = (0.95, 0.95)
    eps: float = 1e-8
    weight_decay: float = 0.0
    precondition_frequency: int = 10
    max_precondition_dim: int = 10_000


LBFGS = LBFGSOptions()
NATURAL_GRADIENT = NaturalGradientOptions()
SOAP = SOAPOptions()
