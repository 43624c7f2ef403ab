"""Tables between ``<!-- table: NAME -->`` and ``<!-- end of table -->``: of the results, of the gallery, in short."""

from __future__ import annotations

import re

import pandas as pd

from benchmarks.documents import gallery
from benchmarks.documents.summary import (
    beside,
    markdown,
    median,
    number,
    ratio,
    runs,
    spread,
    table,
    with_largest,
    with_quartiles,
    with_ratio,
)
from benchmarks.protocols.accuracy import best_trials
from benchmarks.protocols.schemes import GRADIENTS, HEADLINE
from benchmarks.records import ROOT, read_rows

BUILTIN = "relobralo_builtin"
# What was asked for: of the article's claims, and of GRADIENTS by optimizer, setting and problem.
CLAIMS = {"Helmholtz": 0.35, "plate": 0.1}
BARS = {
    ("adam", "article's"): {"plate": 0.1, "Helmholtz": 0.1},
    ("adam", "scaled"): {"plate": 1.2, "Helmholtz": 0.35},
    ("soap", "article's"): {"plate": 1.2, "Helmholtz": 1.2},
    ("soap", "scaled"): {"plate": 1.2, "Helmholtz": 1.2},
}
BAR_OF_OTHERS = 1.1
# The steps at which natural gradients are shown, by setting and problem.
SHOWN = {
    ("article's", "plate"): (48, 120, 300),
    ("article's", "Helmholtz"): (72, 300),
    ("scaled", "plate"): (24, 60, 148),
    ("scaled", "Helmholtz"): (60, 148),
}
SETTING = ["setting", "problem", "loss terms"]


def article() -> pd.DataFrame:
    """Return mean squares of the error in the article's setting, beside its claims."""
    found = beside(runs("article"), "relobralo")
    schemes = (*HEADLINE, BUILTIN, f"{BUILTIN}, the article's values")
    made = table(found, ["problem", "steps"], schemes, with_quartiles, "square", ratios=["relobralo"])
    claims = made["problem"].map(CLAIMS)
    made["claim"] = [
        f"{claim:g}, {'holds' if float(found) <= claim else 'missed'}"
        for claim, found in zip(claims, made["ratio"], strict=True)
    ]
    return made


def defaults() -> pd.DataFrame:
    """Return errors in the scaled setting at the published defaults."""
    found = beside(runs("accuracy"), "relobralo")
    schemes = (*HEADLINE, BUILTIN, "soft_adapt", "lr_annealing", "grad_norm")
    return table(found, ["problem", "loss terms", "rate"], schemes, with_ratio)


def tuned() -> pd.DataFrame:
    """Return errors in the scaled setting at the values that the search found."""
    found = runs("accuracy")
    schemes = ("sum", *(f"{loss}, tuned" for loss in ("relobralo", BUILTIN, "lr_annealing")))
    cases = found.loc[found["scheme"].isin(schemes[1:]), ["problem", "loss terms", "rate"]].drop_duplicates()
    return table(found.merge(cases), ["problem", "loss terms", "rate"], schemes, with_ratio)


def tuned_values() -> pd.DataFrame:
    """Return the values that the search found."""
    return pd.DataFrame(
        {
            "problem": row["problem"],
            "loss": f"`{row['loss']}`",
            "values": ", ".join(f"`{name}` {value:.4g}" for name, value in row["parameters"].items()),
            "trials": sum(
                all(other[name] == row[name] for name in ("problem", "terms", "loss")) for other in read_rows("tuning")
            ),
        }
        for row in best_trials()
    )


def with_adam() -> pd.DataFrame:
    """Return the runs with Adam that others are held against: the article's of 8,000 steps, the scaled from 3e-3."""
    scaled, of_article = runs("accuracy").query("rate == 0.003"), runs("article").query("steps == 8000")
    return pd.concat([of_article, scaled])


def optimizers() -> pd.DataFrame:
    """Return errors with SOAP, and behind them those with Adam."""
    schemes = (*HEADLINE, BUILTIN)
    soap = beside(runs("optimizers").query("optimizer == 'soap'"), "relobralo")
    ours = table(soap, SETTING, schemes, with_largest, ratios=["relobralo"])
    adam = table(beside(with_adam(), "relobralo"), SETTING, schemes, with_largest)
    named = {column: f"Adam: {column}" for column in adam if column not in SETTING}
    return ours.merge(adam.rename(columns=named), how="left", on=SETTING)


def natural_gradients() -> pd.DataFrame:
    """Return errors with natural gradients after some of their steps."""
    found = runs("natural_gradients")
    lines = [
        {**line, "step": step, "error": line["history"][step]}
        for line in found.to_dict("records")
        for step in SHOWN[line["setting"], line["problem"]]
    ]
    return table(pd.DataFrame(lines), [*SETTING, "step"], HEADLINE[::-1], with_largest)


def windows() -> pd.DataFrame:
    """Return a line for each window of each run."""
    return pd.DataFrame(
        {"scheme": row["loss"], "seed": row["seed"], "window": number, "error": error}
        for row in read_rows("moving_window")
        for number, error in enumerate(row["errors"], start=1)
    )


