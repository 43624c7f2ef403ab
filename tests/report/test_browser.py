"""The report in a real browser: nothing fails, nothing is fetched, nothing is wider than a telephone."""

import pytest
from browser import DESK, TELEPHONE, errors, fetched, open_browser, overflow, pictures
from several_runs import OURS, SUM, runs_in, write_seeds
from written_runs import EXACT

from modulus_relobralo.report.comparison import compare
from modulus_relobralo.report.page import Section, make_sections, write_page
from modulus_relobralo.tables import table

HOSTILE = "<script>document.title = 'mine'</script><img src=x onerror=\"document.title='mine'\">"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    for loss, values in (("sum", SUM[:2]), ("relobralo", OURS[:2])):
        write_seeds(folder / "runs", loss, values, exact={"u": EXACT})
    sections = make_sections(compare(runs_in(folder / "runs")), folder / "figures")
    rows = table([{"loss": HOSTILE, "error": "0.3"}, {"loss": "b", "error": "0.2"}])
    sections.append(Section(HOSTILE, rows, [], [HOSTILE]))
    return write_page(sections, folder / "page.html", HOSTILE)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [TELEPHONE, DESK])
def test_it_is_shown_as_it_should_be(report, width, dark):
    with open_browser(width, dark) as browser:
        browser.get(report.as_uri())
        assert errors(browser) == []
        assert [address for address in fetched(browser) if not address.startswith(("file:", "data:"))] == []
        assert overflow(browser) <= 0
        assert all(pictures(browser))
        assert len(pictures(browser)) >= 3
        assert browser.title != "mine"
        assert HOSTILE in browser.find_element("tag name", "body").text


def test_a_table_is_sorted_by_a_click(report):
    with open_browser(DESK) as browser:
        browser.get(report.as_uri())
        last = browser.find_elements("tag name", "table")[-1]
        last.find_elements("tag name", "button")[1].click()
        cells = [row.find_elements("tag name", "td")[1].text for row in last.find_elements("css selector", "tbody tr")]
        assert cells == ["0.2", "0.3"]


def test_what_is_too_wide_or_fetched_or_fails_is_seen(tmp_path):
    page = tmp_path / "bad.html"
    meta = '<meta name="viewport" content="width=device-width">'
    page.write_text(meta + '<div style="width: 900px">x</div><img src="none.png"><script>throw Error("no")</script>')
    with open_browser(TELEPHONE) as browser:
        browser.get(page.as_uri())
        assert overflow(browser) > 0
        assert any("no" in message for message in errors(browser))
        assert any(address.endswith("none.png") for address in fetched(browser))
        assert pictures(browser) == [0]
