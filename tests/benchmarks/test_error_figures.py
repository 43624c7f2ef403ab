"""Figures from published numbers: the runs of the rows, and one figure for each comparison."""

import error_figures
import numpy as np
import pytest
from records import read_rows

from modulus_relobralo.report import compare


def rows_of(name):
    return read_rows(error_figures.RESULTS / name)


def test_a_run_is_its_row():
    row = next(row for row in rows_of("accuracy") if row["parameters"])
    run = error_figures.published_run(row)
    assert (run.problem, run.scheme, run.seed, run.tuned) == (row["problem"], row["loss"], row["seed"], True)
    ((_, error),) = run.errors.items()
    assert error.values[-1] == pytest.approx(row["relative L2 error"], rel=1e-3)
    assert error.steps[-1] == row["last step"]


def test_what_is_compared_are_the_seeds_of_a_setting():
    found = compare([error_figures.published_run(row) for row in rows_of("article")])
    assert [comparison.title for comparison in found] == ["helmholtz", "kirchhoff"]
    for comparison in found:
        for variant in comparison.variants:
            errors = [
                row["relative L2 error"]
                for row in rows_of("article")
                if (row["problem"], row["loss"]) == (comparison.problem, variant.scheme)
            ]
            assert len(errors) == len(variant.runs) == 10
            (variable,) = comparison.variables
            assert np.median(variant.errors(variable)) == pytest.approx(np.median(errors), rel=1e-3)


def test_each_setting_has_its_figure_where_the_report_has_it(tmp_path):
    rows = [row for row in rows_of("accuracy") if row["problem"] == "helmholtz" and row["loss"] == "sum"]
    paths = error_figures.draw([row for row in rows if row["learning rate"] != 0.003 or row["seed"] < 2], tmp_path)
    folders = {path.parent.name for path in paths}
    published = {path.parent.name for path in (error_figures.ROOT / "docs" / "results").glob("helmholtz-*/error.png")}
    assert folders == published
    assert all(path.name == "error.png" and path.is_file() for path in paths)
