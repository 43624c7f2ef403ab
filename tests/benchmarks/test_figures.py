"""Figures from published numbers: a panel for each case, a colour for each scheme."""

import pytest
from pictures import has_colour

from benchmarks.documents import figures
from benchmarks.documents.summary import runs


@pytest.fixture
def drawn(monkeypatch):
    """Return the figures that are drawn, and leave out their rendering."""
    kept = []
    monkeypatch.setattr(figures, "save", lambda figure, path: kept.append(figure) or path)
    return kept


def test_a_figure_shows_every_case_and_scheme(tmp_path, drawn):
    found = runs("article")
    figures.errors(tmp_path / "article.png", found)
    titles = [ax.get_title(loc="left") for ax in drawn[0].axes]
    assert titles == [
        f"{problem}, {terms} terms, {steps} steps"
        for problem, terms in (("Helmholtz", 2), ("plate", 3))
        for steps in (8000, 20000)
    ]
    names = [{text.get_text().replace("\n", " ") for text in ax.texts} for ax in drawn[0].axes]
    assert names[0] == {*found["scheme"]}
    assert names[1] == {"sum", "relobralo"}


def test_a_line_is_the_median_over_the_seeds(tmp_path, drawn):
    found = runs("article").query("problem == 'plate' and steps == 8000 and scheme == 'sum'")
    figures.errors(tmp_path / "article.png", found)
    line = next(line for line in drawn[0].axes[0].get_lines() if line.get_label() == "sum")
    last = sorted(history[8000] for history in found["history"])
    assert line.get_ydata()[-1] == pytest.approx((last[4] + last[5]) / 2)


def test_the_readme_s_figure_is_drawn_from_the_rows(tmp_path):
    assert has_colour(figures.front(tmp_path / "front.png"))
