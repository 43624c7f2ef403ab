"""Names, ranges and aliases of what a config can set; neither torch nor a host is imported.

Defaults are written once, in the files of `modulus_relobralo.conf`. Constructors, Hydra's options and the documents
take all of it from here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib.resources import files
from types import SimpleNamespace
from typing import Any

from omegaconf import OmegaConf

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


def defaults(option: str) -> SimpleNamespace:
    """Return the defaults in a file of `conf`, by name; a list is a tuple, which no caller can change.

    Parameters
    ----------
    option : str
        Group and name, as ``"optimizer/soap"``.
    """
    text = files("modulus_relobralo.conf").joinpath(f"{option}.yaml").read_text(encoding="utf-8")
    values: Any = OmegaConf.to_container(OmegaConf.create(text))
    kept = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return SimpleNamespace(**{name: value for name, value in kept.items() if name != "_target_"})


_RELOBRALO, _RELOBRALO_GRAD = defaults("loss/relobralo"), defaults("loss/relobralo_grad")

ALPHA = Option("alpha", _RELOBRALO.alpha, 0.0, 1.0)
TEMPERATURE = Option("temperature", _RELOBRALO.temperature, 0.0, math.inf, open_low=True, alias="tau")
RHO = Option("rho", _RELOBRALO.rho, 0.0, 1.0, alias="beta")
EPS = Option("eps", _RELOBRALO.eps, 0.0, math.inf, open_low=True)

RELOBRALO = (ALPHA, TEMPERATURE, RHO, EPS)
"""What ``loss: relobralo`` has beside the static weights that every option of the hosts has."""

BOUND = Option("bound", _RELOBRALO_GRAD.bound, 1.0, math.inf)
EVERY: int = _RELOBRALO_GRAD.every
"""Steps from one look at the gradients to the next."""

RELOBRALO_GRAD = (BOUND,)
"""What ``loss: relobralo_grad`` has beside these steps, the names of equations and the static weights."""

NEARLY_ALL = 0.9
"""The fraction of the sum of the weights that counts as nearly all, of which training warns."""

LBFGS = defaults("optimizer/lbfgs")
NATURAL_GRADIENT = defaults("optimizer/natural_gradient")
SOAP = defaults("optimizer/soap")
