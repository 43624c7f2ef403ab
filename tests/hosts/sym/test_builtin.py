"""The host's own Relobralo with its loss terms by name."""

import logging

import pytest
import torch
from kinds import eager, scripted

from modulus_relobralo import ReLoBRaLo
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.aggregators import relobralo_builtin

pytestmark = pytest.mark.host
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
