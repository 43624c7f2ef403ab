"""One source of rows, and its two forms."""

import re
from html import escape

import pytest
from rich.console import Console

from modulus_relobralo import tables
from modulus_relobralo.tables import print_lines, print_rows, table, to_html, to_markdown

ROWS = [{"loss": "sum", "error": "0.3"}, {"loss": "relobralo", "error": "0.25", "more": "1"}]


def cells(line):
    return [cell.strip() for cell in re.split("[┃│|]", line)[1:-1]]


def test_both_forms_have_the_same_cells(capsys):
    print_rows(ROWS, "a title")
    printed = [cells(line) for line in capsys.readouterr().out.splitlines() if re.search("[┃│]", line)]
    written = [cells(line) for line in to_markdown(ROWS) if "---" not in line]
    assert printed == written == [["loss", "error", "more"], ["sum", "0.3", ""], ["relobralo", "0.25", "1"]]
    assert [*table(ROWS)] == ["loss", "error", "more"]


def test_no_rows_no_table(capsys):
    print_rows([], "a title")
    assert (capsys.readouterr().out, to_markdown([]), to_html([])) == ("", [], "")


@pytest.mark.parametrize("text", ["[bold]x[/bold]", "[/x]", "[red]", "a | b", ":smile:"])
def test_what_looks_like_markup_is_shown(text, capsys):
    print_rows([{text: text}], text)
    print_lines([text])
    assert capsys.readouterr().out.count(text) == 4
    header, _, row = to_markdown([{text: text}])
    assert header == row == "| " + text.replace("|", r"\|") + " |"


def test_a_narrow_terminal_cuts_no_name(monkeypatch):
    names = [f"loss term boundary_of_the_domain_{number}" for number in range(8)]
    console = Console(width=60, force_terminal=True, color_system=None, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    monkeypatch.setattr(tables, "Console", lambda: console)
    print_rows([dict.fromkeys(names, "1.000e+00")])
    text = console.export_text()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 60


def test_into_a_pipe_it_is_as_wide_as_it_needs(capsys):
    names = [f"loss term boundary_of_the_domain_{number}" for number in range(8)]
    print_rows([dict.fromkeys(names, "1")])
    assert all(name in capsys.readouterr().out.splitlines()[1] for name in names[:1])


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a & b", "<img src=x>"])
def test_what_looks_like_html_is_shown(text):
    for shown in ("\n".join(to_markdown([{text: text}])), to_html([{text: text}])):
        assert shown.count(escape(text)) == 2
        assert text not in shown


def test_a_link_is_none_and_a_line_stays_one():
    lines = to_markdown([{"a": "[x](javascript:1)\n# title"}])
    assert len(lines) == 3
    assert lines[-1] == "| [x]\\(javascript:1)\N{REPLACEMENT CHARACTER}# title |"


def test_a_name_moves_no_cursor(capsys):
    print_rows([{"a": "\x1b[31mred\x07"}], "\x1b[2J")
    print_lines(["\x1b]0;title\x07"])
    printed = capsys.readouterr().out
    assert "red" in printed
    assert not {"\x1b", "\x07"} & {*printed}


def test_long_cells_are_whole():
    assert "x" * 300 in to_html([{"a": "x" * 300}])


@pytest.mark.parametrize("text", ["\x1b[31mred", "\ud800", "\x9b31m"])
def test_a_page_moves_no_cursor_and_is_unicode(text):
    shown = to_html([{text: text}])
    assert shown.count("\N{REPLACEMENT CHARACTER}") == 2
    assert text not in shown
    assert shown.encode()
