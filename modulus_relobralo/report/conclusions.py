"""What a comparison without a reference solution can conclude, and what not, in words."""

from __future__ import annotations

from collections.abc import Sequence

from modulus_relobralo.report.comparison import Comparison
from modulus_relobralo.report.quantities import WITHOUT_REFERENCE, Quantity, quantities
from modulus_relobralo.report.spread import spread
from modulus_relobralo.report.variant import Variant

FEW_SEEDS = 3
"""With fewer seeds the quartiles say nothing of the spread."""

NO_REFERENCE = (
    "No run has a reference solution: these numbers say how well the equations and conditions are met at the points "
    "that were looked at, not how far a field is from the truth."
)
RESIDUALS = (
    "Residuals are root mean squares at points that training did not use. Between two losses the lower one meets the "
    "equation better there. They bound no error: a wrong value on the boundary leaves no residual inside."
)
NO_RESIDUALS = (
    "No residuals at other points were recorded: loss terms are those of the points of training, and a network may "
    "meet them there and be wrong in between. A monitor named residuals records them (hosts.sym.residual_monitor)."
)
TERMS = "Loss terms are shown without the weights of the balancing, so that they compare between losses."
MONITORS = (
    "Of a monitor no value is better than another. Where the losses agree on it, the choice between them does not "
    "matter to it; where they do not, at least one of them is wrong."
)


def conclude(comparison: Comparison) -> list[str]:
    """Return what can be said of a comparison in which no run recorded an error; nothing of any other."""
    if comparison.variables or not comparison.variants:
        return []
    compared = quantities(comparison.runs, WITHOUT_REFERENCE)
    kinds = {quantity.kind for quantity in compared}
    said = [NO_REFERENCE, RESIDUALS if "residuals" in kinds else NO_RESIDUALS]
    said += [TERMS] if "losses" in kinds else []
    said += [MONITORS] if "monitors" in kinds else []
    baseline = comparison.baseline
    if baseline is None or len(comparison.variants) == 1:
        return said
    judged = [quantity for quantity in compared if quantity.lower_is_better]
    said += [_judge(variant, baseline, judged) for variant in comparison.variants if variant is not baseline]
    if min(len(variant.seeds) for variant in comparison.variants) < FEW_SEEDS:
        said.append(f"With fewer than {FEW_SEEDS} seeds of each, a difference may be that of two seeds of one loss.")
    return said


def _judge(variant: Variant, baseline: Variant, compared: Sequence[Quantity]) -> str:
    """Return which quantities are lower and which are higher than the baseline's, and what that decides."""
    sides: dict[str, list[str]] = {"lower": [], "higher": [], "alike": []}
    for quantity in compared:
        ours, theirs = (entry.having(quantity).runs for entry in (variant, baseline))
        if ours and theirs:
            sides[_side(variant, baseline, quantity)].append(quantity.label)
    lower, higher, alike = (", ".join(sides[side]) for side in ("lower", "higher", "alike"))
    found = [f"{word} in {names}" for word, names in (("lower", lower), ("higher", higher)) if names]
    found += [f"not apart in {alike}"] if alike else []
    if not found:
        return f"{variant.label} and {baseline.label} recorded nothing in common."
    if lower and higher:
        verdict = "which of these matters more, no number here says"
    elif lower or higher:
        better, worse = (variant, baseline) if lower else (baseline, variant)
        verdict = f"{better.label} meets equations and conditions better than {worse.label}, as far as was looked"
    else:
        verdict = "the two cannot be told apart by this"
    return f"{variant.label} against {baseline.label}: {'; '.join(found)}: {verdict}."


def _side(variant: Variant, baseline: Variant, quantity: Quantity) -> str:
    """Return where a quantity lies against the baseline's: apart only if the quartiles do not overlap."""
    ours, theirs = (spread(entry.values(quantity)) for entry in (variant, baseline))
    if ours.high < theirs.low:
        return "lower"
    return "higher" if ours.low > theirs.high else "alike"
