"""The page that stands alone."""

import re
from base64 import b64decode
from html.parser import HTMLParser

import pytest
from several_runs import OURS, SUM, runs_in, write_seeds
from written_runs import EXACT, write_run

from modulus_relobralo.report import page
from modulus_relobralo.report.comparison import compare
from modulus_relobralo.report.page import Section, folder_name, write_page, write_report
from modulus_relobralo.report.summary import summarize
from modulus_relobralo.tables import table

ROWS = [{"loss": "sum <b>", "error": "0.3 [0.2, 0.4]"}, {"loss": "relobralo", "error": "diverged"}]


class Reader(HTMLParser):
    """Collects cells, pictures and whatever a browser would fetch."""

    def __init__(self, text):
        super().__init__()
        self.cells, self.pictures, self.fetched, self._inside = [], [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self._inside = tag == "td" or (self._inside and tag == "b")
        self.pictures += [found["src"]] if tag == "img" else []
        self.fetched += [value for name, value in attributes if name in ("src", "href") and "data:" not in value]

    def handle_data(self, data):
        if self._inside:
            self.cells.append(data)
            self._inside = False


def test_tables_figures_and_remarks_are_in_it(tmp_path):
    figure = tmp_path / "error.png"
    figure.write_bytes(b"\x89PNG what a figure holds")
    section = Section("bending", table(ROWS), [figure], ["suspicious: `a` < b"])
    text = write_page([section], tmp_path / "page.html", "relobralo-report runs").read_text()
    found = Reader(text)
    assert found.cells == ["sum <b>", "0.3 [0.2, 0.4]", "relobralo", "diverged"]
    assert [b64decode(picture.partition(",")[2]) for picture in found.pictures] == [figure.read_bytes()]
    assert "suspicious: <code>a</code> &lt; b" in text
    assert "`" not in re.sub("<script>.*</script>", "", text, flags=re.DOTALL)
    # Nothing comes from elsewhere.
    assert found.fetched == []
    assert not re.search(r"https?://|@import|url\(", text)


def test_without_rows_there_is_no_table(tmp_path):
    text = write_page([Section("bending", table([]), [], [])], tmp_path / "page.html").read_text()
    assert "<table>" not in text
    assert "<ul>" not in text


# ----- document


@pytest.fixture
def figures(monkeypatch):
    """Let files stand for the figures, which have tests of their own."""

    def plot(comparison, folder):
        folder.mkdir(parents=True)
        paths = [folder / f"{name}.png" for name in ("error", *comparison.variables)]
        for path in paths:
            path.write_text(comparison.title)
        return paths

    monkeypatch.setattr(page, "plot_comparison", plot)


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
        (row,) = summarize(comparison).to_dict("records")
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
