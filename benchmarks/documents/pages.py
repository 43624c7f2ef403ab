"""The pages docs/evidence/NAME.md, one for each file of results: what it is of, what it has, and what made it."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence

import pandas as pd

from benchmarks.documents import balancing, gallery, plates, race
from benchmarks.documents.summary import CASE, markdown, number, ratio, runs, spread, with_quartiles
from benchmarks.records import CIRCUMSTANCES, KEYS, ROOT, RUN, Row, read_rows

PAGES = ROOT / "docs" / "evidence"
# Of results that have a page of their own kind.
BODIES = {
    "balancing": lambda rows: balancing.body(balancing.with_gallery(rows)),
    "gallery": gallery.body,
    "plates": plates.body,
    "time_to_error": race.body,
}
REMARK = (
    "Errors are medians over the seeds, with the quartiles in brackets and the largest behind; ratios to `sum` are of "
    "the medians over the seeds that both have. The wall time of a step depends on what else the machine did: for runs "
    "that did not take turns it is no measure of what a scheme costs."
)


def page(name: str) -> str:
    """Return the page of a file of results."""
    rows = read_rows(name)
    if name in BODIES:
        body = BODIES[name](rows)
    elif KEYS[name] == RUN:
        body = f"{markdown(of_runs(name))}\n\n{REMARK}"
    else:
        body = markdown(pd.DataFrame({key: _cell(row[key]) for key in row if key not in CIRCUMSTANCES} for row in rows))
    figure = f"![{title(name)}]({name}.png)\n\n" if (PAGES / f"{name}.png").is_file() else ""
    return f"# {title(name)}\n\n{question(name)}\n\n{body}\n\n{figure}{made(rows)}\n"


def title(name: str) -> str:
    """Return the title of a page."""
    return name.replace("_", " ").capitalize()


def question(name: str) -> str:
    """Return what the program that makes the rows says of itself first."""
    (program,) = (path for room in ("protocols", "steps") for path in (ROOT / "benchmarks" / room).glob(f"{name}.py"))
    documented = ast.get_docstring(ast.parse(program.read_text())) or ""
    return documented.partition("\n\n")[0].replace("\n", " ")


def of_runs(name: str) -> pd.DataFrame:
    """Return a row for each case and scheme of a protocol."""
    found = runs(name)
    index = [*CASE, "values"]
    errors, squares = (spread(found, index, value, shared=CASE) for value in ("error", "square"))
    shown = [column for column in index if found[column].nunique() > 1 and column != "protocol"]
    names = errors.index.to_frame(index=False)
    times = found.groupby([*index, "scheme"], dropna=False)["ms per step"].median()
    return names[shown].assign(
        scheme=names["scheme"],
        seeds=errors["seeds"].to_numpy(),
        **{
            "relative L2 error": errors.apply(with_quartiles, axis=1).to_numpy(),
            "to sum": errors["ratio"].map(ratio).to_numpy(),
            "mean squared error": squares.apply(with_quartiles, axis=1).to_numpy(),
            "to sum ": squares["ratio"].map(ratio).to_numpy(),
            "ms per step": times.map(number).to_numpy(),
        },
    )


def made(rows: Sequence[Row]) -> str:
    """Return what the rows depend on, a line for each command, and the number of rows that it has made."""
    lines: Counter[str] = Counter()
    for row in rows:
        versions = ", ".join(f"{name} {version}" for name, version in row["versions"].items())
        lines[f"`{row['command']}`, {row['date']}, commit {row['commit']}, on {row['device']}; {versions}"] += 1
    listed = "\n".join(f"- {number}: {line}" for line, number in lines.items())
    # Folded, here and where a repository is read.
    return f"<details>\n<summary>Rows by what made them</summary>\n\n{listed}\n\n</details>"


def _cell(value: object) -> object:
    """Return a value of a row as a table has it."""
    return ", ".join(f"{part:.4g}" if part is not None else "" for part in value) if isinstance(value, list) else value
