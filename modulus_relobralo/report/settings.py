"""What distinguishes the configs of runs, in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf

from modulus_relobralo.report.run import SEED

UNITS = "custom.units."
# What config keys are called in titles and labels.
WORDS = {
    "lr": "learning rate",
    "not per edge": "edges together",
    "per edge": "each edge apart",
    "max steps": "steps",
    "k": "wave number",
}
LONG_NUMBER = re.compile(r"(?<![\w.])\d+\.\d{3,}(e[+-]?\d+)?(?![\w.])")


def in_words(text: str) -> str:
    """Return a title or a label as it is read: names in words, and numbers with at most three digits.

    Examples
    --------
    >>> in_words("helmholtz, lr 0.003, not per edge")
    'helmholtz, learning rate 0.003, edges together'
    >>> in_words("relobralo_tuned (temperature 0.123456)")
    'relobralo tuned (temperature 0.123)'
    >>> in_words("relobralo (alpha 0.99992)")
    'relobralo (alpha 0.99992)'
    """
    head, comma, settings = text.partition(", ")
    for name, words in WORDS.items():
        settings = re.sub(rf"(^|(?<=, )){name}(?=$|,| )", words, settings)
    return LONG_NUMBER.sub(lambda found: _short(found[0]), f"{head.replace('_', ' ')}{comma}{settings}")


def units(config: Any) -> dict[str, str]:
    """Return the units of coordinates and variables by name, from ``custom.units`` of a config."""
    known = {key: value for key, value in flatten(config).items() if key.startswith(UNITS)}
    return {key.removeprefix(UNITS): str(unit) for key, unit in known.items()}


def differences(options: Sequence[dict[str, Any]]) -> list[str]:
    """Return, for each dictionary, those of its entries that are not the same in all, in words.

    Examples
    --------
    >>> differences([{"optimizer.lr": 0.1, "custom.grid": 9}, {"optimizer.lr": 0.2, "custom.grid": 9}])
    ['lr 0.1', 'lr 0.2']
    """
    keys = dict.fromkeys(key for entry in options for key in entry if key != SEED)
    differing = [key for key in keys if any(str(entry.get(key)) != str(options[0].get(key)) for entry in options)]
    names = _shorten(differing)
    return [", ".join(_word(names[key], entry[key]) for key in differing if key in entry) for entry in options]


def flatten(config: Any, prefix: str = "") -> dict[str, Any]:
    """Return a nested config by dotted names, with interpolations as they are."""
    flat: dict[str, Any] = {}
    entries: Any = OmegaConf.to_container(config, resolve=False) if isinstance(config, DictConfig) else config
    for key, value in entries.items():
        name = f"{prefix}{key}"
        flat.update(flatten(value, f"{name}.") if isinstance(value, dict) else {name: value})
    return flat


def _shorten(keys: Sequence[str]) -> dict[str, str]:
    """Return by key its last part, or all of it where another key ends alike."""
    ends = Counter(key.rpartition(".")[2] for key in keys)
    return {key: end if ends[end := key.rpartition(".")[2]] == 1 else key for key in keys}


def _short(number: str) -> str:
    """Return a number with three digits, unless they make a whole number of what is none: 0.9999 is no 1."""
    short = f"{float(number):.3g}"
    return number if float(short).is_integer() else short


def _word(name: str, value: Any) -> str:
    words = name.replace("_", " ")
    if isinstance(value, bool):
        return words if value else f"not {words}"
    return f"{words} {value}"
