"""What is concluded without a reference, and what is not."""

import pytest
from several_runs import SUM, only, write_seeds
from written_runs import write_run

from modulus_relobralo.report.conclusions import FEW_SEEDS, MONITORS, NO_REFERENCE, NO_RESIDUALS, RESIDUALS, conclude

RESIDUAL, LIFT = "Monitors/residuals/pde", "Monitors/forces/lift"


def write_both(folder, ours, theirs, seeds=3, **changes):
    """Write runs without a validator whose last residuals and losses are known: pairs, with a spread of residuals."""
    for scheme, (residual, loss) in (("relobralo", ours), ("sum", theirs)):
        for seed in range(seeds):
            scalars = {RESIDUAL: [9.0, 9.0, residual * (1 + 0.2 * seed)], **changes.get("scalars", {})}
            write_run(folder / f"{scheme}-{seed}", scheme, seed=seed, last_loss=loss, exact={}, scalars=scalars)


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ((0.1, 0.1), (1.0, 1.0), "lower in residual of pde (RMS), loss term pde, loss term walls: relobralo meets"),
        ((1.0, 1.0), (0.1, 0.1), "higher in residual of pde (RMS), loss term pde, loss term walls: sum meets"),
        ((0.1, 1.0), (1.0, 0.1), "lower in residual of pde (RMS); higher in loss term pde, loss term walls: which of"),
        # Within the spread of the seeds.
        ((1.0, 0.5), (1.05, 0.5), "not apart in residual of pde (RMS), loss term pde, loss term walls: the two cannot"),
    ],
)
def test_a_loss_is_better_only_where_nothing_speaks_against_it(tmp_path, ours, theirs, said):
    write_both(tmp_path, ours, theirs)
    first, second, *_, last = conclude(only(tmp_path))
    assert (first, second) == (NO_REFERENCE, RESIDUALS)
    assert last.startswith(f"relobralo against sum: {said}")


def test_few_seeds_and_monitors_are_said(tmp_path):
    write_both(tmp_path, (0.1, 0.1), (1.0, 1.0), seeds=FEW_SEEDS - 1, scalars={LIFT: [1.0, 1.0, 1.0]})
    said = conclude(only(tmp_path))
    assert MONITORS in said
    assert said[-1].startswith(f"With fewer than {FEW_SEEDS} seeds")
    # Of a monitor nothing is better or worse.
    assert "lift" not in said[-2]


def test_without_residuals_it_says_what_is_missing(tmp_path):
    write_run(tmp_path / "run", exact={})
    assert conclude(only(tmp_path))[:2] == [NO_REFERENCE, NO_RESIDUALS]


def test_with_a_reference_nothing_is_concluded_from_residuals(tmp_path):
    write_seeds(tmp_path, "sum", SUM)
    assert conclude(only(tmp_path)) == []
