"""The page of the gallery: errors over seeds, beside their bars and what others have, and weights made by hand."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

import pandas as pd

from benchmarks.documents.summary import markdown, number
from benchmarks.records import CIRCUMSTANCES, ROOT, Row, read_rows

REMARK = (
    "Relative L2 errors of all fields, the largest, after some steps of training: the median over the seeds, and the "
    "largest seed in brackets; seconds are their median. A bar is what the median should be within its seconds."
)
BY_HAND = (
    "Weights made by hand in place of balanced ones: the same for all conditions, of the plain sum. On seeds on which "
    "balancing was chosen, medians after the same steps; the last column is the balanced error over the best of those "
    "by hand."
)
# Seconds, and an error; of what PINNacle has, a tenth of the best there where nothing smaller was wanted.
BARS: dict[str, tuple[float, float]] = {
    "advection": (300, 1e-3),
    "allen_cahn": (360, 2e-5),
    "back_step": (300, 8.2e-3),
    "beam": (300, 1e-4),
    "burgers": (240, 4e-5),
    "cavity": (300, 1e-2),
    "conductivity": (300, 0.05),
    "fisher": (300, 1e-4),
    "heat_holes": (300, 1e-4),
    "heat_inverse": (300, 5.3e-3),
    "heat_long_time": (300, 1e-1),
    "heat_scales": (300, 1e-4),
    "helmholtz": (120, 1e-6),
    "korteweg_de_vries": (600, 1.5e-4),
    "kuramoto_sivashinsky": (300, 1e-4),
    "poisson_boltzmann": (300, 1.4e-3),
    "poisson_holes": (300, 1e-4),
    "poisson_inverse": (300, 2.4e-3),
    "reynolds": (300, 1e-4),
    "rod": (300, 1e-6),
    "wall": (300, 1e-6),
    "wave": (240, 1.2e-5),
}
# Relative L2 errors that others published, with their hardware. Those of PINNacle are quoted by others.
OTHERS = {
    "allen_cahn": "4.0e-6: SOAP, 100,000 steps on a GPU (jaxpi)",
    "back_step": "8.2e-2: best of 11 methods, 20,000 epochs (PINNacle), against its own reference",
    "burgers": "4.0e-5: SOAP, 100,000 steps on a GPU (jaxpi); 7.6e-8: SSBroyden",
    "cavity": "3.6e-2: best of 11 methods, 20,000 epochs (PINNacle)",
    "heat_inverse": "5.3e-2: best of 11 methods, 20,000 epochs (PINNacle)",
    "heat_long_time": "1.0: best of 11 methods, 20,000 epochs (PINNacle)",
    "heat_scales": "6.2e-2: best of 11 methods, 20,000 epochs (PINNacle)",
    "helmholtz": "4.2e-9: natural gradients, 251 s, exact walls and Fourier inputs",
    "korteweg_de_vries": "1.5e-4",
    "kuramoto_sivashinsky": "0.96 to a later time: best of 11 methods, 20,000 epochs (PINNacle)",
    "poisson_boltzmann": "1.4e-2: best of 11 methods, 20,000 epochs (PINNacle)",
    "poisson_holes": "1.2e-2: best of 11 methods, 20,000 epochs (PINNacle)",
    "poisson_inverse": "2.4e-2: best of 11 methods, 20,000 epochs (PINNacle, with another source)",
    "wave": "1.2e-5: SOAP, 100,000 steps on a GPU (jaxpi)",
}
# Those of the README.
SHOWN = {
    "burgers": "Burgers: a shock",
    "poisson_holes": "Laplace around holes",
    "wave": "waves",
    "reynolds": "an unknown Reynolds number",
}
FOLDER = ROOT / "examples" / "gallery"
CASE = ["problem", "network", "points"]
DEFAULT = "relobralo_grad"
# Seeds on which schemes are chosen.
CHOSEN_ON = 100


def body(rows: Sequence[Row]) -> str:
    """Return a line for each problem and time, one for each problem with weights by hand, and one for each run."""
    runs = pd.DataFrame(rows)
    chosen = runs[runs["seed"] >= CHOSEN_ON]
    against = f"{BY_HAND}\n\n{markdown(by_hand(chosen))}\n\n" if len(chosen) else ""
    every = runs.drop(columns=list(CIRCUMSTANCES))
    return f"{REMARK}\n\n{markdown(summaries(runs))}\n\n{against}Every run:\n\n{markdown(every)}"


def summaries(runs: pd.DataFrame) -> pd.DataFrame:
    """Return medians over the seeds on which nothing was chosen, and whether they are within the bars."""
    shown = runs[(runs["seed"] < CHOSEN_ON) & (runs["loss"] == DEFAULT)]
    return pd.DataFrame(
        {**dict(zip(CASE, key, strict=True)), **line}
        for key, group in shown.groupby(CASE)
        for line in _lines(key[0], group)
    )


def _lines(problem: str, group: pd.DataFrame) -> Iterator[Row]:
    within, bar = BARS[problem]
    for steps, column in ends(group):
        errors, seconds = group[column].dropna(), group[f"seconds of {steps}"].median()
        verdict = "holds" if errors.median() <= bar and seconds <= within else "missed"
        yield {
            "seeds": len(errors),
            "steps": steps,
            "seconds": number(seconds),
            "error": number(errors.median()) + (f" ({number(errors.max())})" if len(errors) > 1 else ""),
            "bar": f"{bar:g} in {within:g} s: {verdict}",
            "published": OTHERS.get(problem, ""),
        }


def ends(group: pd.DataFrame) -> list[tuple[int, str]]:
    """Return the steps of the columns that have numbers, and their names."""
    names = [name for name in group if name.startswith("after ") and group[name].notna().any()]
    return sorted((int(name.split()[1]), name) for name in names)


def contents() -> pd.DataFrame:
    """Return a line for each problem of the gallery: what it is, errors and seconds at first and at last, a picture."""
    shown = summaries(pd.DataFrame(read_rows("gallery")))
    made = []
    for path in sorted(FOLDER.glob("*.py")):
        lines = shown[shown["problem"] == path.stem].to_dict("records")
        if lines:
            drawn = (FOLDER / "pictures" / f"{path.stem}.png").is_file()
            first, last = ("{error} in {seconds} s".format(**line) for line in (lines[0], lines[-1]))
            made.append(
                {
                    "script": f"`{path.name}`",
                    "problem": (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n")[0].rstrip("."),
                    "seeds": lines[0]["seeds"],
                    "error": first,
                    "later": last if len(lines) > 1 else "",
                    "published": lines[0]["published"],
                    "solution, reference, error": f"![{path.stem}](pictures/{path.stem}.png)" if drawn else "",
                }
            )
    return pd.DataFrame(made)


def thumbnails() -> pd.DataFrame:
    """Return a column for each of four problems: its picture, its last error and the seconds to it."""
    shown = contents().set_index("script")
    lines = {title: shown.loc[f"`{script}.py`"] for script, title in SHOWN.items()}
    pictures = {title: line.iloc[-1].replace("](", f"]({FOLDER.relative_to(ROOT)}/") for title, line in lines.items()}
    return pd.DataFrame([pictures, {title: line["later"] or line["error"] for title, line in lines.items()}])


def by_hand(runs: pd.DataFrame) -> pd.DataFrame:
    """Return medians over the seeds with each weight of the conditions, beside those of balancing."""
    made = []
    for problem, group in runs.groupby("problem"):
        shared = set.intersection(*(set(part["seed"]) for _, part in group.groupby(["loss", "weight of conditions"])))
        group = group[group["seed"].isin(shared)]
        *_, (steps, column) = ends(group)
        medians = group.groupby(["loss", "weight of conditions"])[column].median()
        best = medians["sum"].min()
        made.append(
            {
                "problem": problem,
                "steps": steps,
                "seeds": len(shared),
                **{f"times {weight:g}": number(error) for weight, error in medians["sum"].items()},
                DEFAULT: number(medians[DEFAULT, 1.0]),
                "ratio": number(medians[DEFAULT, 1.0] / best),
            }
        )
    return pd.DataFrame(made)
