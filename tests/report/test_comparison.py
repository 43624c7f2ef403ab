"""What is compared with what."""

import math
import statistics
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pandas import Series
from several_runs import OURS, SUM, only, runs_in, write_seeds
from written_runs import EXACT, START, write_fields, write_hydra, write_run, write_training

from modulus_relobralo.report.comparison import Quantity, band, compare, last_error, mean_square, spread
from modulus_relobralo.report.fields import Field
from modulus_relobralo.report.runs import Run


def errors_of(comparison, loss, variable="w"):
    """Return the last error of each run of a loss that counts for a variable."""
    quantity = Quantity("errors", variable)
    return comparison.of(loss, quantity)[quantity.label].tolist()


def titles(folder):
    return [comparison.title for comparison in compare(runs_in(folder))]


def test_schemes_are_told_apart_by_parameters_and_comparisons_by_settings(tmp_path):
    for number, temperature in enumerate((0.1, 0.01)):
        for edges in ("false", "true"):
            parameters, options = f"alpha: 0.9, temperature: {temperature}", f"per_edge: {edges}"
            place = tmp_path / edges / str(number)
            write_seeds(place, "relobralo", OURS[:2], parameters=parameters, options=options)
            write_seeds(tmp_path / edges / "sum", "sum", SUM[:3], options=options) if number else None
    first, second = compare(runs_in(tmp_path))
    assert (first.title, second.title) == ("bending, not per edge", "bending, per edge")
    for comparison in (first, second):
        assert {loss: len(runs) for loss, runs in comparison.groups.items()} == {
            "sum": 3,
            "relobralo (temperature 0.1)": 2,
            "relobralo (temperature 0.01)": 2,
        }
        assert next(iter(comparison.groups)) == "sum"


def test_problems_and_windows_are_compared_apart(tmp_path):
    for scheme in ("sum", "relobralo"):
        write_hydra(tmp_path / scheme, scheme, problem="advection")
        for number in (0, 1):
            write_training(tmp_path / scheme / f"window_000{number}", start=START + 100 * number)
    write_run(tmp_path / "waves", problem="waves")
    assert titles(tmp_path) == ["advection, window_0000", "advection, window_0001", "waves"]
    assert [len(comparison.groups) for comparison in compare(runs_in(tmp_path))] == [2, 2, 1]


@pytest.mark.parametrize(
    ("first", "second"),
    [({}, {"options": "x: .nan"}), ({"options": "x: 1"}, {"options": "x: [1]"}), ({"options": "x: 1"}, {})],
)
def test_what_differs_is_told_apart(tmp_path, first, second):
    write_run(tmp_path / "a", **first)
    write_run(tmp_path / "b", **second)
    assert len(titles(tmp_path)) == 2


def test_settings_whose_names_end_alike_are_named_whole(tmp_path):
    for number in (1, 2):
        write_run(tmp_path / str(number), options=f"inside: {{points: {number}}}, walls: {{points: {number}}}")
    assert titles(tmp_path)[0] == "bending, custom.inside.points 1, custom.walls.points 1"


def test_what_is_alike_is_not(tmp_path):
    for seed in (0, "text", "[1, 2]", "'${hydra:job.num}'", "null"):
        write_run(tmp_path / str(seed).strip("'${}"), "sum", seed=seed, options="x: .nan, y: '${custom.seed}'")
    assert titles(tmp_path) == ["bending"]
    assert only(tmp_path).frame["seed"].nunique() == 5


def test_lbfgs_after_adam_is_not_lbfgs_alone(tmp_path):
    write_run(tmp_path / "alone", optimizer="lbfgs", steps=(0,))
    both = write_run(tmp_path / "both")
    write_hydra(both, "relobralo", optimizer="lbfgs")
    write_training(both, steps=(20,), start=START + 100, optimizer="lbfgs")
    assert titles(tmp_path) == ["bending", "bending, optimizers Adam then LBFGS"]


