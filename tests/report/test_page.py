"""The page that stands alone."""

import re
from base64 import b64decode
from html.parser import HTMLParser

from modulus_relobralo.report.page import write_page
from modulus_relobralo.report.sections import Section

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
    section = Section("bending", ROWS, [figure], ["suspicious: `a` < b"])
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
    text = write_page([Section("bending", [], [], [])], tmp_path / "page.html").read_text()
    assert "<table>" not in text
    assert "<ul>" not in text