def moving_window() -> pd.DataFrame:
    """Return errors at the end of each moving window."""
    return table(windows(), ["window"], (*HEADLINE, GRADIENTS), with_largest, ratios=["relobralo", GRADIENTS])


def everywhere() -> pd.DataFrame:
    """Return the runs of every setting in which GRADIENTS balances."""
    last = windows().query("window == 4").drop(columns="window")
    case = {"setting": "moving time windows", "problem": "advection, the fourth", "loss terms": 2, "variable": "u"}
    last = last.assign(**case, protocol="moving_window", optimizer="adam", rate=3e-3, steps=800)
    return pd.concat([with_adam(), runs("optimizers").query("optimizer == 'soap'"), runs("reuse"), last])


def gradients() -> pd.DataFrame:
    """Return errors of GRADIENTS in every setting, beside what was asked for."""
    index = ["optimizer", *SETTING, "variable"]
    made = table(beside(everywhere(), GRADIENTS), index, (GRADIENTS, *HEADLINE), with_largest, ratios=[GRADIENTS])
    made.insert(
        made.columns.get_loc("ratio") + 1,
        "bar",
        [
            f"{BARS.get((optimizer, setting), {}).get(problem, BAR_OF_OTHERS):g}"
            for optimizer, setting, problem in zip(made["optimizer"], made["setting"], made["problem"], strict=True)
        ],
    )
    return made


def rivals() -> pd.DataFrame:
    """Return errors of GRADIENTS and of the host's schemes, the best of theirs in bold, and the ratio to it."""
    index, others = ["optimizer", *SETTING, "variable"], (BUILTIN, "lr_annealing", "soft_adapt")
    found = beside(everywhere(), "soft_adapt")
    medians = spread(found, index)["median"].unstack("scheme")
    best = medians[list(others)].idxmin(axis=1)
    made = table(found, index, (GRADIENTS, *others), median)
    keys = [tuple(row) for row in made[index].itertuples(index=False)]
    for line, key in enumerate(keys):
        column = f"`{best[key]}`"
        made.loc[line, column] = f"**{made.loc[line, column]}**"
        made.loc[line, "ratio to the best"] = ratio(medians.loc[key, GRADIENTS] / medians.loc[key, best[key]])
    return made


def race() -> pd.DataFrame:
    """Return the seconds to an error of all codes that came to 1 % in 90 s."""
    reached = [row for row in read_rows("time_to_error") if row["limit"] == 90 and row["1 %"] is not None]
    return pd.DataFrame(
        {"": row["entry"], **{f"to {name}": "" if row[name] is None else number(row[name]) for name in COLUMNS}}
        for row in reached
    )


def in_short() -> pd.DataFrame:
    """Return median errors by optimizer and scheme, a row for each setting: the README's."""
    frames = with_adam(), runs("optimizers").query("optimizer == 'soap'"), runs("natural_gradients")
    medians = pd.concat([of.groupby(["optimizer", "scheme", *SETTING])["error"].median() for of in frames]).sort_index()
    columns = {name: medians[optimizer, scheme] for name, optimizer, scheme in SHORT}
    # The settings that all of them have.
    return pd.DataFrame(columns).dropna().apply(lambda column: column.map(number)).reset_index()


def gallery_contents() -> pd.DataFrame:
    """Return the problems of the gallery with their errors."""
    return gallery.contents()


def gallery_thumbnails() -> pd.DataFrame:
    """Return four problems of the gallery with pictures and errors: the README's."""
    return gallery.thumbnails()


COLUMNS = ("1 %", "0.1 %", "1e-4")
SHORT = (
    ("Adam, `sum`", "adam", "sum"),
    ("Adam, `relobralo`", "adam", "relobralo"),
    ("Adam, `relobralo_grad`", "adam", "relobralo_grad"),
    ("SOAP, `relobralo_grad`", "soap", "relobralo_grad"),
    ("natural gradients, `sum`", "natural_gradient", "sum"),
)
TABLES = (
    article, defaults, tuned, tuned_values, optimizers, natural_gradients, moving_window, gradients, rivals, race,
    gallery_contents, gallery_thumbnails, in_short,
)  # fmt: skip
DOCUMENTS = tuple(
    ROOT / path
    for path in (
        "README.md",
        *(f"docs/evidence/{name}.md" for name in ("index", "results", "diary")),
        "examples/gallery/README.md",
    )
)
MARKED = re.compile(r"<!-- table: (\w+) -->.*?<!-- end of table -->", re.DOTALL)


def fill(page: str) -> str:
    """Return a page with its marked tables made anew."""
    made = {function.__name__: function for function in TABLES}

    def of(name: str) -> str:
        # The texts are our own, links and pictures among them.
        return markdown(made[name]()).replace(r"]\(", "](")

    return MARKED.sub(lambda found: f"<!-- table: {found[1]} -->\n\n{of(found[1])}\n\n<!-- end of table -->", page)
