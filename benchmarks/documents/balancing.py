"""The page of the balancing benchmark: on how many problems a scheme helps or harms, medians, a dot for each seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.documents.summary import BASELINE, markdown, number, ratio
from benchmarks.protocols.balancing import DESIGN, PROBLEMS
from benchmarks.records import Row, read_rows
from modulus_relobralo.figure_style import COLOURS, SMALL, TEXT, WIDTH, bare, new_figure, save, set_title

NAMES = {"adam": "Adam", "soap": "SOAP", "natural_gradient": "Natural gradients"}
# Of those of natural gradients, which are rows of the gallery.
STEPS = 250
HELPS, HARMLESS, HARMS = "helps", "harmless", "harms"
VERDICTS = {HELPS: COLOURS[2], HARMLESS: "0.6", HARMS: COLOURS[1]}
# Ratios outside are drawn at the edge.
LIMITS = (1e-3, 1e2)
RULE = (
    "A scheme **helps** on a problem if the median of its errors is at most 0.8 of the sum's and no seed is worse "
    "than the sum's worst. It **harms** if the median is above 1.25 of the sum's, or a seed above 1.5 times the "
    "sum's worst. Else it is **harmless**. The rule was written before the runs."
)
COUNTS = (
    "Problems on which a scheme helps, is harmless and harms, over all and over the half on which no scheme was "
    "designed. The ratio is the geometric mean over all problems of its median to the sum's."
)
MEDIANS = "Relative L2 errors: medians over the seeds, and for each scheme its ratio to the sum's."


def body(rows: Sequence[Row]) -> str:
    """Return a section for each optimizer, with counts, a figure and medians."""
    parts = [RULE]
    for descent, runs in frame(rows).groupby("descent"):
        said = verdicts(runs)
        parts += [
            f"## {NAMES[descent]}",
            f"{COUNTS} Problems: {said['problem'].nunique()}; seeds: {said['seeds'].min()} to {said['seeds'].max()}.",
            markdown(counts(said)),
            f"![error of each seed relative to the sum's median]({picture(descent)})",
            MEDIANS,
            markdown(medians(said)),
        ]
    return "\n\n".join(parts)


def frame(rows: Sequence[Row]) -> pd.DataFrame:
    """Return the runs, those that diverged with an infinite error."""
    return pd.DataFrame(rows).assign(error=lambda runs: runs["error"].fillna(np.inf))


def with_gallery(rows: Sequence[Row]) -> list[Row]:
    """Return the runs of this benchmark and those by natural gradients, rows of the gallery without weights by hand."""
    return [*rows, *_of_gallery(read_rows("gallery"))]


def _of_gallery(rows: Sequence[Row]) -> list[Row]:
    return [
        {
            "problem": row["problem"],
            "descent": "natural_gradient",
            "scheme": row["loss"],
            "seed": row["seed"],
            "error": row[f"after {STEPS} steps"],
        }
        for row in rows
        if f"after {STEPS} steps" in row and row["weight of conditions"] == 1 and row["problem"] in PROBLEMS
    ]


def verdicts(runs: pd.DataFrame) -> pd.DataFrame:
    """Return median, ratio to the sum's and verdict for each problem and scheme, over the seeds that both have."""
    made = []
    for problem, of in runs.groupby("problem"):
        sums = of[of["scheme"] == BASELINE].set_index("seed")
        for scheme, group in of.groupby("scheme", sort=False):
            both = group.set_index("seed").join(sums[["error"]], rsuffix=" of the sum", how="inner")
            ours, theirs = both["error"], both["error of the sum"]
            made.append(
                {
                    "problem": problem,
                    "scheme": scheme,
                    "seeds": len(both),
                    "median": ours.median(),
                    "ratio": ours.median() / theirs.median(),
                    "verdict": verdict(ours, theirs),
                }
            )
    return pd.DataFrame(made)


