"""What an optimizer makes of a checkpoint: what is kept, what starts anew, what holds, and what the log says."""

import copy
import logging

import pytest
import torch
from torch.optim import lr_scheduler

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
    "torch's LBFGS": lambda params: torch.optim.LBFGS(params, line_search_fn="strong_wolfe"),
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
        loaded = optimizer.state_dict()
        assert all(repr(loaded[name]) == repr(state[name]) for name in ("state", "param_groups"))
        assert loaded["state"] != {}
    else:
        assert optimizer.state_dict() == before
        (message,) = caplog.messages
        assert f"is of {other.split()[-1]}" in message
        assert message.endswith(f"{name} starts without its state.")
        # And then trains as one that has loaded nothing.
        optimizer.load_state_dict({key: value for key, value in state.items() if key != "parameters"})
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


# ----- options that have changed since


def resume(kind, before, now, caplog, parameter=None):
    """Return an optimizer with the options `now` that has loaded the state of one with those `before`, and the log."""
    first, parameter = make(lambda params: kind(params, **before)) if parameter is None else parameter
    train(first, parameter)
    second = kind([parameter], **now)
    with caplog.at_level(logging.INFO, "modulus_relobralo.optimizers.resumable"):
        second.load_state_dict(copy.deepcopy(first.state_dict()))
    return second, caplog.messages


