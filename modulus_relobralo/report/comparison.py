"""What is compared with what: a frame of runs of one problem in one setting."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from pandas import DataFrame, Series, concat

from modulus_relobralo.report.runs import Run
from modulus_relobralo.report.settings import differences, flatten, settings
from modulus_relobralo.report.status import UNFINISHED

BASELINE = "sum"
"""The loss that others are compared with."""
LABELS = {
    "errors": ("error", "relative L2 error of {}"),
    "squares": ("MSE", "mean squared error of {}"),
    "residuals": ("residual", "residual of {} (RMS)"),
    "losses": ("loss", "loss term {}"),
    "monitors": ("value", "monitor {}"),
}
"""The kinds of quantities: what one is called among others, and with its name."""
OF_REFERENCE, WITHOUT_REFERENCE = ("errors", "squares"), ("residuals", "losses", "monitors")
"""The kinds that need an exact solution, and those that need none."""
# Stands for infinity where values are interpolated, which would make NaN of it.
ENDLESS = 1e300


class Quantity(NamedTuple):
    """A scalar over the steps that runs recorded: one of the kinds in `LABELS`, and its name there."""

    kind: str
    name: str

    @property
    def label(self) -> str:
        """What it is called in tables and figures."""
        return LABELS[self.kind][1].format(self.name)

    @property
    def ratio_label(self) -> str:
        """The name of its ratio to the plain sum."""
        return f"{LABELS[self.kind][0]} of {self.name} / {BASELINE}"

    @property
    def lower_is_better(self) -> bool:
        """Whether less of it is better; of a monitor that is not known."""
        return self.kind != "monitors"

    def series(self, run: Run) -> Series | None:
        """Return what a run recorded of it; None if nothing, or loss terms that are those before L-BFGS."""
        return None if self.kind == "losses" and run.by_lbfgs else getattr(run, self.kind).get(self.name)

    def last(self, run: Run) -> float:
        """Return its last value; NaN if a run recorded none, infinity if it diverged or the value is no number."""
        series = self.series(run)
        if run.diverged:
            return math.inf
        return math.nan if series is None else float(series.fillna(math.inf).iloc[-1])


def quantities(runs: Iterable[Run], kinds: Iterable[str]) -> list[Quantity]:
    """Return what any of `runs` recorded of those kinds, in their order."""
    runs = list(runs)
    found = dict.fromkeys(Quantity(kind, name) for kind in kinds for run in runs for name in getattr(run, kind))
    return [quantity for quantity in found if any(quantity.series(run) is not None for run in runs)]


def last_error(run: Run, variable: str) -> float:
    """Return the last relative L2 error of a run; infinity if it diverged, or if its prediction is not finite."""
    return Quantity("errors", variable).last(run)


def mean_square(run: Run, variable: str) -> float:
    """Return the mean squared error at the last step of a run; infinity as of the relative error."""
    return Quantity("squares", variable).last(run)


def quartiles(values: DataFrame) -> DataFrame:
    """Return the columns low, median and high: the quartiles of each row, interpolated linearly; NaN of nothing."""
    found = values.clip(upper=ENDLESS).quantile([0.25, 0.5, 0.75], axis=1).T
    return found.where(~(found > ENDLESS / 10), math.inf).set_axis(["low", "median", "high"], axis=1)


def spread(values: Iterable[float]) -> Series:
    """Return the low, median and high quartile of some values."""
    return quartiles(DataFrame([[*values]], dtype=float)).iloc[0]


def band(runs: Iterable[Run], kind: str, name: str) -> DataFrame:
    """Return the quartiles over the steps that all of `runs` recorded; a diverged one ends at infinity."""
    recorded = [(getattr(run, kind)[name], run.diverged) for run in runs if name in getattr(run, kind)]
    if not recorded:
        return DataFrame(columns=["low", "median", "high"])
    whole = [series for series, diverged in recorded if not diverged] or [series for series, _ in recorded]
    steps = sorted(set.intersection(*({*series.index} for series in whole)))
    return quartiles(concat([series.reindex(steps) for series, _ in recorded], axis=1).fillna(math.inf))


@dataclass(frozen=True)
class Comparison:
    """Runs that may be compared: of one problem, by configs that differ in the loss and the seed only.

    `frame` has a row for each run that counts: the `run`, its `loss` (the balancing scheme, with its parameters where
    they differ), `seed`, and the last value of each of the `quantities` under its label: NaN where a run does not
    count for it, infinity where it diverged. `settings` names what distinguishes it from other comparisons of its
    problem; `uncounted` are the runs that are not in it, and why: they are unfinished or recorded no error where others
    did. `notes` say what else a reader must know.
    """

    problem: str
    settings: str
    frame: DataFrame
    quantities: tuple[Quantity, ...]
    uncounted: tuple[tuple[Run, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The problem and the settings."""
        return ", ".join(filter(None, (self.problem, self.settings)))

    @property
    def variables(self) -> list[str]:
        """The variables whose error was recorded."""
        return [quantity.name for quantity in self.quantities if quantity.kind == "errors"]

    @property
    def groups(self) -> dict[str, list[Run]]:
        """The runs of each loss, the plain sum first."""
        return _grouped(self.frame["loss"], self.frame["run"])

    @property
    def baseline(self) -> str | None:
        """The loss that is the plain sum, if there is exactly one."""
        found = {loss for loss, runs in self.groups.items() if runs[0].scheme == BASELINE}
        return BASELINE if found == {BASELINE} else None

    def of(self, loss: str, quantity: Quantity) -> DataFrame:
        """Return the rows of a loss that count for a quantity."""
        return self.frame[self.frame["loss"] == loss].dropna(subset=quantity.label)

    def ratio(self, loss: str, quantity: Quantity) -> float:
        """Return the median of a quantity over that of the baseline, of seeds that both have; NaN if there are none."""
        if self.baseline is None:
            return math.nan
        ours, theirs = (self.of(name, quantity) for name in (loss, self.baseline))
        ours, theirs = ours[ours["seed"].isin(theirs["seed"])], theirs[theirs["seed"].isin(ours["seed"])]
        above, below = (spread(rows[quantity.label])["median"] for rows in (ours, theirs))
        return above / below if below and not math.isinf(below) else math.nan


