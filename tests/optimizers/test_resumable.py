"""One optimizer after another: what is kept, what starts anew, and what the log says."""

import copy
import logging

import pytest
import torch

from modulus_relobralo import SOAP
from modulus_relobralo.optimizers import LBFGS, Adam, Resumable
from modulus_relobralo.optimizers.resumable import optimizers_of


class Momentum(Resumable, torch.optim.SGD):
    """As a library's or a user's own would be."""


OURS = {
    "Adam": Adam,
    "LBFGS": LBFGS,
    "SOAP": lambda params: SOAP(params, precondition_1d=True),
    "Momentum": lambda params: Momentum(params, lr=0.1, momentum=0.9),
}
OTHERS = {
    "torch's Adam": torch.optim.Adam,
    "torch's LBFGS": torch.optim.LBFGS,
    "torch's RMSprop": torch.optim.RMSprop,
    **OURS,
}
SAME = {("Adam", "torch's Adam"), ("LBFGS", "torch's LBFGS"), *((name, name) for name in OURS)}


def train(optimizer, parameter, steps=3):
    """Minimise a quadratic; return the values before each step."""

    def closure():
        optimizer.zero_grad()
        loss = (parameter * torch.tensor([1.0, 10.0]) - 1.0).square().sum()
        loss.backward()
        return loss

    return [float(optimizer.step(closure).detach()) for _ in range(steps)]


def make(kind):
    parameter = torch.nn.Parameter(torch.tensor([3.0, -2.0]))
    return kind([parameter]), parameter


@pytest.fixture(params=OTHERS)
def checkpoint(request):
    optimizer, parameter = make(OTHERS[request.param])
    train(optimizer, parameter)
    return request.param, optimizer.state_dict()


@pytest.mark.parametrize("name", OURS)
def test_goes_on_from_its_own_state_and_anew_from_that_of_others(name, checkpoint, caplog):
    other, state = checkpoint
    optimizer, parameter = make(OURS[name])
    fresh, twin = make(OURS[name])
    before = copy.deepcopy(optimizer.state_dict())
    with caplog.at_level(logging.INFO, "modulus_relobralo"):
        optimizer.load_state_dict(state)
    if (name, other) in SAME:
        assert caplog.messages == []
        loaded = {**optimizer.state_dict(), "optimizer": None}
        assert repr(loaded) == repr({**state, "optimizer": None})
        assert optimizer.state_dict()["state"] != {}
    else:
        assert optimizer.state_dict() == before
        (message,) = caplog.messages
        assert f"is of {other.split()[-1]}" in message
        assert message.endswith(f"{name} starts without its state.")
        # And then trains as one that has loaded nothing.
        assert train(optimizer, parameter) == train(fresh, twin)


def test_a_resumed_one_goes_on_as_the_unbroken_one():
    for kind in OURS.values():
        optimizer, parameter = make(kind)
        train(optimizer, parameter, 2)
        resumed, twin = make(kind)
        twin.data.copy_(parameter.data)
        resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
        assert train(resumed, twin) == train(optimizer, parameter)


@pytest.mark.parametrize(
    ("theirs", "before"), [(torch.optim.Adam, LBFGS), (torch.optim.LBFGS, Adam), (torch.optim.Adam, SOAP)]
)
def test_pytorchs_own_fail_where_ours_start_anew(theirs, before):
    """The reason for ours."""
    optimizer, parameter = make(before)
    train(optimizer, parameter)
    follower, parameter = make(theirs)

    def follow():
        follower.load_state_dict(optimizer.state_dict())
        train(follower, parameter)

    with pytest.raises(KeyError):
        follow()


def test_an_unknown_optimizer_is_described_by_its_options(caplog):
    optimizer, _ = make(Adam)
    with caplog.at_level(logging.INFO):
        optimizer.load_state_dict({"state": {}, "param_groups": [{"params": [0], "lr": 1.0, "hessian_power": 1.0}]})
    assert "of an optimizer with the options hessian_power, lr: Adam starts" in caplog.text


def test_options_of_other_releases_of_pytorch_do_not_count():
    _, parameter = make(Adam)
    state = torch.optim.Adam([parameter]).state_dict()
    (group,) = state["param_groups"]
    for name in ("fused", "decoupled_weight_decay", "foreach"):
        group.pop(name, None)
    group["initial_lr"] = 1.0
    assert optimizers_of(state) == ("Adam", "AdamW")


def test_the_options_of_the_new_optimizer_stay():
    adam, parameter = make(Adam)
    train(adam, parameter)
    other = Momentum([parameter], lr=0.25, momentum=0.5)
    other.load_state_dict(adam.state_dict())
    assert (other.param_groups[0]["lr"], other.param_groups[0]["momentum"]) == (0.25, 0.5)


@pytest.mark.parametrize(
    ("kind", "names"),
    [(torch.optim.Adamax, ("Adamax", "RAdam")), (torch.optim.SparseAdam, ("SparseAdam",)), (torch.optim.SGD, ("SGD",))],
)
def test_fewer_options_are_not_those_of_adam(kind, names):
    """Those of the first two are among Adam's, and so are the names of their states."""
    assert optimizers_of(kind([torch.nn.Parameter(torch.zeros(1))]).state_dict()) == names