def test_what_is_for_the_eye_makes_no_other_comparison(tmp_path):
    write_run(tmp_path / "first", seed=1)
    write_run(tmp_path / "second", seed=2, options="progress: false, units: {x: m}")
    assert titles(tmp_path) == ["bending"]
    write_run(tmp_path / "third", seed=3, options="batches: 7")
    assert len(titles(tmp_path)) == 2


def test_one_run_with_another_validator_costs_nothing_but_itself(tmp_path):
    write_seeds(tmp_path, "sum", SUM)
    write_run(tmp_path / "other", "sum", seed=5, exact={"v": EXACT}, terms=("pde", "mine"))
    comparison = only(tmp_path)
    assert sorted(comparison.variables) == ["v", "w"]
    assert errors_of(comparison, "sum") == pytest.approx(SUM, rel=1e-6)
    assert errors_of(comparison, "sum", "v") == pytest.approx([0.25], rel=1e-6)
    assert "sum, seed 5: not counted for w, whose error it lacks" in comparison.notes


def test_points_may_differ_between_runs(tmp_path):
    write_seeds(tmp_path, "sum", SUM[:2])
    few = EXACT[:9]
    write_fields(
        tmp_path / "sum-1", "exact", {"w": (few, 1.5 * few)}, {"x": np.arange(9.0) % 3, "y": np.arange(9.0) // 3}
    )
    comparison = only(tmp_path)
    squares = comparison.frame[Quantity("squares", "w").label]
    assert squares[1] == pytest.approx(errors_of(comparison, "sum")[1] ** 2 * np.mean(few**2))


@pytest.mark.parametrize(
    ("said", "changes"),
    [
        # The end of a file was lost with its process; the log says that the run finished.
        ("reached maximum training steps", {"max_steps": 30}),
        ("stopping criterion is met", {"max_steps": 90, "top": "stop_criterion: {metric: loss, min_delta: 0}"}),
    ],
)
def test_values_of_different_steps_are_said_to_be(tmp_path, said, changes):
    for seed, last in enumerate((30, 20)):
        log = f"[step: {last}] {said}, finished training!"
        errors, steps = (1.0, 0.5, 0.25, 0.125), range(0, last + 1, 10)
        write_run(tmp_path / str(seed), "sum", seed=seed, steps=steps, errors=errors, log=log, **changes)
    comparison = only(tmp_path)
    assert errors_of(comparison, "sum") == pytest.approx([0.125, 0.25], rel=1e-6)
    assert comparison.notes == ("the error values of w are those of different steps, 20 to 30",)


def test_a_diverged_run_shortens_no_other(tmp_path):
    write_seeds(tmp_path, "sum", SUM[:2])
    write_run(tmp_path / "diverged", "sum", seed=7, steps=(0, 10), log="[step: 13] loss went to INFs/NaNs")
    comparison = only(tmp_path)
    assert errors_of(comparison, "sum") == pytest.approx([np.inf, *SUM[:2]], rel=1e-6)
    assert comparison.notes == ()


def test_without_a_reference_all_that_finished_count(tmp_path):
    write_run(tmp_path / "killed", "sum", seed=9, steps=(0, 10), exact={})
    for seed in (10, 11):
        write_run(tmp_path / str(seed), "sum", seed=seed, exact={})
    (comparison,) = compare(runs_in(tmp_path))
    assert sorted(run.seed for run in comparison.frame["run"]) == [10, 11]
    assert [run.seed for run, _ in comparison.uncounted] == [9]
    # What an unfinished run recorded of a reference makes no difference.
    write_run(tmp_path / "killed", "sum", seed=9, steps=(0, 10))
    assert sorted(run.seed for run in only(tmp_path).frame["run"]) == [10, 11]


@pytest.mark.parametrize(("ours", "theirs"), [((0,), (1,)), ((0, 1), ())])
def test_without_a_common_seed_there_is_no_ratio(tmp_path, ours, theirs):
    for scheme, seeds in (("relobralo", ours), ("sum", theirs)):
        for seed in seeds:
            write_run(tmp_path / f"{scheme}-{seed}", scheme, seed=seed)
    comparison = only(tmp_path)
    assert np.isnan(comparison.ratio([*comparison.groups][-1], Quantity("errors", "w")))


def test_a_ratio_is_of_the_seeds_that_recorded_the_variable(tmp_path):
    write_seeds(tmp_path, "sum", SUM[:3])
    write_seeds(tmp_path, "relobralo", OURS[:2])
    write_run(tmp_path / "relobralo-2", seed=2, exact={"v": EXACT})
    comparison = only(tmp_path)
    # Of seeds 0 and 1: 0.03 over 0.3.
    assert comparison.ratio("relobralo", Quantity("errors", "w")) == pytest.approx(0.1, rel=1e-6)
    # Of squares the medians of two are means: of 0.05 and 0.01, of 0.1 and 0.5.
    squares = comparison.ratio("relobralo", Quantity("squares", "w"))
    assert squares == pytest.approx((0.05**2 + 0.01**2) / (0.5**2 + 0.1**2), rel=1e-6)


# ----- one run


def run_of(seed, *errors, status="finished", variable="w"):
    return Run(
        Path(f"run-{seed}"),
        "bending",
        "sum",
        {"custom": {"seed": seed}},
        status,
        errors={variable: Series({10 * number: error for number, error in enumerate(errors)})},
        fields={variable: Field({}, np.array([3.0, 4.0]), np.array([3.0, 4.0]))},
    )


def test_a_run_counts_for_what_it_recorded():
    runs = [run_of(0, 1.0, 0.4), run_of(1, 1.0, 0.2), run_of(2, 0.9, status="diverged"), run_of(3, 0.3, variable="v")]
    (comparison,) = compare(runs)
    assert errors_of(comparison, "sum") == [0.4, 0.2, math.inf]
    assert errors_of(comparison, "sum", "v") == [math.inf, 0.3]
    # The mean square of the exact field is 12.5.
    squares = comparison.frame[Quantity("squares", "w").label].tolist()
    assert squares == pytest.approx([0.4**2 * 12.5, 0.2**2 * 12.5, math.inf, math.nan], nan_ok=True)
    assert [mean_square(run, "w") for run in runs[:3]] == pytest.approx(squares[:3])


def test_a_prediction_that_is_no_number_is_an_infinite_error():
    run = run_of(0, 1.0, math.nan)
    assert last_error(run, "w") == mean_square(run, "w") == math.inf


# ----- spread


def quartiles(values):
    return spread(values).tolist()


@pytest.mark.parametrize("count", [2, 3, 4, 5, 10])
def test_quartiles_are_pythons(count):
    values = np.random.default_rng(count).normal(size=count).tolist()
    assert quartiles(values) == pytest.approx(statistics.quantiles(values, method="inclusive"), rel=1e-12)


def test_what_diverged_is_infinite():
    assert quartiles([1.0, 2.0, math.inf, math.inf]) == [1.75, math.inf, math.inf]
    assert quartiles([1.0, 2.0, 3.0, math.inf]) == [1.75, 2.5, math.inf]
    assert quartiles([7.0]) == [7.0, 7.0, 7.0]
    assert all(math.isnan(value) for value in quartiles([]))


def test_a_band_has_the_steps_that_all_have():
    first, second = run_of(0), run_of(1)
    first.errors["w"], second.errors["w"] = Series({0: 1.0, 10: 3.0, 20: 5.0}), Series({0: 3.0, 20: 9.0})
    found = band([first, second], "errors", "w")
    assert found.index.tolist() == [0, 20]
    assert found.to_numpy().T.tolist() == [[1.5, 6], [2, 7], [2.5, 8]]
    # The second diverged: it ended at step 20 and counts as infinite from then on.
    first.errors["w"] = Series({0: 1.0, 20: 5.0, 30: 6.0})
    found = band([first, replace(second, status="diverged")], "errors", "w")
    assert found["median"].to_dict() == {0: 2.0, 20: 7.0, 30: math.inf}
    assert band([first], "errors", "v").empty
