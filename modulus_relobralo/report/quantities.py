"""What of a run is compared with other runs: errors where there is a reference, and without one what there is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from modulus_relobralo.report.run import Run, Series

WORDS = {
    "errors": "relative L2 error of {}",
    "residuals": "residual of {} (RMS)",
    "losses": "loss term {}",
    "monitors": "monitor {}",
}
"""The kinds, and what one of each is called."""

WITHOUT_REFERENCE = ("residuals", "losses", "monitors")
"""The kinds that need no exact solution."""


@dataclass(frozen=True)
class Quantity:
    """A scalar over the steps that runs recorded: one of the kinds in `WORDS`, and its name there."""

    kind: str
    name: str

    @property
    def label(self) -> str:
        """What it is called in tables and figures."""
        return WORDS[self.kind].format(self.name)

    @property
    def lower_is_better(self) -> bool:
        """Whether less of it is better; of a monitor that is not known."""
        return self.kind != "monitors"

    def series(self, run: Run) -> Series | None:
        """Return what a run recorded of it; None if nothing, or loss terms that are those before L-BFGS."""
        if self.kind == "losses" and run.by_lbfgs:
            return None
        recorded: dict[str, Series] = getattr(run, self.kind)
        return recorded.get(self.name)

    def last(self, run: Run) -> float:
        """Return its last value in a run that recorded it or diverged; infinity if that is no number."""
        series = self.series(run)
        value = math.inf if run.diverged or series is None else float(series.values[-1])
        return math.inf if math.isnan(value) else value


def quantities(runs: Iterable[Run], kinds: Iterable[str]) -> list[Quantity]:
    """Return what any of `runs` recorded of those kinds, in their order."""
    runs = list(runs)
    found = [Quantity(kind, name) for kind in kinds for run in runs for name in getattr(run, kind)]
    return [entry for entry in dict.fromkeys(found) if any(entry.series(run) for run in runs)]
