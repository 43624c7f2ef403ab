"""Medians of published runs: against NumPy, what counts and what does not."""

import math

import pandas as pd
import pytest

from benchmarks.documents import summary
from benchmarks.runner import OTHERS


def run_of(seed, error, loss="sum", **changes):
    return {
        "problem": "helmholtz",
        "setting": "scaled",
        "terms": "aggregated",
        "loss": loss,
        "parameters": {},
        "optimizer": "adam",
        "learning rate": None,
        "max steps": 20,
        "seed": seed,
        "variable": "u",
        "relative L2 error": error,
        "mean squared error": None if error is None else error**2 / 4,
        "ms per step": 1.0,
        "steps": [0, 10, 20],
        "errors": [1.0, 2 * (error or 0.0), error],
        **changes,
    }


def frame(*rows, protocol="accuracy"):
    return pd.DataFrame([line for row in rows for line in summary.lines(protocol, row)])


def test_what_differs_makes_a_line_and_own_values_another_scheme():
    rows = [run_of(0, 0.1), run_of(1, 0.2), run_of(0, 0.4, **{"max steps": 40}), run_of(0, 0.3, loss="relobralo")]
    rows += [run_of(0, 0.5, loss="relobralo", parameters={"alpha": 0.9})]
    found = summary.spread(frame(*rows), ["steps"])
    assert dict(found["seeds"]) == {
        (20, "relobralo"): 1,
        (20, "relobralo, tuned"): 1,
        (20, "sum"): 2,
        (40, "sum"): 1,
    }


def test_runs_that_diverged_have_an_infinite_error():
    found = summary.spread(frame(run_of(0, 0.1), run_of(1, None), run_of(2, 0.3)), ["problem"]).iloc[0]
    assert found[["median", "low", "high", "largest"]].tolist() == [0.3, 0.2, math.inf, math.inf]
    found = summary.spread(frame(*(run_of(seed, None) for seed in range(4))), ["problem"]).iloc[0]
    assert found[["median", "low", "high", "largest"]].tolist() == [math.inf] * 4


def test_the_ratio_is_that_of_the_seeds_that_both_have():
    rows = [run_of(seed, error) for seed, error in ((0, 0.1), (1, 0.2), (2, 0.4))]
    rows += [run_of(seed, error, loss="relobralo") for seed, error in ((1, 0.1), (2, 0.2), (3, 9.0))]
    found = summary.spread(frame(*rows), ["problem"])["ratio"]
    assert found["Helmholtz", "relobralo"] == pytest.approx(0.5)
    assert found["Helmholtz", "sum"] == 1
    assert summary.spread(frame(*rows[3:]), ["problem"])["ratio"].isna().all()


def test_beside_a_scheme_are_its_seeds_only():
    rows = [run_of(seed, 0.1) for seed in range(4)] + [run_of(seed, 0.2, loss="relobralo") for seed in (1, 2, 7)]
    found = summary.beside(frame(*rows), "relobralo")
    assert sorted(found.loc[found["scheme"] == "sum", "seed"]) == [1, 2]


def test_a_cell_of_fewer_seeds_says_so():
    rows = [run_of(seed, 0.1) for seed in range(4)] + [run_of(1, 0.2, loss="relobralo")]
    made = summary.table(
        frame(*rows), ["problem"], ["sum", "relobralo", "max"], summary.with_largest, ratios=["relobralo"]
    )
    assert made.to_dict("records") == [
        {
            "problem": "Helmholtz",
            "`sum`": "0.100 (0.100)",
            "`relobralo`": "0.200 (0.200), 1 seeds",
            "ratio": "2.00",
            "`max`": "",
        }
    ]


def test_each_variable_of_a_run_has_a_line():
    first, second = summary.lines("reuse", run_of(0, 0.1, variable="k", **{f"{OTHERS}u": 0.3}))
    assert (first["variable"], first["error"], first["history"][20]) == ("k", 0.1, 0.1)
    assert (second["variable"], second["error"], second["history"]) == ("u", 0.3, {})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.003874, "0.00387"),
        (1.0, "1.00"),
        (0.9999, "1.00"),
        (99.96, "100"),
        (99.94, "99.9"),
        (1234.0, "1234"),
        (5.214e-5, "5.21e-5"),
        (9.996e-4, "0.00100"),
        (9.99e-4, "9.99e-4"),
        (0.0, "0.00"),
        (math.inf, "inf"),
        (math.nan, ""),
    ],
)
def test_a_number_has_three_digits(value, text):
    assert summary.number(value) == text


def test_a_table_of_markdown_keeps_its_columns_apart():
    made = summary.markdown(pd.DataFrame({"a|b": [1, 2], "c": ["x|y", None]}))
    assert made.splitlines()[2:] == [r"| 1 | x\|y |", "| 2 |  |"]
