"""A report as one HTML file that needs nothing else: figures are in it, tables can be sorted, no network."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path

from modulus_relobralo.report.sections import FOOTNOTE, TITLE, Section
from modulus_relobralo.report.tables import WORDS, Row, columns

STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
code { font-size: .85rem; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: right; }
th.word, td.word { text-align: left; }
td { white-space: nowrap; }
th button { font: inherit; font-weight: 600; color: inherit; background: none; border: 0; padding: 0; cursor: pointer;
  text-align: inherit; }
th[aria-sort=ascending] button::after { content: " \\2191"; }
th[aria-sort=descending] button::after { content: " \\2193"; }
tbody tr:hover { background: var(--soft); }
figure { margin: 1.2rem 0; background: white; border-radius: 6px; padding: .5rem; width: fit-content; max-width: 100%;
  box-sizing: border-box; }
img { display: block; max-width: 100%; height: auto; }
li { margin: .3rem 0; } footer { margin-top: 3rem; font-size: .85rem; }
@media (max-width: 46rem) { figure { overflow-x: auto; } img { width: 40rem; max-width: none; } }
"""

# Numbers by size, and words that stand for a number where they do: diverged and never come last.
SCRIPT = """
const size = text => /^(diverged|never)/.test(text) ? Infinity : parseFloat(text);
for (const table of document.querySelectorAll("table")) table.querySelectorAll("th").forEach((head, place) => {
  head.querySelector("button").addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    table.querySelectorAll("th").forEach(other => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => {
      const [x, y] = [a, b].map(row => row.cells[place].textContent);
      const [m, n] = [size(x), size(y)];
      if (isNaN(m) !== isNaN(n)) return isNaN(m) ? 1 : -1;
      const order = isNaN(m) ? x.localeCompare(y) : m === n ? 0 : m - n;
      return down ? -order : order;
    });
    table.tBodies[0].append(...rows);
  });
});
"""


def write_page(sections: Sequence[Section], path: Path, source: str = "", runs: Sequence[Row] = ()) -> Path:
    """Write sections as one HTML file and return its path.

    `source`, the command that made it for example, comes below the title, and then the table of `runs`.
    """
    parts = [f"<h1>{escape(TITLE)}</h1>"]
    parts += [f"<p><code>{escape(source)}</code></p>"] if source else []
    parts += ["<h2>Runs</h2>", _table(runs)] if runs else []
    for section in sections:
        parts += [f"<section><h2>{escape(section.title)}</h2>", _table(section.rows)]
        parts += _list(section.remarks)
        parts += [_figure(figure) for figure in section.figures]
        parts.append("</section>")
    parts.append(f"<footer><p>{_text(FOOTNOTE)}</p></footer>")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(TITLE)}</title><style>{STYLE}</style></head><body>\n"
        + "\n".join(parts)
        + f"\n<script>{SCRIPT}</script></body></html>\n",
        encoding="utf-8",
    )
    return path


def _table(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    names = columns(rows)
    kinds = [' class="word"' if name in WORDS else "" for name in names]
    heads = "".join(
        f'<th scope="col"{kind}><button type="button">{escape(name) or "&#8203;"}</button></th>'
        for name, kind in zip(names, kinds, strict=True)
    )
    lines = "\n".join(
        "<tr>"
        + "".join(f"<td{kind}>{escape(row.get(name, ''))}</td>" for name, kind in zip(names, kinds, strict=True))
        + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>\n{lines}\n</tbody></table></div>'


def _list(lines: Sequence[str]) -> list[str]:
    return [f"<ul>{''.join(f'<li>{_text(line)}</li>' for line in lines)}</ul>"] if lines else []


def _text(line: str) -> str:
    """Return a line of Markdown: what stands in backticks is code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(line))


def _figure(path: Path) -> str:
    picture = b64encode(path.read_bytes()).decode("ascii")
    return f'<figure><img alt="{escape(path.stem)}" src="data:image/png;base64,{picture}"></figure>'