@pytest.mark.parametrize(
    ("kind", "before", "now"),
    [
        (Adam, {"lr": 1e-3}, {"lr": 1e-4, "betas": [0.8, 0.9], "eps": 1e-6, "weight_decay": 0.1}),
        (LBFGS, {"max_iter": 3, "max_eval": 5}, {"max_iter": 7, "max_eval": 9, "tolerance_grad": 1e-3}),
        (LBFGS, {}, {"line_search_fn": None, "lr": 0.5}),
        (SOAP, {}, {"lr": 1e-4, "precondition_frequency": 3, "weight_decay": 0.1}),
        (Momentum, {"lr": 1e-3, "momentum": 0.9}, {"lr": 1e-3, "momentum": 0.5, "nesterov": True}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_options_that_have_changed_hold_and_are_named(kind, before, now, caplog):
    optimizer, messages = resume(kind, before, now, caplog)
    (group,) = optimizer.param_groups
    changed = {name: value for name, value in now.items() if before.get(name, "the default") != value}
    assert {name: list(group[name]) if name == "betas" else group[name] for name in changed} == changed
    assert len(messages) == len(changed)
    for name in changed:
        assert any(f"{kind.__name__}: {name}: " in message and f"{now[name]} now" in message for message in messages)
    assert optimizer.state_dict()["state"] != {}
    assert group.keys() == kind([torch.zeros(2, requires_grad=True)], **now).param_groups[0].keys() | group.keys()


def test_soap_steps_by_its_new_options(caplog):
    """The library keeps two options in the state; without a change they would go on."""
    optimizer, _ = resume(SOAP, {}, {"precondition_frequency": 3, "betas": (0.9, 0.8)}, caplog)
    (state,) = optimizer.state.values()
    assert (state["precondition_frequency"], state["shampoo_beta"]) == (3, 0.8)


@pytest.mark.parametrize(
    ("kind", "now"),
    [(SOAP, {"max_precondition_dim": 1}), (SOAP, {"precondition_1d": True}), (LBFGS, {"history_size": 2}),
     (Adam, {"amsgrad": True})],
)  # fmt: skip
def test_a_state_that_is_laid_out_for_other_options_starts_anew(kind, now, caplog):
    optimizer, messages = resume(kind, {}, now, caplog)
    (name,) = now
    assert f"{kind.__name__} starts without its state, which is laid out for another {name}." in messages
    assert optimizer.state_dict()["state"] == {}
    parameter = optimizer.param_groups[0]["params"][0]
    assert train(optimizer, parameter) != [float("nan")] * 3


@pytest.mark.parametrize(("kind", "now"), [(Adam, {"amsgrad": True}), (SOAP, {"max_precondition_dim": 1})])
def test_where_the_state_starts_anew_the_rate_goes_on(kind, now, caplog):
    optimizer, parameter = make(lambda params: kind(params, lr=0.1))
    place = lr_scheduler.ExponentialLR(optimizer, 0.5)
    train(optimizer, parameter)
    place.step()
    resumed, _ = resume(kind, {}, {"lr": 0.02, **now}, caplog, (optimizer, parameter))
    assert resumed.param_groups[0]["lr"] == pytest.approx(0.01)
    assert resumed.param_groups[0]["initial_lr"] == 0.02
    # All else is as in a new one with that rate, counts of steps too.
    start = parameter.detach().clone()
    train(resumed, parameter)
    new = torch.nn.Parameter(start.clone())
    train(kind([new], lr=resumed.param_groups[0]["lr"], **now), new)
    assert not torch.equal(parameter, start)
    assert torch.equal(parameter, new)


def scheduled(scheduler, before, now, steps=4):
    """Return the rates of a training of some steps, and those of the same steps when the rate was changed then."""
    rates = []
    optimizer, parameter = make(lambda params: Adam(params, lr=before))
    place = scheduler(optimizer)
    for number in range(2 * steps):
        if number == steps:
            states = optimizer.state_dict(), place.state_dict()
            optimizer = Adam([parameter], lr=now)
            place = scheduler(optimizer)
            optimizer.load_state_dict(copy.deepcopy(states[0]))
            place.load_state_dict(copy.deepcopy(states[1]))
        rates.append(optimizer.param_groups[0]["lr"])
        train(optimizer, parameter, 1)
        place.step()
    return rates


SCHEDULERS = {
    "exponential": lambda optimizer: lr_scheduler.ExponentialLR(optimizer, 0.5),
    "steps": lambda optimizer: lr_scheduler.StepLR(optimizer, 3, 0.1),
    "cosine": lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, 20),
}


@pytest.mark.parametrize("scheduler", SCHEDULERS.values(), ids=SCHEDULERS)
def test_a_changed_rate_goes_on_from_the_schedulers_place(scheduler):
    unchanged, changed = scheduled(scheduler, 0.1, 0.1), scheduled(scheduler, 0.1, 0.02)
    assert changed[:4] == unchanged[:4]
    assert changed[4:] == pytest.approx([rate / 5 for rate in unchanged[4:]])
    assert len(set(unchanged)) > 2


def test_a_rate_that_the_config_did_not_change_is_the_schedulers(caplog):
    """Also that of a scheduler which leaves no mark of the first one."""
    optimizer, parameter = make(lambda params: Adam(params, lr=0.1))
    plateau = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
    for _ in range(3):
        plateau.step(1.0)
    resumed, messages = resume(Adam, {}, {"lr": 0.1}, caplog, (optimizer, parameter))
    assert messages == []
    assert resumed.param_groups[0]["lr"] == pytest.approx(0.001)


def test_a_checkpoint_that_does_not_say_its_options_has_those_of_its_groups(caplog):
    optimizer, parameter = make(lambda params: torch.optim.Adam(params, lr=0.1))
    place = lr_scheduler.ExponentialLR(optimizer, 0.5)
    train(optimizer, parameter)
    place.step()
    resumed, messages = resume(Adam, {}, {"lr": 0.02, "eps": 1e-6}, caplog, (optimizer, parameter))
    assert resumed.param_groups[0]["lr"] == pytest.approx(0.01)
    assert [message.split(":")[1] for message in messages] == [" eps", " lr"]


def test_groups_have_options_of_their_own(caplog):
    def groups(rate):
        parameters = [torch.nn.Parameter(torch.ones(2)) for _ in range(2)]
        return Adam([{"params": parameters[:1], "lr": rate}, {"params": parameters[1:]}], lr=0.5)

    resumed = groups(0.1)
    with caplog.at_level(logging.INFO):
        resumed.load_state_dict(groups(0.2).state_dict())
    assert [group["lr"] for group in resumed.param_groups] == [0.1, 0.5]
    assert caplog.messages == ["Adam: lr: 0.2 in the checkpoint, 0.1 now, times what the scheduler has left of it."]


def test_a_copy_knows_its_options():
    optimizer, parameter = make(lambda params: Adam(params, lr=0.25))
    place = lr_scheduler.ExponentialLR(optimizer, 0.5)
    train(optimizer, parameter)
    place.step()
    assert optimizer.param_groups[0]["lr"] == 0.125
    assert copy.deepcopy(optimizer).state_dict()["options"][0]["lr"] == 0.25


# ----- another network


def test_other_values_than_those_of_the_checkpoint_are_refused_at_the_first_step():
    optimizer, parameter = make(Adam)
    train(optimizer, parameter)
    resumed = Adam([parameter])
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    with torch.no_grad():
        parameter[0] += 1e-6
    for _ in range(2):
        with pytest.raises(ValueError, match="checkpoint of Adam was saved: 1 of its 1 parameters have other values"):
            train(resumed, parameter)
    with torch.no_grad():
        parameter[0] = optimizer.param_groups[0]["params"][0].clone()[0]
    with pytest.raises(ValueError, match="is not the one"):
        train(resumed, parameter)


def test_the_checkpoint_of_another_optimizer_knows_its_network_as_well():
    optimizer, parameter = make(Adam)
    train(optimizer, parameter)
    other = torch.nn.Parameter(torch.zeros(2))
    resumed = Momentum([other], lr=0.1)
    resumed.load_state_dict(optimizer.state_dict())
    with pytest.raises(ValueError, match="checkpoint of Adam was saved"):
        train(resumed, other)


def test_who_means_another_network_takes_the_fingerprint_away():
    optimizer, parameter = make(Adam)
    train(optimizer, parameter)
    other = torch.nn.Parameter(torch.zeros(2))
    resumed = Adam([other])
    state = optimizer.state_dict()
    del state["parameters"]
    resumed.load_state_dict(state)
    assert len(train(resumed, other)) == 3


def test_other_groups_are_refused_at_once_and_where_a_host_swallows_it_at_the_first_step():
    optimizer, _ = make(Adam)
    parameters = [torch.nn.Parameter(torch.ones(2)) for _ in range(2)]
    resumed = Adam(parameters)
    for attempt in (lambda: resumed.load_state_dict(optimizer.state_dict()), resumed.step):
        with pytest.raises(ValueError, match=r"is of groups of \[1\] parameters, here are \[2\]"):
            attempt()
