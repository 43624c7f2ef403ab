"""The tables of errors in the documents, against the result file and by NumPy."""

import re

import numpy as np
from omegaconf import OmegaConf
from protocol import ROOT
from records import read_rows

HEAD = r"\| problem \| loss terms \| Adam from \|"
PROBLEMS = {"Helmholtz": "helmholtz", "plate": "kirchhoff"}
TERMS = {"2": "aggregated", "3": "aggregated", "5": "per_edge", "9": "per_edge"}


def split(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def read_tables(page):
    """Return the runs of each cell in the tables that begin with HEAD, and the cell's text."""
    for header, body in re.findall(rf"^({HEAD}.*)\n\|[-|]+\n((?:\|.*\n)+)", page, re.MULTILINE):
        for problem, terms, rate, *cells in map(split, body.splitlines()):
            for column, cell in zip(split(header)[3:], cells, strict=True):
                loss, tuned = re.fullmatch(r"`(\w+)`(, tuned)?", column).groups()
                if cell:
                    yield PROBLEMS[problem], TERMS[terms], float(rate), loss, bool(tuned), cell


def errors_by_seed(problem, terms, rate, loss, tuned):
    rows = read_rows(ROOT / "benchmarks" / "results" / "accuracy")
    wanted = problem, terms, rate, loss
    return {
        row["seed"]: row["relative L2 error"]
        for row in rows
        if (row["problem"], row["terms"], row["learning rate"], row["loss"]) == wanted
        and bool(row["parameters"]) == tuned
    }


def agrees(text, value):
    """Whether `value`, rounded to the digits of `text`, is `text`."""
    half_a_digit = 0.5 * 10.0 ** -len(text.partition(".")[2])
    return abs(float(text) - value) <= 1.001 * half_a_digit


def test_medians_and_ratios_are_those_of_the_runs():
    cells = list(read_tables((ROOT / "docs" / "results.md").read_text()))
    assert len(cells) >= 8
    for problem, terms, rate, loss, tuned, cell in cells:
        median, ratio = re.fullmatch(r"([\d.]+)(?: \(([\d.]+)\))?", cell).groups()
        ours = errors_by_seed(problem, terms, rate, loss, tuned)
        theirs = errors_by_seed(problem, terms, rate, "sum", False)
        assert agrees(median, np.median(list(ours.values()))), (problem, terms, rate, loss, cell)
        if loss != "sum":
            shared = sorted(ours.keys() & theirs.keys())
            found = np.median([ours[seed] for seed in shared]) / np.median([theirs[seed] for seed in shared])
            assert agrees(ratio, found), (problem, terms, rate, loss, cell, found)


def test_the_article_s_table_is_that_of_the_runs():
    page = (ROOT / "docs" / "results.md").read_text()
    rows = re.findall(
        r"^\| (Helmholtz|plate) \| ([\d,]+) \| ([^|]*) \| ([^|]*) \| ([\d.]+) \| ([\d.]+) \| (\w+) \|$", page, re.M
    )
    assert {row[0] for row in rows} == set(PROBLEMS)
    for problem, steps, *cells, ratio, claim, verdict in rows:
        medians = []
        for loss, cell in zip(("sum", "relobralo"), cells, strict=True):
            squares = [
                row["mean squared error"]
                for row in read_rows(ROOT / "benchmarks" / "results" / "article")
                if (row["problem"], row["loss"], row["last step"], row["parameters"])
                == (PROBLEMS[problem], loss, int(steps.replace(",", "")), {})
            ]
            assert len(squares) == 10
            printed = [float(number) for number in re.findall(r"[\d.]+(?:e-\d+)?", cell)]
            # two digits
            np.testing.assert_allclose(printed, np.percentile(squares, [50, 25, 75]), rtol=0.05)
            medians.append(np.median(squares))
        assert agrees(ratio, medians[1] / medians[0])
        assert (verdict == "holds") == (medians[1] / medians[0] <= float(claim))


def test_the_table_of_the_host_s_class_is_that_of_the_runs():
    page, results = (ROOT / "docs" / "results.md").read_text(), ROOT / "benchmarks" / "results"
    runs = [row for name in ("", "_builtin", "_builtin_5_to_9") for row in read_rows(results / f"article{name}")]
    rows = re.findall(r"^\| (Helmholtz|plate) \| ((?:[^|]+\[[^|]+\], [^|]+\|){4})$", page, re.MULTILINE)
    assert {problem for problem, _ in rows} == set(PROBLEMS)
    columns = [("sum", False), ("relobralo", False), ("relobralo_builtin", False), ("relobralo_builtin", True)]
    for problem, cells in rows:
        for (loss, of_article), cell in zip(columns, split(cells), strict=True):
            squares = [
                run["mean squared error"]
                for run in runs
                if (run["problem"], run["loss"], run["last step"]) == (PROBLEMS[problem], loss, 8_000)
                and bool(run["parameters"]) == of_article
            ]
            assert len(squares) == 10
            printed = [float(number) for number in re.findall(r"[\d.]+(?:e-\d+)?", cell)]
            np.testing.assert_allclose(printed, [*np.percentile(squares, [50, 25, 75]), max(squares)], rtol=0.05)


def test_the_tuned_values_of_the_example_are_those_that_the_search_found():
    (found,) = (
        row["parameters"]
        for row in read_rows(ROOT / "benchmarks" / "results" / "tuned")
        if (row["problem"], row["terms"], row["loss"]) == ("helmholtz", "aggregated", "relobralo")
    )
    values = dict(OmegaConf.load(ROOT / "examples" / "helmholtz" / "conf" / "loss" / "relobralo_tuned.yaml"))
    assert values.pop("defaults") == ["relobralo"]
    assert values == found


def test_the_rounding_is_not_generous():
    assert agrees("0.077", 0.0774)
    assert not agrees("0.077", 0.0776)
    assert agrees("89", 89.4)
    assert not agrees("2.0", 2.06)


def test_the_table_of_soap_is_that_of_the_runs():
    page = (ROOT / "docs" / "results.md").read_text()
    rows = re.findall(
        r"^\| (article's|scaled), (Helmholtz|plate), (\d) \| ([^|]*) \| ([^|]*) \| ([\d.]+) \|([^|]*)\|",
        page,
        re.MULTILINE,
    )
    assert len(rows) == 5
    names = ("", "_sum_scaled", "_scaled_0_to_4", "_5_to_9", "_builtin")
    runs = [run for name in names for run in read_rows(ROOT / "benchmarks" / "results" / f"optimizers{name}")]
    for setting, problem, terms, *cells, ratio, of_host in rows:
        medians = []
        kinds = ("sum", 10), ("relobralo", 10), ("relobralo_builtin", 3)
        for (loss, seeds), cell in zip(kinds, (*cells, of_host), strict=True):
            if not cell.strip():
                continue
            # Whoever has batches of its own is of the scaled setting.
            errors = [
                run["relative L2 error"]
                for run in runs
                if (run["problem"], run["loss"], run["last step"]) == (PROBLEMS[problem], loss, 4_000)
                and "optimizer=soap" in run["overrides"]
                and any("batch_size" in option for option in run["overrides"]) == (setting == "scaled")
                and (run["terms"] == "per_edge") == (terms == "9")
            ]
            assert len(errors) == seeds
            printed = [float(number) for number in re.findall(r"[\d.]+(?:e-\d+)?", cell)]
            np.testing.assert_allclose(printed, [np.median(errors), max(errors)], rtol=0.05)
            medians.append(np.median(errors))
        assert agrees(ratio, medians[1] / medians[0])


def test_the_table_of_natural_gradients_is_that_of_the_runs():
    page = (ROOT / "docs" / "results.md").read_text()
    rows = re.findall(
        r"^\| (article's|scaled) \| (Helmholtz|plate) \| (\d) \| (\d+) \| ([^|]*) \| ([^|]*) \|$", page, re.MULTILINE
    )
    assert {row[:2] for row in rows} == {
        (setting, problem) for setting in ("article's", "scaled") for problem in PROBLEMS
    }
    results = ROOT / "benchmarks" / "results"
    parts = ("", "_sum", "_sum_helmholtz_5_to_9", "_sum_scaled_helmholtz")
    runs = [row for name in parts for row in read_rows(results / f"natural_gradients{name}")]
    for setting, problem, terms, step, *cells in rows:
        for loss, cell in zip(("relobralo", "sum"), cells, strict=True):
            errors = [
                run["errors"][run["steps"].index(int(step))]
                for run in runs
                if (run["problem"], run["terms"], run["loss"]) == (PROBLEMS[problem], TERMS[terms], loss)
                and ("optimizer=natural_gradient" in run["overrides"]) == (setting == "article's")
            ]
            assert len(errors) == 10
            printed = [float(number) for number in re.findall(r"[\d.]+(?:e-\d+)?", cell)]
            np.testing.assert_allclose(printed, [np.median(errors), max(errors)], rtol=0.06)
