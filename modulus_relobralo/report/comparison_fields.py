"""The fields of a comparison as pictures: the errors of all variants on one scale, or what inferencers predict."""

from __future__ import annotations

import numpy as np

from modulus_relobralo.report.comparison import Comparison
from modulus_relobralo.report.field_figures import PER_CENT, Picture, of_sizes, of_values, per_cent, with_unit
from modulus_relobralo.report.planes import Plane, planes
from modulus_relobralo.report.run import Field, Prediction
from modulus_relobralo.report.settings import in_words, units

Rows = list[list[Picture]]


def errors_of_fields(comparison: Comparison) -> list[tuple[str, Rows]]:
    """Return by variable the exact field and the sizes of the errors, of each variant in the run with the median.

    There is a row for each plane. Sizes are in per cent of the largest exact value, on one scale for all variants.
    """
    found = []
    for variable in comparison.variables:
        runs = [(variant, variant.median_run(variable)) for variant in comparison.variants]
        drawn = [
            (f"{in_words(variant.label)}\nerror {100 * field.relative_error:.3g} %", field)
            for variant, run in runs
            if run and not run.diverged and (field := run.fields.get(variable)) and _can_be_drawn(field)
        ]
        if not drawn:
            continue
        sizes = [per_cent(np.abs(field.predicted - field.exact), field.exact) for _, field in drawn]
        shared, first = of_sizes(PER_CENT, *sizes), drawn[0][1]
        exact = of_values(with_unit(variable, units(comparison.runs[0].config)), first.exact)
        rows = [
            [
                Picture(f"exact{_at(plane)}\n", plane, first.exact[plane.rows], exact),
                *(
                    Picture(title, own, size[own.rows], shared)
                    for (title, field), size in zip(drawn, sizes, strict=True)
                    for own in _plane(field, number)
                ),
            ]
            for number, plane in enumerate(planes(first.coordinates))
        ]
        found.append((variable, rows))
    return found


def predicted_fields(comparison: Comparison) -> list[tuple[str, Rows]]:
    """Return by variable what inferencers predict, of each variant in its first run, on one scale for all."""
    found = []
    for variable in dict.fromkeys(name for run in comparison.runs for name in run.predictions):
        having = [
            (f"{in_words(variant.label)}\n", next(run for run in variant.runs if _predicts(run.predictions, variable)))
            for variant in comparison.variants
            if any(_predicts(run.predictions, variable) for run in variant.runs)
        ]
        if not having:
            continue
        drawn = [(title, run.predictions[variable]) for title, run in having]
        shared = of_values(
            with_unit(variable, units(comparison.runs[0].config)), *(field.predicted for _, field in drawn)
        )
        rows = [
            [
                Picture(f"{title}{_at(own)}", own, field.predicted[own.rows], shared)
                for title, field in drawn
                for own in _plane(field, number)
            ]
            for number, _ in enumerate(planes(drawn[0][1].coordinates))
        ]
        found.append((variable, rows))
    return found


def _can_be_drawn(field: Field | Prediction) -> bool:
    """Whether a field is finite, over a plane and, where there are exact values, not 0 everywhere."""
    if isinstance(field, Field) and not np.any(field.exact):
        return False
    return bool(np.isfinite(field.predicted).all() and planes(field.coordinates))


def _predicts(predictions: dict[str, Prediction], variable: str) -> bool:
    return variable in predictions and _can_be_drawn(predictions[variable])


def _plane(field: Field | Prediction, number: int) -> list[Plane]:
    """Return the plane of that number, or none: points may differ between runs."""
    return planes(field.coordinates)[number : number + 1]


def _at(plane: Plane) -> str:
    return f" at {plane.at}" if plane.at else ""
