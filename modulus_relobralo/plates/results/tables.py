"""The results of a plate as tables: on the terminal, in Markdown and as CSV."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from modulus_relobralo.plates.results.combinations import Envelope
from modulus_relobralo.plates.results.results import UNITS, Results
from modulus_relobralo.plates.values import Array
from modulus_relobralo.tables import Row, print_lines, print_rows, table, to_markdown


def extreme_rows(results: Results) -> list[Row]:
    """Return the largest and smallest value of each field, and where they are."""
    return [
        {
            "": name,
            "unit": unit(name),
            "largest": number(ends["max"][0]),
            "at x, y [m]": _place(*ends["max"][1:]),
            "smallest": number(ends["min"][0]),
            " at x, y [m]": _place(*ends["min"][1:]),
        }
        for name, ends in results.extremes().items()
        if name != "angle"
    ]


def envelope_rows(found: Envelope) -> list[Row]:
    """Return the largest and smallest value of each field over all combinations, where they are and of which."""
    return [
        {
            "": name,
            "unit": unit(name),
            "largest": number(ends["max"][0]),
            "at x, y [m]": _place(*ends["max"][1:3]),
            "of": ends["max"][3],
            "smallest": number(ends["min"][0]),
            " at x, y [m]": _place(*ends["min"][1:3]),
            " of": ends["min"][3],
        }
        for name, ends in found.extremes().items()
    ]


def edge_rows(results: Results) -> list[Row]:
    """Return for each edge the extremes of its reaction and its moment, and the sum of the reaction."""
    rows = []
    for name, along in results.edges.items():
        held = results.plate.edges[name]
        most = int(np.abs(along["reaction"]).argmax())
        moment = int(np.abs(along["M_n"]).argmax())
        rows.append(
            {
                "": name,
                "held": getattr(held, "value", "by its own values"),
                "largest reaction [N/m]": number(along["reaction"][most]),
                "at x, y [m]": _place(along["x"][most], along["y"][most]),
                "sum [N]": number(results.reactions[name]),
                "largest M_n [N m/m]": number(along["M_n"][moment]),
                " at x, y [m]": _place(along["x"][moment], along["y"][moment]),
            }
        )
    for name, (x, y, force) in results.corners.items():
        rows.append({"": name, "at x, y [m]": _place(x, y), "sum [N]": number(force)})
    return rows


def balance(results: Results) -> str:
    """Return the line that holds the reactions against the load, in forces and in moments about two axes."""
    parts = ", ".join(f"{name} {number(value)}" for name, value in results.reactions.items() if value)
    _, moment_x, moment_y = results.equilibrium
    return (
        f"Load {number(results.load)} N, reactions {number(sum(results.reactions.values()))} N ({parts}): "
        f"{results.imbalance:+.2%} of all that pushes; moments {moment_x:+.2%} by x, {moment_y:+.2%} by y."
    )


def said(results: Results) -> list[str]:
    """Return what is said of the whole: the balance, remarks, and the verdict."""
    remarks = [f"Note that {remark}." for remark in results.remarks]
    return [balance(results), *remarks, str(results.verdict)]


def print_results(results: Results, title: str = "") -> None:
    """Print extremes, edges, the balance and the verdict."""
    print_rows(extreme_rows(results), title)
    print_rows(edge_rows(results), "edges and corners; a reaction is positive against the load")
    print_lines(said(results))


def markdown(results: Results, title: str) -> str:
    """Return extremes, edges, the balance and the verdict as Markdown."""
    tables = [to_markdown(extreme_rows(results)), to_markdown(edge_rows(results))]
    parts = [[f"# {title}"], [f"**{results.verdict}**"], *tables, *([line] for line in said(results)[:-1])]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def write_tables(results: Results, folder: Path, title: str) -> list[Path]:
    """Write ``results.md``, the fields at all points as ``fields.csv`` and the edges as ``edges.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    summary = folder / "results.md"
    summary.write_text(markdown(results, title))
    fields = _write_csv(folder / "fields.csv", [{}], [results.points | results.fields])
    names = [{"edge": name} for name in results.edges]
    return [summary, fields, _write_csv(folder / "edges.csv", names, list(results.edges.values()))]


def unit(name: str) -> str:
    """Return the unit of a quantity."""
    return UNITS.get(name, "N m/m" if name.startswith("M") else "N/m")


def number(value: float) -> str:
    """Return a number with four digits."""
    return f"{value:.4g}"


def _place(x: float, y: float) -> str:
    return f"{x:.3g}, {y:.3g}"


def _write_csv(path: Path, labels: list[dict[str, str]], tables: list[dict[str, Array]]) -> Path:
    rows: list[Row] = []
    for label, found in zip(labels, tables, strict=True):
        values = zip(*found.values(), strict=True)
        rows += [label | {name: repr(float(v)) for name, v in zip(found, line, strict=True)} for line in values]
    table(rows).to_csv(path, index=False)
    return path
