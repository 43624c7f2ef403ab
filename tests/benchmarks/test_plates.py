"""The plates over seeds as a list of trainings, what their results are held against, and the table."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from benchmarks import launching
from benchmarks.documents import plates as page_of_plates
from benchmarks.protocols import plates
from benchmarks.records import ROOT
from benchmarks.references.cases import CASES
from benchmarks.references.quantities import quantities
from modulus_relobralo.plates.results import results
from modulus_relobralo.plates.values import ClosedDeflection

pytestmark = pytest.mark.host


@pytest.fixture(scope="module")
def circle():
    """Return the clamped circle of the example as it is described, and its case."""
    config = OmegaConf.load(ROOT / "examples" / "plates" / "conf" / "case" / "clamped_circle.yaml")
    return instantiate(config.plate, _convert_="all"), CASES["clamped_circle"]


def test_the_protocol_is_every_plate_over_five_seeds_by_one_recipe():
    full = plates.full()
    assert Counter(training.problem for training in full) == dict.fromkeys(CASES, 5)
    assert len({training.run_dir for training in full}) == len(full)
    assert {training.seed for training in full} == set(range(5))
    # Nothing but the case and the length, which is the recipe's: a run of another length lies elsewhere.
    assert all(t.overrides == (f"case={t.problem}", f"training.max_steps={plates.STEPS}") for t in full)
    commands = launching.commands(full, [])
    assert len(commands) == len(CASES)
    for command in commands:
        assert command[1] == "examples/plates/plates.py"
        assert "custom.seed=0,1,2,3,4" in command
        assert "loss=sum" in command


def test_quick_runs_lie_in_a_folder_of_their_own():
    assert not {t.run_dir for t in plates.quick()} & {t.run_dir for t in plates.full()}
    assert {(t.steps, t.seed) for t in plates.quick()} == {(plates.QUICK_STEPS, 0)}


def test_results_of_the_exact_deflection_deviate_by_nothing(circle):
    plate, case = circle
    exact = results(plate, ClosedDeflection(case.reference().w.expression))
    found = quantities(case, exact)
    assert {quantity.kind for quantity in found} == {
        "deflection",
        "moment",
        "reaction",
        "edge sum",
        "sum of reactions",
    }
    for quantity in found:
        # The derivative along the curve is a difference.
        assert quantity.of(exact) == pytest.approx(quantity.reference, rel=1e-5), quantity.name
    # The largest moments are at the edge, -q r^2 / 8, and in the middle.
    assert min(q.reference for q in found if q.kind == "moment") == pytest.approx(-5e3 * 9 / 8)
    # The control: a deflection that is off by a hundredth is off everywhere but in the load.
    wrong = results(plate, ClosedDeflection(1.01 * case.reference().w.expression))
    for quantity in found:
        assert quantity.of(wrong) / quantity.reference == pytest.approx(1.01, rel=1e-4)


def test_where_a_moment_has_no_bound_nothing_is_compared(circle):
    plate, case = circle
    exact = results(plate, ClosedDeflection(case.reference().w.expression))
    inside = replace(case, compared=lambda x, y: np.hypot(x, y) < 2)
    names = [quantity.name for quantity in quantities(inside, exact) if quantity.kind == "moment"]
    places = [tuple(map(float, name.split(" at ")[1].split(", "))) for name in names]
    assert places
    assert max(np.hypot(*place) for place in places) < 2.01


def run(case, seed, quantities, bars=True, seconds=30.0):
    named = {"problem": case, "seed": seed, "bars": bars, "seconds": seconds, "source": "article 0"}
    return {**named, "quantities": [of(*quantity) for quantity in quantities]}


def of(quantity, deviation, reference=2.0, kind="moment"):
    return {
        "kind": kind,
        "quantity": quantity,
        "unit": "N m/m",
        "reference": reference,
        "value": reference * (1 + deviation / 100),
        "deviation in %": deviation,
    }


def test_a_line_has_the_worst_of_what_symmetry_makes_one():
    found = [[("M_x", 0.1), ("M_y", -0.4)], [("M_x", -0.2), ("M_y", 0.1)], [("M_x", 0.3), ("M_y", 0.0)]]
    found[0].append(("w", 0.05, 2.0, "deflection"))
    first, second = page_of_plates.summaries([run("slab", seed, parts) for seed, parts in enumerate(found)])
    assert (first["quantity"], first["seeds"]) == ("M_x and 1 alike", 3)
    assert (first["median deviation"], first["worst deviation"]) == pytest.approx((0.3, 0.4))
    assert (second["quantity"], second["bar"]) == ("w", 0.1)


def test_the_verdict_names_what_misses_its_bar():
    within = [run("slab", seed, [("M_x", 0.4)]) for seed in range(5)]
    page = page_of_plates.body(within)
    assert "Of 1 quantities of the 1 plates with bars, 1 are within them." in page
    assert "1 of these plates train in at most 60 s." in page
    beyond = [run("slab", seed, [("M_x", 0.4 if seed < 2 else -0.6)], seconds=61.0) for seed in range(5)]
    page = page_of_plates.body(beyond)
    assert "0 are within them; beyond: M_x of slab, 0.60 %." in page
    assert "0 of these plates train in at most 60 s: not slab." in page
    # A plate without bars has no verdict.
    page = page_of_plates.body([*within, run("lid", 0, [("M_x", 9.0)], bars=False)])
    assert "Of 1 quantities of the 1 plates" in page
    assert "| `lid` | M_x | N m/m | 2 | article 0 | 2.18 | 9.000 | 9.000 |  |" in page
