"""Published runs as a table of pandas: a line for each variable of each run, and medians of them over the seeds."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence

import pandas as pd

from benchmarks.records import Row, read_rows
from benchmarks.runner import OTHERS
from modulus_relobralo.tables import to_markdown

BASELINE = "sum"
# What the lines of one comparison share.
CASE = ["protocol", "setting", "problem", "loss terms", "optimizer", "rate", "steps", "variable"]
# As the documents name them; with the number of loss terms, aggregated and with one for each edge.
PROBLEMS = {
    "helmholtz": ("Helmholtz", {"aggregated": 2, "per_edge": 5}),
    "kirchhoff": ("plate", {"aggregated": 3, "per_edge": 9}),
    "heat": ("cooling rod", {"its own": 3}),
    "composite_wall": ("wall of two materials", {"its own": 8}),
    "conductivity": ("unknown conductivity", {"its own": 2}),
    "cavity": ("cavity", {"its own": 5}),
}
SETTINGS = {"article": "article's", "reuse": "others' problems"}
# What values of a scheme's own are in a protocol.
VALUES = {"accuracy": "tuned", "article": "the article's values"}


def runs(*protocols: str) -> pd.DataFrame:
    """Return the published runs of protocols: `CASE`, scheme, seed, error, mean square and history of the error."""
    found = [line for name in protocols for row in read_rows(name) for line in lines(name, row)]
    return pd.DataFrame(found)


def lines(protocol: str, row: Row) -> Iterator[Row]:
    """Yield a line for each variable of a run. One that diverged has an infinite error."""
    problem, terms = PROBLEMS[row["problem"]]
    line = {
        "protocol": protocol,
        "setting": SETTINGS.get(row["setting"], row["setting"]),
        "problem": problem,
        "loss terms": terms[row["terms"]],
        "optimizer": row["optimizer"],
        "rate": row["learning rate"],
        "steps": row["max steps"],
        "variable": row["variable"],
        "scheme": f"{row['loss']}, {VALUES[protocol]}" if row["parameters"] else row["loss"],
        "values": ", ".join(f"{name} {value:.6g}" for name, value in row["parameters"].items()),
        "seed": row["seed"],
        "ms per step": row["ms per step"],
        "error": _finite(row["relative L2 error"]),
        "square": _finite(row["mean squared error"]),
        "history": dict(zip(row["steps"], row["errors"], strict=True)),
    }
    yield line
    for name, value in row.items():
        if name.startswith(OTHERS):
            # Of the others no history and no mean square was kept.
            other = {"variable": name.removeprefix(OTHERS), "error": _finite(value)}
            yield {**line, **other, "square": math.nan, "history": {}}


def _finite(value: float | None) -> float:
    return math.inf if value is None else value


def beside(frame: pd.DataFrame, scheme: str) -> pd.DataFrame:
    """Return the lines whose case and seed `scheme` has too: what is compared with it is of the same seeds."""
    known = frame.loc[frame["scheme"] == scheme, [*CASE, "seed"]]
    return frame.merge(known, on=[*CASE, "seed"])


def spread(
    frame: pd.DataFrame, index: Sequence[str], value: str = "error", shared: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return seeds, median, quartiles, largest and ratio to the sum, for each of `index` and scheme.

    The ratio is that of the medians over the seeds that both have; the sum is that of the same `shared` part of the
    index, by default of all of it.
    """
    shared = list(index if shared is None else shared)
    groups = [*index, "scheme"]
    grouped = frame.groupby(groups, dropna=False)[value]
    found = pd.DataFrame(
        {
            "seeds": grouped.size(),
            "median": grouped.median(),
            "low": grouped.quantile(0.25),
            "high": grouped.quantile(0.75),
            "largest": grouped.max(),
        }
    )
    # Pandas interpolates between two infinite errors to what is no number.
    found = found.mask(found.isna() & (found[["largest"]] == math.inf).to_numpy(), math.inf)
    sums = frame.loc[frame["scheme"] == BASELINE, [*shared, "seed", value]].rename(columns={value: "of the sum"})
    both = frame.merge(sums, on=[*shared, "seed"]).groupby(groups, dropna=False)[[value, "of the sum"]].median()
    found["ratio"] = both[value] / both["of the sum"]
    return found


def table(
    frame: pd.DataFrame,
    index: Sequence[str],
    schemes: Sequence[str],
    text: Callable[[pd.Series], str],
    value: str = "error",
    ratios: Sequence[str] = (),
) -> pd.DataFrame:
    """Return a row for each of `index` and a column for each scheme, as text; behind `ratios` their ratio to the sum.

    A cell of fewer seeds than the first scheme has says so.
    """
    found = spread(frame[frame["scheme"].isin(schemes)], index, value).reset_index()
    made = []
    for key, group in found.groupby(list(index)):
        of = group.set_index("scheme")
        row = dict(zip(index, key if isinstance(key, tuple) else (key,), strict=True))
        for scheme in schemes:
            cell = text(of.loc[scheme]) if scheme in of.index else ""
            fewer = cell and scheme != schemes[0] and of.loc[scheme, "seeds"] != of.loc[schemes[0], "seeds"]
            row[f"`{scheme}`"] = f"{cell}, {of.loc[scheme, 'seeds']} seeds" if fewer else cell
            if scheme in ratios:
                name = "ratio" if len(ratios) == 1 else f"ratio of `{scheme}`"
                row[name] = ratio(of.loc[scheme, "ratio"]) if scheme in of.index else ""
        made.append(row)
    return pd.DataFrame(made)


def median(of: pd.Series) -> str:
    """Return the median."""
    return number(of["median"])


def with_largest(of: pd.Series) -> str:
    """Return the median and, in brackets, the largest."""
    return f"{number(of['median'])} ({number(of['largest'])})"


def with_quartiles(of: pd.Series) -> str:
    """Return the median, the quartiles in brackets, and the largest."""
    return f"{number(of['median'])} [{number(of['low'])}, {number(of['high'])}], {number(of['largest'])}"


def with_ratio(of: pd.Series) -> str:
    """Return the median and, in brackets, its ratio to that of the sum."""
    return number(of["median"]) if of.name == BASELINE else f"{number(of['median'])} ({ratio(of['ratio'])})"


def number(value: float) -> str:
    """Return three digits of a number: 0.00387, 1.07, 23.4, 103, 5.21e-5; nothing of none."""
    if math.isnan(value):
        return ""
    if 0 < abs(value) < 9.995e-4:
        return re.sub(r"e-0", "e-", f"{value:.2e}")
    return f"{value:.0f}" if abs(value) >= 99.95 else f"{value:#.3g}"


def ratio(value: float) -> str:
    """Return a ratio by two decimals, or by three digits where it is small or large."""
    return f"{value:.2f}" if 0.0995 <= value < 9.995 else number(value)


def markdown(frame: pd.DataFrame) -> str:
    """Return a table in Markdown."""
    return "\n".join(to_markdown(frame.astype(object).apply(lambda column: column.map(_text))))


def _text(value: object) -> str:
    if value is None or value != value:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)
