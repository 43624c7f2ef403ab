"""Aggregators as the trainer makes them, the host's own Relobralo by name, and the weights of a config."""

import logging

import hydra
import pytest
import torch
from kinds import eager, scripted

from modulus_relobralo import ReLoBRaLo, ReLoBRaLoGrad
from modulus_relobralo.hosts.plugin import TARGET
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.aggregators import Refusal, relobralo, relobralo_builtin, relobralo_grad

pytestmark = pytest.mark.host


def test_good_options_give_the_aggregator_itself():
    aggregator = relobralo(iter([torch.zeros(1)]), 2, alpha=0.5, weights={"u": 2.0})
    assert type(aggregator) is ReLoBRaLo
    assert (aggregator.alpha, aggregator.weights) == (0.5, {"u": 2.0})


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.* is deprecated")
@pytest.mark.parametrize(
    "use",
    [torch.jit.script, lambda it: list(it.parameters()), lambda it: it({}, 0), lambda it: it.load_state_dict({})],
    ids=["script", "parameters", "call", "load"],
)
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"alpha": 2}, ValueError, r"Parameter `alpha` must be in \[0, 1\]. Found `alpha = 2`."),
        ({"rho": "often"}, TypeError, "Parameter `rho` must be a number"),
        ({"speed": 1}, TypeError, "unexpected keyword argument 'speed'"),
    ],
)
def test_bad_options_raise_at_whatever_the_trainer_does_next(use, options, error, message):
    refusal = relobralo([], 2, **options)
    assert isinstance(refusal, Refusal)
    with pytest.raises(error, match=message):
        use(refusal)
    assert "Refusal(" in repr(refusal)


def test_hydra_hands_it_on():
    """It looks at what it made, and would wrap an error in one of its own."""
    options = {"_target_": TARGET, "temperature": -1.0}
    assert isinstance(hydra.utils.instantiate(options, [], 2, _convert_="all"), Refusal)


def test_gradient_balancing_refuses_cuda_graphs(monkeypatch):
    """There is no GPU here: that there is one is what is made up."""
    manager = host.load("distributed").DistributedManager()
    parameters, equations = [torch.nn.Parameter(torch.zeros(1))], {"equations": ["pde"]}
    monkeypatch.setattr(manager, "_cuda_graphs", True)
    assert type(relobralo_grad(parameters, 2, **equations)) is ReLoBRaLoGrad
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(ValueError, match=r"`loss: relobralo_grad` needs `cuda_graphs: false`. Found `true`"):
        list(relobralo_grad(parameters, 2).parameters())
    monkeypatch.setattr(manager, "_cuda_graphs", False)
    assert type(relobralo_grad(parameters, 2, **equations)) is ReLoBRaLoGrad
    with pytest.raises(ValueError, match="`every` must be at least 1"):
        list(relobralo_grad(parameters, 2, every=0, **equations).parameters())
    with pytest.raises(ValueError, match="`equations` must be given where no Solver makes the aggregator"):
        list(relobralo_grad(parameters, 2).parameters())


kinds = pytest.mark.parametrize("kind", [eager, scripted])
ROWS = [{"a": 4.0, "b": 2.0, "c": 1.0}, {"a": 1.0, "b": 1.5, "c": 0.9}, {"a": 0.5, "b": 1.4, "c": 0.2}]


def own(**options):
    return host.load("loss.aggregator").Relobralo([torch.zeros(1)], 3, beta=1.0, **options)


def make(kind, **options):
    return kind(relobralo_builtin([torch.zeros(1)], 3, beta=1.0, **options))


def call(aggregator, row, step, order="abc"):
    losses = {name: torch.tensor(row[name]) for name in order}
    return float(aggregator(losses, step if host.name() == "modulus.sym" else torch.tensor(step)))


@kinds
def test_it_is_the_hosts_in_whatever_order(kind):
    theirs, ours = own(weights={"b": 3.0}), make(kind, weights={"b": 3.0})
    for step, (row, order) in enumerate(zip(ROWS, ("abc", "cab", "bca"), strict=True)):
        assert call(ours, row, step, order) == pytest.approx(call(theirs, row, step), rel=1e-6)
    state = ours.state_dict()
    assert list(state) == list(theirs.state_dict())
    assert all(torch.equal(state[name], value) for name, value in theirs.state_dict().items())
    assert list(ours.parameters()) == []