def compare(runs: Sequence[Run]) -> list[Comparison]:
    """Gather `runs` into comparisons, by problem and setting; the plain sum comes first in each."""
    problems = _grouped((", ".join(filter(None, (run.problem, run.window))) for run in runs), runs)
    return [
        _compare(problem, setting, same)
        for problem, alike in problems.items()
        for setting, same in _grouped(_settings(alike), alike).items()
    ]


def _why_uncounted(run: Run, referenced: bool) -> str | None:
    """Return why a run does not count; None if it does.

    `referenced` says whether others of its problem and setting recorded errors; without a reference, runs are
    compared by what else they recorded.
    """
    if run.status == UNFINISHED:
        return f"unfinished, {run.reason}"
    if run.errors or run.diverged or (not referenced and quantities([run], WITHOUT_REFERENCE)):
        return None
    missing = "no error: it had no validator, or none saved as np" if referenced else "nothing to compare"
    return "; ".join((f"recorded {missing}", *run.notes))


def _compare(problem: str, setting: str, runs: Sequence[Run]) -> Comparison:
    referenced = any(run.errors for run in runs if run.status != UNFINISHED)
    why = [(run, _why_uncounted(run, referenced)) for run in runs]
    counted = [run for run, reason in why if reason is None]
    notes = _unequal(counted, ("errors",) if referenced else WITHOUT_REFERENCE)
    frame = DataFrame({"run": counted, "loss": _name_losses(counted)}, dtype=object)
    # As texts, because a seed may be anything.
    frame["seed"] = [repr(run.seed) for run in counted]
    found = quantities(counted, OF_REFERENCE if referenced else WITHOUT_REFERENCE)
    for quantity in found:
        frame[quantity.label] = [quantity.last(run) for run in counted]
    frame = frame.iloc[np.argsort([run.scheme != BASELINE for run in counted], kind="stable")]
    said = dict.fromkeys([*notes, *(f"{run.label}: {note}" for run in counted for note in run.notes)])
    uncounted = tuple((run, reason) for run, reason in why if reason is not None)
    return Comparison(problem, setting, frame.reset_index(drop=True), tuple(found), uncounted, tuple(said))


def _unequal(runs: Iterable[Run], kinds: Iterable[str]) -> list[str]:
    """Return what is to be said of quantities that some runs lack, or that end at different steps.

    Files may end early: what the host had not yet written is lost with its process. A stop criterion or L-BFGS may end
    a run before others.
    """
    whole, notes = [run for run in runs if not run.diverged], []
    for quantity in quantities(whole, kinds):
        one, name = LABELS[quantity.kind][0], quantity.name
        series = [quantity.series(run) for run in whole]
        lacking = [run.label for run, found in zip(whole, series, strict=True) if found is None]
        notes += [f"{label}: not counted for {name}, whose {one} it lacks" for label in lacking]
        ends = [int(found.index[-1]) for found in series if found is not None]
        if min(ends) < max(ends):
            notes.append(f"the {one} values of {name} are those of different steps, {min(ends)} to {max(ends)}")
    return notes


def _grouped(names: Iterable[Any], runs: Iterable[Run]) -> dict[Any, list[Run]]:
    """Return the runs of each name. pandas would take one name that is no Unicode for another."""
    groups: dict[Any, list[Run]] = {}
    for name, run in zip(names, runs, strict=True):
        groups.setdefault(name, []).append(run)
    return groups


def _settings(runs: Sequence[Run]) -> list[str]:
    """Return what distinguishes runs besides loss and seed: the config, and optimizers that took turns."""
    turns = [{"optimizers": " then ".join(run.optimizers)} if len(run.optimizers) > 1 else {} for run in runs]
    configs = [{**run.config, **turn} for run, turn in zip(runs, turns, strict=True)]
    return settings(configs, [run.choices for run in runs], [run.overrides for run in runs])


def _name_losses(runs: Sequence[Run]) -> list[str]:
    """Return the scheme of each run, with its parameters where other runs of the scheme have others."""
    labels = {}
    for scheme in {run.scheme for run in runs}:
        alike = [place for place, run in enumerate(runs) if run.scheme == scheme]
        options = [{k: v for k, v in flatten(runs[place].config).items() if k.startswith("loss.")} for place in alike]
        for place, parameters in zip(alike, differences(options), strict=True):
            labels[place] = f"{scheme} ({parameters})" if parameters else scheme
    return [labels[place] for place in range(len(runs))]
