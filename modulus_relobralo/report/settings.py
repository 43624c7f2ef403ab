"""The configs of runs: their entries, what of them tells runs apart, and how that is said."""

from __future__ import annotations

import re
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
    and no override of their commands, is not said. Of each run `choices` has the options that it chose, by group, and
    `given` the names that its command overrode.

    Examples
    --------
    >>> adam, other = {"optimizer": {"lr": 0.1}}, {"optimizer": {"damping": 1.0}}
    >>> settings([adam, other], [{"optimizer": "adam"}, {"optimizer": "natural_gradient"}], [(), ()])
    ['adam', 'natural_gradient']
    """
    options = [{k: v for k, v in flatten(config).items() if not k.startswith(ALIKE)} for config in configs]
    keys, groups = _differing(options), [group for group in _differing(choices) if group != "loss"]
    chosen: list[tuple[str, ...]] = [()] * len(configs)
    for group in sorted(groups, key=lambda group: group != CONFIG_NAME):
        longer = [(*names, entry.get(group, "")) for names, entry in zip(chosen, choices, strict=True)]
        # An option that follows from those before it is said only if a command named it.
        if len({*longer}) > len({*chosen}) or any(group in names for names in given):
            chosen = longer
    said = {}
    for names in {*chosen}:
        alike = [run for run, others in enumerate(chosen) if others == names]
        differing = _differing([options[run] for run in alike])
        said[names] = {key for key in keys if key in differing or any(key in given[run] for run in alike)}
    words = _words(keys, [{k: v for k, v in o.items() if k in said[n]} for o, n in zip(options, chosen, strict=True)])
    return [", ".join(filter(None, (*names, text))) for names, text in zip(chosen, words, strict=True)]


def differences(options: Sequence[Config]) -> list[str]:
    """Return, for each dictionary, those of its entries that are not the same in all, in words.

    Examples
    --------
    >>> differences([{"optimizer.lr": 0.1, "custom.grid": 9}, {"optimizer.lr": 0.2, "custom.grid": 9}])
    ['lr 0.1', 'lr 0.2']
    """
    return _words(_differing(options), options)


def _differing(options: Sequence[Config]) -> list[str]:
    keys = dict.fromkeys(key for entry in options for key in entry)
    return [key for key in keys if len({str(entry.get(key)) for entry in options}) > 1]


def _words(keys: Sequence[str], options: Sequence[Config]) -> list[str]:
    """Return the entries of each dictionary under `keys` in words, a key by its end where no other has that."""
    ends = [key.rpartition(".")[2] for key in keys]
    names = {key: end if ends.count(end) == 1 else key for key, end in zip(keys, ends, strict=True)}
    return [", ".join(_word(name, entry[key]) for key, name in names.items() if key in entry) for entry in options]


def _word(name: str, value: Any) -> str:
    words = name.replace("_", " ").strip()
    if isinstance(value, bool):
        return words if value else f"not {words}"
    # Of a class its name.
    return f"{words} {str(value).rpartition('.')[2] if name.endswith('_target_') else value}"
