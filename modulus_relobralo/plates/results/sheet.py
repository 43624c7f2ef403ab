"""A sheet of a plate: what it is, how it is held and loaded, what came out, and the verdict, in one HTML file."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path

from modulus_relobralo.plates.results.results import Results
from modulus_relobralo.plates.results.tables import edge_rows, extreme_rows, number, said
from modulus_relobralo.tables import Row, printable, to_html

STYLE = (
    "@page { size: A4; margin: 12mm } body { font: 9pt sans-serif; max-width: 190mm; margin: auto } "
    "h1 { font-size: 14pt } table { border-collapse: collapse; margin: 4pt 0 } th, td { padding: 1pt 5pt; "
    "border-bottom: 1px solid #ccc; text-align: right } td:first-child { text-align: left } "
    "img { max-width: 49%; vertical-align: top } .verdict { font-weight: bold; border: 1px solid; padding: 4pt }"
)


def write_sheet(results: Results, path: Path, figures: Sequence[Path], title: str) -> Path:
    """
    Write the sheet, which needs nothing else and is printed from a browser.

    Parameters
    ----------
    results : Results
        Of the plate.
    path : Path
        Of the file, ``.html``.
    figures : sequence of Path
        Pictures, ``.png``, that go into it.
    title : str
        Its heading.
    """
    *remarks, verdict = (escape(printable(line)) for line in said(results))
    pictures = [
        f'<img alt="{escape(figure.stem)}" src="data:image/png;base64,{b64encode(figure.read_bytes()).decode()}">'
        for figure in figures
    ]
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>',
        f'<h1>{escape(printable(title))}</h1><p class="verdict">{verdict}</p>',
        *map(to_html, (given_rows(results), edge_rows(results), extreme_rows(results))),
        *(f"<p>{line}</p>" for line in remarks),
        *pictures,
        "</html>",
    ]
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")
    return path


def given_rows(results: Results) -> list[Row]:
    """Return what was given of a plate: shape, stiffness, soil and loads, in SI units."""
    plate = results.plate
    loads = [("load", region, value) for region, value in plate.equation.loads.parts if not value.is_zero]
    soil = [("soil or support", region, value) for region, value in plate.equation.soil.parts if not value.is_zero]
    stiffness = [("stiffness " + name, None, value) for name, value in plate.equation.stiffness.values.items()]
    return [
        {"": "shape", "value": f"{number(plate.shape.area)} m^2", "where": str(plate.shape)},
        *(
            {
                "": what,
                "value": number(float(value)) if value.is_number else repr(value),
                "where": "everywhere" if region is None else str(region),
            }
            for what, region, value in (*stiffness, *soil, *loads)
        ),
    ]
