"""What is suspected of runs, each with a run that must not be suspected of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf

from modulus_relobralo.report.comparison import Comparison
from modulus_relobralo.report.run import Run, Series
from modulus_relobralo.report.suspicions import FEW, LONG, SHARE, STILL, list_suspicions, suspect
from modulus_relobralo.report.variant import Variant

FALLING = 10.0 ** -np.linspace(0, 3, 20)


def series(values):
    return Series(10 * np.arange(len(values)), np.array(values, dtype=float))


def run_with(losses=(FALLING, 2 * FALLING), weights=(), loss="{}"):
    named = [dict(zip(("pde", "walls"), map(series, entries), strict=False)) for entries in (losses, weights)]
    return Run(
        Path("run"),
        "bending",
        "relobralo",
        OmegaConf.create(f"loss: {loss}"),
        "finished",
        losses=named[0],
        weights=named[1],
    )


def whats(run):
    return [suspicion.what for suspicion in suspect(run)]


def shares(held):
    """Return the weights of two terms of which the first holds nearly all in so many of 20 records."""
    part = np.where(np.arange(20) < held, SHARE + 0.05, 0.5)
    return 2 * part, 2 * (1 - part)


def test_a_run_as_it_should_be_raises_nothing():
    assert suspect(run_with(weights=shares(0))) == []
    assert suspect(run_with(losses=(), weights=())) == []


@pytest.mark.parametrize(("held", "raised"), [(0, False), (int(20 * LONG), False), (int(20 * LONG) + 1, True)])
def test_a_term_that_holds_nearly_all_of_the_weight(held, raised):
    expected = ["loss term pde holds nearly all of the weight for long"] if raised else []
    assert whats(run_with(weights=shares(held))) == expected


@pytest.mark.parametrize(("scheme", "option"), [("relobralo", "temperature"), ("relobralo_grad", "bound")])
def test_the_option_that_spreads_the_weight_is_one_of_the_scheme(scheme, option):
    (suspicion,) = suspect(replace(run_with(weights=shares(20)), scheme=scheme))
    assert f"{option} spreads the weight" in suspicion.why


@pytest.mark.parametrize(
    ("loss", "size", "raised"),
    [
        ("{}", 1e-13, True),
        ("{}", 1e-9, False),
        # Lower, and by its other name higher, than the default's 1e-11.
        ("{eps: 1.0e-18}", 1e-13, False),
        ("{temperature: 0.1, tau: 1.0e-4}", 1e-9, True),
    ],
)
def test_weights_that_stay_one_because_the_losses_are_tiny(loss, size, raised):
    flat = (np.ones(20), np.ones(20))
    run = run_with(losses=(size * FALLING, 0.5 * size * FALLING), weights=flat, loss=loss)
    assert whats(run) == (["all weights stay 1 because the losses are tiny"] if raised else [])
    # Tiny losses whose weights move are balanced all the same.
    moving = (1 + 0.5 * np.sin(np.arange(20)), 1 - 0.5 * np.sin(np.arange(20)))
    assert whats(run_with(losses=(size * FALLING, size * FALLING), weights=moving, loss=loss)) == []


def test_a_loss_of_exactly_zero():
    zero = np.where(np.arange(20) >= 17, 0.0, FALLING)
    (found,) = suspect(run_with(losses=(FALLING, zero)))
    assert found.what == "loss term walls is exactly 0"
    assert "at 3 of 20 recorded steps, first at step 170" in found.why
    assert suspect(run_with(losses=(FALLING, np.maximum(zero, 1e-300)))) == []


@pytest.mark.parametrize(("moved", "records", "raised"), [(0.5, 20, True), (2.0, 20, False), (0.5, FEW - 1, False)])
def test_a_term_that_never_moves(moved, records, raised):
    still = 7.0 * (1 - moved * STILL * np.linspace(0, 1, records))
    assert whats(run_with(losses=(FALLING, still))) == (["loss term walls never moves"] if raised else [])


def test_a_variant_says_how_many_of_its_runs_raise_it():
    runs = (run_with(weights=shares(20)), run_with(weights=shares(0)), run_with(weights=shares(20)))
    comparison = Comparison("bending", "", (Variant("relobralo", "relobralo", runs),), ())
    (line,) = list_suspicions(comparison)
    assert line.startswith(
        "suspicious: relobralo: loss term pde holds nearly all of the weight for long (2 of 3 runs): more than 90%"
    )
