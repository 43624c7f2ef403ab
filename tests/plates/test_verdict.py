"""The verdict on a plate: estimates of errors beside the errors, of deflections that are more and less wrong."""

import numpy as np
import pytest
from sympy import Symbol

from benchmarks.records import read_rows
from modulus_relobralo.plates import KirchhoffPlate, Patch, RectangularPlate
from modulus_relobralo.plates.polynomial import fit, fit_error
from modulus_relobralo.plates.results import Verdict, results
from modulus_relobralo.problems import circle

X = Symbol("x")
EQUATION = KirchhoffPlate(1.0, 0.3, 1 + X)
PLATES = {
    "clamped": lambda: RectangularPlate(1, 1, EQUATION, "clamped"),
    "supported": lambda: RectangularPlate(1.5, 1, EQUATION, "simply_supported"),
    "mixed": lambda: RectangularPlate(1.5, 1, EQUATION, {"left, right": "simply_supported", "bottom, top": "free"}),
}


def errors(found, exact):
    """Return the largest errors of what is said, as fractions of the largest of its kind."""
    true, said = exact.said(), found.said()
    return {kind: np.abs(said[kind] - of).max() / np.abs(of).max() for kind, of in true.items()}


@pytest.mark.parametrize("name", PLATES)
def test_estimates_are_about_the_errors(name):
    plate = PLATES[name]()
    exact = results(plate, fit(plate, {}, degree=20))
    for degree in (4, 6, 8):
        found = results(plate, fit(plate, {}, degree))
        true, verdict = errors(found, exact), found.verdict
        for kind, error in true.items():
            assert abs(verdict.errors[kind] - error) < 0.4 * error + 1e-3
        if max(true.values()) > 0.02:
            assert not verdict.is_solution
    assert exact.verdict.within < 5e-3
    assert exact.verdict.is_solution
    # The control: an estimate as coarse as what it judges sees nothing.
    rough = fit(plate, {}, degree=4)
    blind, _ = fit_error(plate, {}, rough, degree=4)
    assert np.abs(blind.coefficients).max() < 1e-6 * np.abs(rough.coefficients).max()
    seeing, _ = fit_error(plate, {}, rough)
    assert np.abs(seeing.coefficients).max() > 1e-3 * np.abs(rough.coefficients).max()


def test_what_no_estimate_explains_is_no_solution():
    """A load beside the one that is told: its edge is nothing that a polynomial follows."""
    told = RectangularPlate(2, 2, KirchhoffPlate(1.0, 0.3, Patch(circle(0.3, (0.6, 1)), 5.0)), "simply_supported")
    meant = RectangularPlate(2, 2, KirchhoffPlate(1.0, 0.3, Patch(circle(0.3, (1.4, 1)), 5.0)), "simply_supported")
    verdict = results(told, fit(meant, {}, degree=12)).verdict
    assert verdict.unexplained > 0.25
    assert not verdict.is_solution
    assert "equation inside off by" in str(verdict)
    assert results(told, fit(told, {}, degree=12)).verdict.unexplained < 0.05


def test_verdicts_on_trained_networks_that_are_kept():
    """Of every kind of plate, good and bad: what is 2 % off is flagged, and what is within 0.5 % is not."""
    rows = read_rows("verdict")
    worst = np.array([row["off in %"] for row in rows])
    solution = np.array([row["solution"] for row in rows])
    assert not (solution & (worst > 2)).any()
    assert not (~solution & (worst < 0.5)).any()
    assert all(row["true"] for row in rows)
    # Estimates are not far from the errors, of good and of bad ones; the control is that there are both.
    estimates = np.array([row["estimate in %"] for row in rows])
    assert (np.abs(np.log(estimates / worst)) < np.log(3)).all()
    assert min((worst > 2).sum(), (worst < 0.5).sum()) >= 5


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (Verdict({"deflection": 2e-5, "moments": 3e-3}, 0.01), "Solution within about 0.3 %."),
        (Verdict({"deflection": 1e-6}, 0.0), "Solution within about 0.01 %."),
        (
            Verdict({"deflection": 0.02, "moments": 0.2}, 0.3),
            "No solution: deflection off by about 2 %, moments off by",
        ),
        (Verdict({"deflection": float("nan")}, 0.0), "No solution: deflection off by about nan %."),
    ],
)
def test_sentences(found, sentence):
    assert str(found).startswith(sentence)
    assert found.is_solution == sentence.startswith("Solution")