@kinds
def test_a_checkpoint_goes_on_by_name(kind, tmp_path, caplog):
    first, second = make(kind), make(kind)
    for step in (0, 1):
        call(first, ROWS[step], step, "bac")
    torch.save(first.state_dict(), tmp_path / "state.pth")
    second.load_state_dict(torch.load(tmp_path / "state.pth", weights_only=False))
    assert call(second, ROWS[2], 2, "cba") == pytest.approx(call(first, ROWS[2], 2))
    assert torch.equal(second.state_dict()["lmbda_ema"], first.state_dict()["lmbda_ema"])
    assert caplog.records == []
    # What was only loaded is saved with its names.
    third = make(kind)
    third.load_state_dict(first.state_dict())
    assert third.state_dict()._metadata[""]["names"] == ["a", "b", "c"]


@kinds
def test_a_checkpoint_of_the_hosts_alone_goes_by_position_and_says_so(kind, caplog):
    theirs, ours = own(), make(kind)
    for step in (0, 1):
        call(theirs, ROWS[step], step, "cab")
    ours.load_state_dict(theirs.state_dict())
    with caplog.at_level(logging.WARNING):
        found = call(ours, ROWS[2], 2, "cab")
    assert "They are taken to be ['c', 'a', 'b'], in this order. That cannot be checked" in caplog.text
    assert found == pytest.approx(call(theirs, ROWS[2], 2, "cab"))


@kinds
def test_ours_and_the_hosts_go_on_from_one_another_by_name(kind):
    ours, builtin, again = kind(ReLoBRaLo([], 3, rho=1.0)), make(kind), kind(ReLoBRaLo([], 3, rho=1.0))
    for step in (0, 1):
        call(ours, ROWS[step], step, "cab")
    builtin.load_state_dict(ours.state_dict())
    call(builtin, ROWS[2], 2, "bca")
    assert builtin.state_dict()["init_losses"].tolist() == [4.0, 2.0, 1.0]
    assert builtin.state_dict()["prev_losses"].tolist() == pytest.approx([0.5, 1.4, 0.2])
    again.load_state_dict(builtin.state_dict())
    call(again, ROWS[2], 3, "cba")
    assert again.init_losses.tolist() == [4.0, 2.0, 1.0]


@kinds
def test_other_loss_terms_are_named(kind):
    first, second = make(kind), make(kind)
    call(first, ROWS[0], 0)
    other = {"a": 1.0, "b": 1.0, "d": 1.0}
    with pytest.raises((ValueError, RuntimeError), match=r"they were \['a', 'b', 'c'\] and now are \['a', 'b', 'd'\]"):
        call(first, other, 1, "abd")
    second.load_state_dict(first.state_dict())
    with pytest.raises((ValueError, RuntimeError), match=r"loss terms \['a', 'b', 'c'\]. Found \['a', 'b', 'd'\]"):
        call(second, other, 1, "abd")


WEIGHTS = {"kirchhoff": 0.002304, "w": 1 / 3, "M_n": 1 / 3}
HOSTS_OWN = ["Sum", "Relobralo", "LRAnnealing", "GradNorm", "SoftAdapt", "ResNorm"]


def totals(kind, factors, weights, scripted):
    """Return what an aggregator makes of five steps' loss terms times `factors`."""
    torch.manual_seed(0)
    parameter = torch.nn.Parameter(torch.tensor([0.3, -0.7, 1.1]))
    made = ReLoBRaLo if kind == "ReLoBRaLo" else getattr(host.load("loss.aggregator"), kind)
    # GradNorm takes gradients by the last but one: the weights of a network's last layer.
    parameters = [parameter, torch.nn.Parameter(torch.zeros(1))]
    aggregator = made(parameters, 3, weights=None if weights is None else dict(weights))
    if scripted:
        aggregator = torch.jit.script(aggregator)
    found = []
    for step in range(5):
        sizes = torch.tensor([40.0, 2.0, 0.5]) * 0.7**step
        losses = {
            name: factors[name] * size * (parameter[i] - 1).square()
            for i, (name, size) in enumerate(zip(WEIGHTS, sizes, strict=True))
        }
        found.append(aggregator(losses, step if host.name() == "modulus.sym" else torch.tensor(step)))
    return torch.stack(found).detach()


@pytest.mark.parametrize("scripted", [False, True], ids=["eager", "scripted"])
@pytest.mark.parametrize("kind", ["ReLoBRaLo", *HOSTS_OWN])
def test_weights_are_factors_of_the_loss_terms(kind, scripted):
    ones = dict.fromkeys(WEIGHTS, 1.0)
    weighted = totals(kind, ones, WEIGHTS, scripted)
    torch.testing.assert_close(weighted, totals(kind, WEIGHTS, None, scripted), rtol=1e-5, atol=0)
    assert (weighted - totals(kind, ones, None, scripted)).abs().min() > 1e-3
