"""The balancing benchmark: every scheme trains, its halves are apart, weights by gradients are right."""

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from sympy import Function, Symbol

from benchmarks.protocols import balancing, gallery
from benchmarks.records import ROOT
from modulus_relobralo.loops import LossTerms, problem_networks, samples
from modulus_relobralo.problems import Interval, Problem

CONF = OmegaConf.load(ROOT / "benchmarks" / "protocols" / "conf" / "balancing.yaml")
SWEPT = {name: values.split(",") for name, values in CONF.hydra.sweeper.params.items()}
X = Symbol("x")
# Some schemes are the host's.
pytestmark = pytest.mark.host


@pytest.fixture
def terms():
    problem = Problem(Interval(0, 1), {"flat": Function("u")(X).diff(X, 2)}, {"left": {"u": 1}, "right": {"u": 0}})
    torch.manual_seed(0)
    networks = {name: net.float() for name, net in problem_networks(problem, 8, 1).items()}
    return LossTerms(problem, samples(problem, 20, 1, reduction="mean"), networks, compiled=False)


@pytest.mark.parametrize("scheme", SWEPT["scheme"])
def test_every_scheme_trains(scheme, terms):
    balance = balancing.make_scheme(scheme, terms, ["flat"])
    losses = terms(terms.draw(0))
    loss = balance(losses, 0)
    loss.backward()
    assert torch.isfinite(loss)
    assert any(parameter.grad.abs().sum() > 0 for parameter in terms.parameters() if parameter.grad is not None)


def test_weights_are_of_the_gradient_norms_and_follow_slowly(terms):
    losses = terms(terms.draw(0))
    names, parameters = list(losses), [part for part in terms.parameters() if part.requires_grad]
    sizes = []
    for name in names:
        found = torch.autograd.grad(losses[name], parameters, retain_graph=True, allow_unused=True)
        sizes.append(float(torch.cat([part.ravel() for part in found if part is not None]).norm()))
    balance = balancing.Weighed(balancing.norms(terms), every=2, momentum=0.9)
    balance(losses, 0)
    expected = sum(sizes) / np.array(sizes)
    assert [float(balance.weights[name]) for name in names] == pytest.approx(expected, rel=1e-5)
    double = {name: 2 * loss if name == "u" else loss for name, loss in losses.items()}
    balance(double, 1)
    assert [float(balance.weights[name]) for name in names] == pytest.approx(expected, rel=1e-5)
    balance(double, 2)
    doubled = np.array([2 * size if name == "u" else size for name, size in zip(names, sizes, strict=True)])
    followed = 0.9 * expected + 0.1 * sum(doubled) / doubled
    assert [float(balance.weights[name]) for name in names] == pytest.approx(followed, rel=1e-5)


def test_the_sweep_has_the_problems_of_which_one_half_is_for_design():
    assert SWEPT["problem"] == sorted(balancing.PROBLEMS)
    assert set(balancing.PROBLEMS) <= set(gallery.PROBLEMS)
    assert 2 * len(balancing.DESIGN) == len(balancing.PROBLEMS)


def test_a_run_has_a_row_with_its_history_and_an_unknown_scheme_is_refused(tmp_path):
    cfg = OmegaConf.merge(
        {name: value for name, value in CONF.items() if name not in ("defaults", "hydra")},
        {"problem": "fisher", "steps": 10, "points": 16, "width": 4, "layers": 1},
    )
    row = balancing.train(cfg)
    assert len(row["errors"]) == balancing.HISTORY
    assert row["errors"][-1] == row["error"] > 0
    with pytest.raises(ValueError, match=r"must be one of sum, relobralo, .*Found 'none'"):
        balancing.train(OmegaConf.merge(cfg, {"scheme": "none"}))
