"""The page of comparisons, and where its figures lie."""

import re

import pytest
from several_runs import OURS, SUM, runs_in, write_seeds
from written_runs import EXACT, write_run

from modulus_relobralo.report import sections
from modulus_relobralo.report.comparison import compare
from modulus_relobralo.report.document import write_report
from modulus_relobralo.report.sections import folder_name
from modulus_relobralo.report.summary import summarize


@pytest.fixture
def figures(monkeypatch):
    """Let files stand for the figures, which have tests of their own."""

    def plot(comparison, folder):
        folder.mkdir(parents=True)
        paths = [folder / f"{name}.png" for name in ("error", *comparison.variables)]
        for path in paths:
            path.write_text(comparison.title)
        return paths

    monkeypatch.setattr(sections, "plot_comparison", plot)


def test_a_report_has_its_tables_and_figures(tmp_path, figures):
    for load, errors in (("uniform", SUM[:2]), ("sine", OURS[:2])):
        write_seeds(tmp_path / "runs" / load, "sum", errors, options=f"load: {load}/x", exact={"u": EXACT, "w": EXACT})
    write_run(tmp_path / "runs" / "killed", "sum", steps=(0, 10), seed=9, options="load: sine/x")
    comparisons = compare(runs_in(tmp_path / "runs"))
    out = tmp_path / "out"
    text = write_report(comparisons, out, source="made by hand").read_text(encoding="utf-8")
    assert "made by hand" in text
    for comparison in comparisons:
        folder = folder_name(comparison.title)
        for name in ("error", "u", "w"):
            assert f"![{name}]({folder}/{name}.png)" in text
            assert (out / folder / f"{name}.png").read_text() == comparison.title
        (row,) = summarize(comparison)
        assert "| " + " | ".join(row) + " |" in text
        assert "| " + " | ".join(row.values()) + " |" in text
    assert re.search(r"- not counted: bending, load sine/x: sum, seed 9: unfinished, at step 10 of 20", text)


def test_the_folder_of_figures_does_not_hang_on_what_else_is_compared(tmp_path, figures):
    for load in ("uniform", "sine"):
        write_run(tmp_path / "runs" / load, "sum", options=f"load: {load}/x")
    comparisons = compare(runs_in(tmp_path / "runs"))
    for name, shown in (("both", comparisons), ("turned", comparisons[::-1])):
        write_report(shown, tmp_path / name)
    both, turned = (sorted(path.name for path in (tmp_path / name).iterdir()) for name in ("both", "turned"))
    assert both == turned
    assert len(both) == 3


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("helmholtz", "helmholtz"),
        ("helmholtz, lr 0.001, not per edge", "helmholtz-lr-0.001-not-per-edge"),
        ("helmholtz, name grüße", "helmholtz-name-grüße"),
    ],
)
def test_a_folder_is_named_by_its_title(title, name):
    assert folder_name(title) == name


def test_no_two_titles_share_a_folder_and_none_leads_out():
    titles = ["a/b", "a_b", "a b", "..", "../x", ".hidden", "x" * 400, "x" * 401, "ü" * 400, ""]
    names = [folder_name(title) for title in titles]
    assert len(set(names)) == len(names)
    for name in names:
        assert re.fullmatch(r"[\w.-]+", name)
        assert not name.startswith(".")
        assert 0 < len(name.encode()) < 200
