"""The page of the balancing benchmark: its rule, its counts, and a figure with a dot for each seed."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.documents import balancing


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ([0.8, 0.8, 0.8], "helps"),
        ([0.81, 0.81, 0.81], "harmless"),
        ([0.5, 0.5, 1.21], "harmless"),  # a seed is worse than the sum's worst
        ([0.5, 0.5, 1.81], "harms"),
        ([0.5, 0.5, np.inf], "harms"),
        ([1.25, 1.25, 1.25], "harmless"),
        ([1.26, 1.26, 1.26], "harms"),
    ],
)
def test_the_rule(errors, said):
    assert balancing.verdict(pd.Series(errors), pd.Series([0.9, 1.0, 1.2])) == said


@pytest.fixture
def rows():
    """Return runs: of two problems, one on each half; `good` helps on the first, `bad` diverges on both."""
    errors = {
        ("advection", "sum"): [1.0, 1.0, 1.0],
        ("advection", "good"): [0.5, 0.4, 0.6],
        ("advection", "bad"): [1.0, 1.0, None],
        ("burgers", "sum"): [0.1, 0.1, 9.0],
        ("burgers", "good"): [0.1, 0.1],  # its third seed is not there
        ("burgers", "bad"): [None, None, None],
    }
    return [
        {"problem": problem, "scheme": scheme, "seed": seed, "descent": "adam", "error": error}
        for (problem, scheme), values in errors.items()
        for seed, error in enumerate(values)
    ]


def test_a_scheme_is_counted_on_the_seeds_that_the_sum_has_too(rows):
    said = balancing.verdicts(balancing.frame(rows)).set_index(["scheme", "problem"])
    assert said.loc[("good", "advection"), ["seeds", "median", "ratio", "verdict"]].tolist() == [3, 0.5, 0.5, "helps"]
    # Beside all three seeds of the sum, whose worst is 9, it would help.
    assert said.loc[("good", "burgers"), ["seeds", "ratio", "verdict"]].tolist() == [2, 1.0, "harmless"]
    assert said.loc["bad", "verdict"].tolist() == ["harms", "harms"]
    counted = balancing.counts(said.reset_index()).set_index("scheme")
    assert counted.loc["`good`", ["helps", "harmless", "harms"]].tolist() == ["1 (0)", "1 (1)", "0 (0)"]
    assert counted.loc["`bad`", ["helps", "harmless", "harms"]].tolist() == ["0 (0)", "0 (0)", "2 (1)"]


def test_the_page_has_a_cell_for_every_scheme_and_a_dot_for_every_seed(rows, tmp_path, monkeypatch):
    text = balancing.body(rows)
    assert "| advection | 1.00 | **0.50** | 1.00 ✗ |" in text
    assert "(balancing_adam.png)" in text
    kept = []
    monkeypatch.setattr(balancing, "save", lambda figure, path: kept.append(figure) or path)
    assert balancing.draw(tmp_path, rows) == [tmp_path / "balancing_adam.png"]
    dots = {
        ax.get_title(loc="left"): [line.get_xdata()[0] for line in ax.get_lines() if line.get_marker() == "o"]
        for ax in kept[0].axes
    }
    assert dots["good: 1 help, 0 harm"] == [0.5, 0.4, 0.6, 1.0, 1.0]
    assert len(dots["bad: 0 help, 2 harm"]) == 6
    assert max(dots["bad: 0 help, 2 harm"]) == balancing.LIMITS[1]


def test_runs_by_natural_gradients_are_those_of_the_gallery(rows, monkeypatch):
    run = {"problem": "wave", "loss": "sum", "weight of conditions": 1.0, "seed": 3}
    found = [
        run | {"after 250 steps": 0.5, "seconds of 250": 50.0},
        run | {"after 250 steps": 0.6, "seconds of 250": 50.0, "weight of conditions": 100.0},
        run | {"after 250 steps": 0.7, "seconds of 250": 50.0, "problem": "heat_inverse"},
        run | {"after 500 steps": 0.8, "seconds of 500": 100.0},
    ]
    monkeypatch.setattr(balancing, "read_rows", {"gallery": found}.get)
    (made,) = balancing.with_gallery(rows)[len(rows) :]
    expected = {"problem": "wave", "descent": "natural_gradient", "scheme": "sum", "seed": 3, "error": 0.5}
    assert made == expected
