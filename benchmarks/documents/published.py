"""The page of published problems: errors over seeds, beside what they should be and what others have."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from benchmarks.documents.summary import markdown, number
from benchmarks.protocols.published import BARS
from benchmarks.records import CIRCUMSTANCES, Row

REMARK = (
    "Relative L2 errors within some seconds of training, at most those of the run: the median over the seeds, and the "
    "largest in brackets."
)
# Relative L2 errors that others published, with their hardware.
OTHERS = {
    "burgers": "4.0e-5: SOAP, 100,000 steps on a GPU (jaxpi); 7.6e-8: SSBroyden",
    "allen_cahn": "4.0e-6: SOAP, 100,000 steps on a GPU (jaxpi)",
    "wave": "1.2e-5: SOAP, 100,000 steps on a GPU (jaxpi)",
    "helmholtz": "4.2e-9: natural gradients, 251 s, exact walls and Fourier inputs",
}
CASE = ["problem", "network", "points", "loss", "steps"]


def body(rows: Sequence[Row]) -> str:
    """Return a line for each problem and recipe, and one for each run."""
    runs = pd.DataFrame(rows)
    every = runs.drop(columns=list(CIRCUMSTANCES))
    return f"{REMARK}\n\n{markdown(summaries(runs))}\n\nEvery run:\n\n{markdown(every)}"


def summaries(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the medians over the seeds, and whether they are within the bars."""
    made = []
    for key, group in runs.groupby(CASE, sort=False):
        for seconds, bar in BARS[key[0]].items():
            errors = group[f"after {seconds} s"]
            made.append(
                {
                    **dict(zip(CASE, key, strict=True)),
                    "seeds": len(errors),
                    "seconds": seconds,
                    "error": f"{number(errors.median())} ({number(errors.max())})",
                    "bar": f"{bar:g}, {'holds' if errors.median() <= bar else 'missed'}",
                    "published": OTHERS[key[0]],
                }
            )
    return pd.DataFrame(made)
