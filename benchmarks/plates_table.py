"""The table of plates: medians and deviations over seeds, beside the bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from modulus_relobralo.tables import Row, to_markdown

BARS = {"deflection": 0.1, "moment": 0.5, "reaction": 1.0, "edge sum": 1.0, "corner": 1.0, "sum of reactions": 0.2}
"""In per cent of the reference, for the median over seeds."""
SECONDS = 60
"""At most, of one core."""
ALIKE = 3e-4
"""Values of the reference that are as near, as series are cut off, are one by symmetry: they share a line."""

Rows = Sequence[Mapping[str, Any]]


def page(rows: Rows, made: Mapping[str, Any], sources: Mapping[str, str]) -> str:
    """Return the page: what it depends on, the verdict, and the table."""
    lines = list(summaries(rows))
    barred = [line for line in lines if line["bar"] is not None]
    missed = [line for line in barred if line["median deviation"] > line["bar"]]
    cases = {line["case"]: line["seconds"] for line in barred}
    slow = [case for case, seconds in cases.items() if seconds > SECONDS]
    names = ", ".join(f"{name} {version}" for name, version in made["versions"].items())
    verdict = (
        f"Of {len(barred)} quantities of the {len(cases)} plates with bars, {len(barred) - len(missed)} are within "
        f"them{_named(missed)}. {len(cases) - len(slow)} of these plates train in at most {SECONDS} s"
        f"{': not ' + ', '.join(slow) if slow else ''}."
    )
    table = [_row(line, sources) for line in lines]
    return "\n".join(
        [
            "# Plates against the book",
            "",
            f"`{made['command']}`, {made['date']}, on {made['device']};",
            f"{names}.",
            "",
            verdict,
            "",
            "Deviations are from the reference, in per cent: the median over seeds, and the worst seed. Where symmetry "
            "makes several values one, the worst of them counts. Places are those where the reference has the "
            "extreme; reactions are positive against the load.",
            "",
            *to_markdown(table),
            "",
        ]
    )


def summaries(rows: Rows) -> list[dict[str, Any]]:
    """Return a line for each case and value of the reference, in the order of the rows."""
    found = []
    for case, of_case in groupby(rows, lambda row: row["case"]):
        several = list(of_case)
        for alike in _alike(several):
            by_seed: dict[int, list[float]] = {}
            for row in alike:
                by_seed.setdefault(row["seed"], []).append(abs(row["deviation in %"]))
            worst = [max(values) for values in by_seed.values()]
            names = list(dict.fromkeys(row["quantity"] for row in alike))
            found.append(
                {
                    "case": case,
                    "quantity": names[0] + (f" and {len(names) - 1} alike" if len(names) > 1 else ""),
                    "unit": alike[0]["unit"],
                    "reference": alike[0]["reference"],
                    "median": float(np.median([row["value"] for row in alike])),
                    "median deviation": float(np.median(worst)),
                    "worst deviation": max(worst),
                    "bar": BARS[alike[0]["kind"]] if alike[0]["bars"] else None,
                    "seeds": len(by_seed),
                    "seconds": float(np.median([row["seconds"] for row in alike])),
                }
            )
    return found


def _alike(rows: Rows) -> list[list[Mapping[str, Any]]]:
    """Return the rows of a case by kind and value of the reference; the sign of a twisting moment is symmetry's."""
    groups: list[list[Mapping[str, Any]]] = []
    for row in rows:
        for group in groups:
            first = group[0]
            same = abs(row["reference"] - first["reference"]) <= ALIKE * abs(first["reference"])
            if row["kind"] == first["kind"] and same:
                group.append(row)
                break
        else:
            groups.append([row])
    return groups


def _named(missed: Sequence[Mapping[str, Any]]) -> str:
    if not missed:
        return ""
    said = [f"{line['quantity']} of {line['case']}, {line['median deviation']:.2f} %" for line in missed]
    return "; beyond: " + "; ".join(said)


def _row(line: Mapping[str, Any], sources: Mapping[str, str]) -> Row:
    return {
        "case": f"`{line['case']}`",
        "quantity": line["quantity"],
        "unit": line["unit"],
        "reference": f"{line['reference']:.5g}",
        "from": sources[line["case"]],
        "median": f"{line['median']:.5g}",
        "deviation": f"{line['median deviation']:.3f}",
        "worst": f"{line['worst deviation']:.3f}",
        "bar": "" if line["bar"] is None else f"{line['bar']:g}",
        "seeds": str(line["seeds"]),
        "seconds": f"{line['seconds']:.0f}",
    }
