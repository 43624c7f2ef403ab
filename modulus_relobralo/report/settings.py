"""The configs of runs: their entries, what of them tells runs apart, and how that is said."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

Config = Mapping[str, Any]
SEED, UNITS = "custom.seed", "custom.units."
CONFIG_NAME = "config_name"
"""Beside Hydra's groups: which config the program was started with."""
# An entry that is another one as a whole. What a resolver would look up, as `${oc.env:HOME}`, is no such.
REFERENCE = re.compile(r"\$\{([\w.]+)\}")
MOST_REFERENCES = 10
# Settings that runs of one comparison may differ in: the loss, and what is only for the eye.
ALIKE = ("loss.", "custom.progress", UNITS, SEED)


def select(config: Config, name: str) -> Any:
    """Return the entry of a config under a dotted name, or that which it refers to; None if there is none.

    Examples
    --------
    >>> select({"training": {"max_steps": "${custom.steps}"}, "custom": {"steps": 20}}, "training.max_steps")
    20
    """
    for _ in range(MOST_REFERENCES):
        value: Any = config
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        found = REFERENCE.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            return None if value == "???" else value
        name = found[1]
    return None


def flatten(config: Config, prefix: str = "") -> dict[str, Any]:
    """Return a nested config by dotted names, with references as they are."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        flat.update(flatten(value, f"{name}.") if isinstance(value, Mapping) else {name: value})
    return flat


def units(config: Config) -> dict[str, str]:
    """Return the units of coordinates and variables by name, from ``custom.units`` of a config."""
    return {key.removeprefix(UNITS): str(unit) for key, unit in flatten(config).items() if key.startswith(UNITS)}


def settings(
    configs: Sequence[Config], choices: Sequence[Mapping[str, str]], given: Sequence[Collection[str]]
) -> list[str]:
    """Return, for each run, what distinguishes it from the others besides loss and seed, in words.

    An option of one of Hydra's groups is called by its name. What comes with it, the same in all runs that chose it
    and no override of their commands, is not said.

    Parameters
    ----------
    configs : sequence of mappings
        Nested, one for each run.
    choices : sequence of mappings
        The options that each run chose, by group.
    given : sequence of collections of str
        The names that the command of each run overrode.

    Examples
    --------
    >>> adam, other = {"optimizer": {"lr": 0.1}}, {"optimizer": {"damping": 1.0}}
    >>> settings([adam, other], [{"optimizer": "adam"}, {"optimizer": "natural_gradient"}], [(), ()])
    ['adam', 'natural_gradient']
    """
    options = [{k: v for k, v in flatten(config).items() if not k.startswith(ALIKE)} for config in configs]
    keys = _differing(options)
    options = [{key: entry[key] for key in keys if key in entry} for entry in options]
    alike: dict[tuple[str, ...], list[int]] = {(): [*range(len(configs))]}
    groups = [group for group in dict.fromkeys(name for entry in choices for name in entry) if group != "loss"]
    for group in sorted(groups, key=lambda group: group != CONFIG_NAME):
        values = [entry.get(group, "") for entry in choices]
        follows = all(len({values[run] for run in runs}) == 1 for runs in alike.values())
        if len(set(values)) > 1 and not (follows and not any(group in names for names in given)):
            before, alike = alike, {}
            for names, run in ((names, run) for names, runs in before.items() for run in runs):
                alike.setdefault((*names, values[run]), []).append(run)
    for runs in alike.values():
        for key in keys:
            if len({str(options[run].get(key)) for run in runs}) == 1 and not any(key in given[run] for run in runs):
                for run in runs:
                    options[run].pop(key, None)
    chosen = {run: names for names, runs in alike.items() for run in runs}
    return [", ".join(filter(None, (*chosen[run], words))) for run, words in enumerate(differences(options))]


def differences(options: Sequence[Config]) -> list[str]:
    """Return, for each dictionary, those of its entries that are not the same in all, in words.

    Examples
    --------
    >>> differences([{"optimizer.lr": 0.1, "custom.grid": 9}, {"optimizer.lr": 0.2, "custom.grid": 9}])
    ['lr 0.1', 'lr 0.2']
    """
    differing = _differing(options)
    ends = Counter(_end(key) for key in differing)
    names = {key: _end(key) if ends[_end(key)] == 1 else key for key in differing}
    return [", ".join(_word(names[key], entry[key]) for key in differing if key in entry) for entry in options]


def _differing(options: Sequence[Config]) -> list[str]:
    keys = dict.fromkeys(key for entry in options for key in entry)
    return [key for key in keys if len({str(entry.get(key)) for entry in options}) > 1]


def _end(key: str) -> str:
    return key.rpartition(".")[2]


def _word(name: str, value: Any) -> str:
    words = name.replace("_", " ").strip()
    if isinstance(value, bool):
        return words if value else f"not {words}"
    # Of a class its name.
    return f"{words} {str(value).rpartition('.')[2] if name.endswith('_target_') else value}"