def verdict(errors: pd.Series, sums: pd.Series) -> str:
    """Return whether a scheme helps, harms or is harmless by `RULE`, given its errors and the sum's, each [seeds]."""
    change, worst = errors.median() / sums.median(), errors.max() / sums.max()
    if change <= 0.8 and worst <= 1:
        return HELPS
    return HARMS if change > 1.25 or worst > 1.5 else HARMLESS


def counts(said: pd.DataFrame) -> pd.DataFrame:
    """Return for each scheme on how many problems it helps, is harmless and harms, over all and on the second half."""
    unseen = ~said["problem"].isin(DESIGN)
    made = []
    for scheme, of in said[said["scheme"] != BASELINE].groupby("scheme", sort=False):
        line: Row = {"scheme": f"`{scheme}`"}
        for word in VERDICTS:
            among = of["verdict"] == word
            line[word] = f"{among.sum()} ({(among & unseen).sum()})"
        line["ratio"] = ratio(float(np.exp(np.log(of["ratio"]).mean())))
        made.append(line)
    return pd.DataFrame(made)


def medians(said: pd.DataFrame) -> pd.DataFrame:
    """Return the sum's median for each problem, and each scheme's ratio to it; what helps is bold, harm has a cross."""
    looks = {HELPS: "**{}**", HARMLESS: "{}", HARMS: "{} ✗"}
    made = []
    for problem, of in said.groupby("problem"):
        of = of.set_index("scheme")
        line = {"problem": problem, f"`{BASELINE}`": number(of.loc[BASELINE, "median"])}
        others = of.drop(index=BASELINE)
        cells = [looks[word].format(ratio(size)) for word, size in zip(others["verdict"], others["ratio"], strict=True)]
        made.append({**line, **dict(zip((f"`{name}`" for name in others.index), cells, strict=True))})
    return pd.DataFrame(made)


def picture(descent: str) -> str:
    """Return the name of a figure."""
    return f"balancing_{descent}.png"


def draw(folder: Path, rows: Sequence[Row]) -> list[Path]:
    """Draw for each optimizer a panel for each scheme: the error of each seed relative to the sum's median."""
    return [_draw(folder / picture(descent), NAMES[descent], runs) for descent, runs in frame(rows).groupby("descent")]


def _draw(path: Path, optimizer: str, runs: pd.DataFrame) -> Path:
    problems = sorted(runs["problem"].unique(), reverse=True)
    sums = runs[runs["scheme"] == BASELINE].groupby("problem")["error"].median()
    said = verdicts(runs).set_index(["scheme", "problem"])["verdict"]
    schemes = [scheme for scheme in runs["scheme"].unique() if scheme != BASELINE]
    lines = -(-len(schemes) // 3)
    figure = new_figure(WIDTH, (0.16 * len(problems) + 0.7) * lines)
    axes = figure.subplots(lines, 3, squeeze=False, sharex=True, sharey=True).ravel()
    for ax, scheme in zip(axes, schemes, strict=False):
        for _, run in runs[runs["scheme"] == scheme].iterrows():
            where = np.clip(run["error"] / sums[run["problem"]], *LIMITS)
            colour = VERDICTS[said[scheme, run["problem"]]]
            ax.plot(where, problems.index(run["problem"]), "o", color=colour, markersize=4, alpha=0.8)
        ax.axvline(1, color="black", linewidth=0.8)
        found = said[scheme].value_counts()
        ax.set_title(f"{scheme}: {found.get(HELPS, 0)} help, {found.get(HARMS, 0)} harm", fontsize=SMALL, loc="left")
        ax.set(xscale="log", xlim=(LIMITS[0] / 1.5, LIMITS[1] * 1.5), yticks=range(len(problems)))
        ax.set_yticklabels([name.replace("_", " ") for name in problems])
        ax.grid(axis="y", alpha=0.3, linewidth=0.6)
        bare(ax)
    for ax in axes[len(schemes) :]:
        ax.remove()
    set_title(figure, f"{optimizer}: error over the sum's median, a dot for each seed")
    figure.supxlabel("left of the line: better than the sum. Green helps, grey is harmless, red harms", fontsize=TEXT)
    return save(figure, path)
