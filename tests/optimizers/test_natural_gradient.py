import copy
import io
import itertools
import math

import pytest
import torch
from small_problems import Small, dense_step
from torch import nn
from torch.func import jacrev

from modulus_relobralo import ReLoBRaLo
from modulus_relobralo.optimizers import NaturalGradient, Pointwise, gauss_newton, growth


class Line(nn.Linear):
    def forward(self, x):
        return {"data": super().forward(x)}


def run(small, steps=4, balance=None, **options):
    optimizer = NaturalGradient(small.parameters, **options)
    losses = [optimizer.step(small.batches(), balance) for _ in range(steps)]
    return optimizer, losses


def dense_run(small, steps=4, damping=1e-2, momentum=0.9, factors=(1.0, 1.0, 1.0)):
    """The whole rule on the oracle's function: tries, momentum that is halved, damping that falls and rises."""

    def rows(flat):
        return small.rows(flat, factors)

    flat, last, refused = small.flat(), torch.zeros(52, dtype=torch.float64), 0
    for _ in range(steps):
        before = rows(flat).square().sum()
        for k in range(8):
            direction = dense_step(rows, flat, damping, momentum / 2**k, last)
            if rows(flat - direction).square().sum() < before:
                flat, last, damping = flat - direction, direction, damping / 3
                break
            damping, refused = damping * 4, refused + 1
    return flat, damping, refused


@pytest.mark.parametrize("nested", [False, True], ids=["vectorised", "nested"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("system", ["dual", "primal"])
def test_steps_are_those_of_a_dense_gauss_newton_method(system, momentum, nested):
    expected, damping, refused = dense_run(Small(), momentum=momentum)
    small = Small(nested)
    start = small.flat()
    optimizer, _ = run(small, momentum=momentum, system=system)
    assert (small.flat() - expected).abs().max() < 1e-10 * (expected - start).abs().max()
    assert optimizer.damping == pytest.approx(damping)
    assert (optimizer.accepted, optimizer.refused) == (4, refused)


@pytest.mark.parametrize(
    ("points", "options", "found"),
    [
        (20, {}, "primal system, 20 rows by 2 parameters"),
        (2, {}, "primal system, 2 rows by 2 parameters"),
        (1, {}, "dual system, 1 rows by 2 parameters"),
        (1, {"system": "primal"}, "primal system, 1 rows by 2 parameters"),
        (20, {"system": "dual"}, "dual system, 20 rows by 2 parameters"),
    ],
)
def test_the_smaller_system_is_solved_unless_another_is_asked_for(caplog, points, options, found):
    line, x = Line(1, 1), torch.linspace(0, 1, points)[:, None]
    optimizer = NaturalGradient(line.parameters(), damping=1e-9, **options)
    with caplog.at_level("INFO"):
        for _ in range(2):
            optimizer.step([Pointwise(line, [x], weights={"data": 1.0}, targets={"data": 2 * x + 1})])
    assert [record.message for record in caplog.records] == [f"Natural gradients: the {found}."]
    assert line(x)["data"].flatten().tolist() == pytest.approx((2 * x + 1).flatten().tolist(), abs=1e-5)


@pytest.mark.parametrize("other", [{"momentum": 0.8}, {"damping": 1.1e-2}, {"factors": (1.0, 1.0, 1.01)}], ids=str)
def test_dense_oracle_tells_another_method(other):
    small = Small()
    run(small)
    assert (small.flat() - dense_run(Small(), **other)[0]).abs().max() > 1e-6


def test_refused_tries_are_those_of_the_oracle():
    # A first step so long that it overshoots.
    expected, damping, refused = dense_run(Small(), steps=3, damping=1e-12)
    small = Small()
    optimizer, _ = run(small, steps=3, damping=1e-12)
    assert refused > 0
    assert optimizer.refused == refused
    assert optimizer.damping == pytest.approx(damping)
    torch.testing.assert_close(small.flat(), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("slope", "step_size", "change"),
    [(1.0, 1.0, 1 / 9), (-1.0, 1.0, 4 / 9), (0.1, 0.5, 4 / 9)],
    ids=["confirmed", "contradicted", "a shorter step"],
)
def test_new_points_judge_the_last_step(slope, step_size, change):
    """The first goes from a slope of 0 to 1, or half of the way there."""
    line = Line(1, 1).double()
    nn.init.zeros_(line.weight), nn.init.zeros_(line.bias)
    optimizer = NaturalGradient(line.parameters(), step_size=step_size, damping=1e-6, forgetting=0.0)
    for x, of_points in ((torch.tensor([[0.0], [1.0]]), 1.0), (torch.tensor([[0.5], [2.0]]), slope)):
        optimizer.step([Pointwise(line, [x], {"data": 1.0}, {"data": of_points * x})])
    assert (optimizer.accepted, optimizer.refused) == (2, 0)
    assert optimizer.damping == pytest.approx(1e-6 * change)


def remembering_run(small, orders, forgetting):
    """Natural gradients on other points in every step, against the definition, dense: an extended Kalman filter."""
    flat, last, damping, before = small.flat(), torch.zeros(52, dtype=torch.float64), 1.0, None
    for order in orders:
        part = [*(6 * i + j for i in range(2) for j in order), 12, 13, 14, 15]

        def rows(flat, part=part):
            return small.rows(flat)[part]

        jacobian, r = jacrev(rows)(flat), rows(flat)
        gram = jacobian.T @ jacobian
        if before is not None:
            gram = gram + min(forgetting, 0.5) * before
        normal = gram + damping * gram.trace() / len(r) * torch.eye(52, dtype=torch.float64)
        velocity = 0.9 * last + torch.linalg.solve(normal, jacobian.T @ r - 0.9 * gram @ last)
        second = 20 * ((rows(flat - 0.1 * velocity) - r) / 0.1 + jacobian @ velocity)
        acceleration = torch.linalg.solve(normal, jacobian.T @ second)
        short = acceleration.norm() <= 0.75 * velocity.norm()
        direction = velocity + acceleration / 2 if short else velocity
        assert rows(flat - direction).square().sum() < r.square().sum()
        flat, last, damping, before = flat - direction, direction, damping / 3, gram
    return flat


@pytest.mark.parametrize("forgetting", [0.3, 0.48])
def test_earlier_points_are_remembered_as_by_a_kalman_filter(monkeypatch, forgetting):
    monkeypatch.setattr(gauss_newton, "FORGETFUL", 0)
    orders = [[0, 1, 2, 3], [2, 3, 4, 5], [0, 2, 4, 5], [1, 3, 4, 5], [0, 1, 4, 5]]
    small = Small()
    optimizer = NaturalGradient(small.parameters, damping=1.0, system="primal", forgetting=forgetting)
    for order in orders:
        optimizer.step(small.batches(torch.tensor(order)))
    expected = remembering_run(Small(), orders, forgetting)
    start = Small().flat()
    assert (small.flat() - expected).abs().max() < 1e-9 * (expected - start).abs().max()
    assert (small.flat() - remembering_run(Small(), orders, forgetting + 0.01)).abs().max() > 1e-6


def test_points_that_stay_are_not_remembered():
    small, other = Small(), Small()
    run(small, steps=60, system="primal")
    run(other, steps=60, system="primal", forgetting=0.0)
    # The same but for the damping, which without a memory follows what new points say of the last step.
    assert (small.flat() - other.flat()).abs().max() < 1e-6


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_what_is_remembered_goes_on_from_a_checkpoint(monkeypatch, dtype):
    monkeypatch.setattr(gauss_newton, "FORGETFUL", 3)

    def trained(small, optimizer, steps):
        for k in steps:
            optimizer.step(small.batches(torch.randperm(6, generator=torch.Generator().manual_seed(k))[:4]))

    small = Small(dtype=dtype)
    optimizer = NaturalGradient(small.parameters, system="primal")
    trained(small, optimizer, range(6))
    saved = io.BytesIO()
    torch.save((small.modules.state_dict(), optimizer.state_dict()), saved)
    trained(small, optimizer, range(6, 9))
    again = Small(dtype=dtype)
    resumed = NaturalGradient(again.parameters, system="primal")
    saved.seek(0)
    network, state = torch.load(saved)
    again.modules.load_state_dict(network)
    resumed.load_state_dict(state)
    trained(again, resumed, range(6, 9))
    assert torch.equal(again.flat(), small.flat())
    # Without it the steps would be others.
    without = Small(dtype=dtype)
    without.modules.load_state_dict(network)
    fresh = NaturalGradient(without.parameters, system="primal")
    del state["state"][0]["gram"]
    fresh.load_state_dict(state)
    trained(without, fresh, range(6, 9))
    assert not torch.equal(without.flat(), small.flat())


def test_gradient_of_the_balanced_loss_is_left_for_monitors():
    for system in ("primal", "dual"):
        small = Small()
        run(small, steps=1, system=system, balance=lambda losses: 3 * losses["equation"] + losses["u"])
        found = torch.cat([parameter.grad.reshape(-1) for parameter in small.parameters])
        flat = Small().flat().requires_grad_()
        rows = Small().rows(flat)
        loss = 3 * rows[:6].square().sum() + rows[12:].square().sum()
        torch.testing.assert_close(found, torch.autograd.grad(loss, flat)[0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("system", "advice"),
    [("primal", "a smaller network, or `system: dual`"), ("dual", "fewer points, or `system: primal`")],
)
def test_what_lowers_the_memory_is_said_where_it_runs_out(monkeypatch, system, advice):
    """PyTorch's words for an allocation that fails; a machine whose memory is used up cannot be had here."""

    def jacobian(*args):
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")

    small = Small()
    optimizer, before = NaturalGradient(small.parameters, system=system, memory=0.5), small.flat()
    monkeypatch.setattr(gauss_newton.Rows, "jacobian", jacobian)
    found = f"16 rows by 52 parameters ran out of memory. .*found 0.5 GiB.; {advice}, takes"
    with pytest.raises(MemoryError, match=found):
        optimizer.step(small.batches())
    assert torch.equal(small.flat(), before)
    monkeypatch.setattr(gauss_newton.Rows, "jacobian", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        optimizer.step(small.batches())


def test_one_step_solves_a_linear_problem():
    line, x = Line(3, 1).double(), torch.rand(9, 3, dtype=torch.float64)
    true = torch.tensor([[2.0, -1.0, 0.5]], dtype=torch.float64)
    batch = [Pointwise(line, [x], {"data": torch.rand(9)}, {"data": x @ true.T + 3})]
    optimizer = NaturalGradient(line.parameters(), damping=1e-13)
    optimizer.step(batch)
    assert (line.weight - true).abs().max() < 1e-9
    assert abs(float(line.bias.detach()) - 3) < 1e-9
    # The negative control: with damping the step is shorter.
    other = Line(3, 1).double()
    NaturalGradient(other.parameters(), damping=1e-2).step([Pointwise(other, [x], {"data": 1.0}, batch[0].targets)])
    assert (other.weight - true).abs().max() > 1e-3


def test_order_of_the_rows_does_not_matter():
    forward, backward, fewer = Small(), Small(), Small()
    order = torch.arange(5, -1, -1)
    for small, change in ((forward, list), (backward, lambda b: b[::-1]), (fewer, list)):
        optimizer = NaturalGradient(small.parameters)
        for _ in range(4):
            batches = small.batches({id(backward): order, id(fewer): order[1:]}.get(id(small), order.flip(0)))
            optimizer.step(change(batches))
    assert (forward.flat() - backward.flat()).abs().max() < 1e-10
    assert (forward.flat() - fewer.flat()).abs().max() > 1e-4


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_resumes_exactly(dtype):
    whole, resumed, forgetful = Small(dtype=dtype), Small(dtype=dtype), Small(dtype=dtype)
    run(whole, steps=8)
    optimizer, _ = run(resumed, steps=4)
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    forgetful.modules.load_state_dict(resumed.modules.state_dict())
    file.seek(0)
    second = NaturalGradient(resumed.parameters)
    second.load_state_dict(torch.load(file, weights_only=True))
    assert (second.damping, second.accepted, second.refused) == (
        optimizer.damping,
        optimizer.accepted,
        optimizer.refused,
    )
    for _ in range(4):
        second.step(resumed.batches())
    run(forgetful, steps=4)
    assert torch.equal(whole.flat(), resumed.flat())
    assert not torch.allclose(whole.flat(), forgetful.flat(), atol=1e-4)


def test_float32_parameters_get_the_rounded_step_of_float64():
    single = Small(dtype=torch.float32)
    double = Small()
    double.modules.load_state_dict(single.modules.state_dict())
    run(single, steps=1)
    run(double, steps=1)
    assert all(p.dtype == torch.float32 for p in single.parameters)
    expected = torch.cat([p.detach().float().reshape(-1) for p in double.parameters])
    assert torch.equal(single.flat(), expected.double())


def test_loss_on_the_same_points_falls_in_every_step():
    _, losses = run(Small(), steps=12)
    assert all(later < earlier for earlier, later in itertools.pairwise(losses))
    assert losses[-1] < 0.1 * losses[0]


class Logarithm(nn.Module):
    """Residual log(p) - x: no number below p = 0."""

    def __init__(self, start):
        super().__init__()
        self.p = nn.Parameter(torch.tensor(start, dtype=torch.float64))

    def forward(self, x):
        return {"log": self.p.log() - x}


def test_step_into_what_is_not_finite_is_refused():
    # Gauss-Newton from p = 4 to log(p) = -0.1 goes to 4 - 4 * (log(4) + 0.1) < 0.
    module = Logarithm(4.0)
    optimizer = NaturalGradient([module.p], damping=1e-2)
    batch = [Pointwise(module, [torch.tensor([-0.1], dtype=torch.float64)], {"log": 1.0})]
    optimizer.step(batch)
    assert optimizer.refused > 0
    assert 0 < float(module.p.detach()) < 4
    for _ in range(60):
        optimizer.step(batch)
    assert float(module.p.detach()) == pytest.approx(math.exp(-0.1))


def test_residual_that_is_not_finite_leaves_the_parameters_alone():
    small = Small()
    optimizer, _ = run(small, steps=2)
    before, damping, saved = small.flat(), optimizer.damping, copy.deepcopy(optimizer.state_dict()["state"])
    batches = small.batches()
    batches[0].inputs[0][2, 0] = float("nan")
    assert torch.isnan(optimizer.step(batches))
    assert torch.equal(small.flat(), before)
    assert (optimizer.damping, optimizer.refused) == (pytest.approx(4 * damping), saved[0]["refused"] + 1)
    assert all(torch.equal(saved[i]["last"], s["last"]) for i, s in optimizer.state_dict()["state"].items())


def test_singular_systems_are_damped():
    small = Small(points=6)
    small.x[:] = small.x[:1]  # six equal points: J J^T has rank 6 of 16
    _, losses = run(small, steps=8, damping=1e-14)
    assert torch.isfinite(small.flat()).all()
    assert losses[-1] < 0.1 * losses[0]


def test_parameters_without_influence_stay():
    small, idle = Small(), nn.Parameter(torch.ones(3))
    frozen = small.net[2].weight.requires_grad_(False)
    before = frozen.clone()
    optimizer = NaturalGradient([*small.parameters, idle])
    losses = [optimizer.step(small.batches()) for _ in range(3)]
    assert torch.equal(frozen, before)
    assert torch.equal(idle, torch.ones(3))
    assert losses[-1] < losses[0]


def test_a_step_without_an_accepted_try_ends_the_momentum():
    small = Small()
    optimizer, _ = run(small, steps=2)
    accepted, before = optimizer.accepted, small.flat()
    assert any(bool(state["last"].any()) for state in optimizer.state.values())
    # A weight of zero: nothing to learn, and a matrix of zeros.
    assert optimizer.step([Pointwise(small.walls, [small.wall, small.shift], {"u": 0.0})]) == 0
    assert torch.equal(small.flat(), before)
    assert (optimizer.accepted, optimizer.refused) == (accepted, 8)
    assert not any(bool(state["last"].any()) for state in optimizer.state.values())


class Hidden(nn.Module):
    """A network in a Python list, and perhaps another one in its place."""

    def __init__(self, hidden, seen=None):
        super().__init__()
        self.networks, self.seen = [hidden], seen

    def forward(self, x):
        found = self.networks[0](x)
        return {"u": found if self.seen is None else found + self.seen(x)}


def test_parameters_of_another_network_are_refused_by_name():
    small, other = Small(), nn.Linear(2, 1)
    optimizer = NaturalGradient(other.parameters())
    with pytest.raises(ValueError, match=r"that the optimizer was given. Found none of them in Equation, Walls"):
        optimizer.step(small.batches())


def test_a_network_in_a_list_is_refused():
    network = nn.Linear(2, 1).double()
    batch = Pointwise(Hidden(network), [torch.rand(3, 2)], {"u": 1.0})
    with pytest.raises(ValueError, match=r"Found none of them in Hidden: .* is a submodule, not in a Python list"):
        NaturalGradient(network.parameters()).step([batch])


def test_a_network_in_a_list_beside_others_is_named(caplog):
    hidden, seen = nn.Linear(2, 1).double(), nn.Linear(2, 1)
    optimizer = NaturalGradient([*hidden.parameters(), *seen.parameters()])
    batch = Pointwise(Hidden(hidden, seen), [torch.rand(3, 2)], {"u": 1.0})
    before = hidden.weight.clone()
    for _ in range(2):
        optimizer.step([batch])
    expected = "2 of 4 tensors of parameters are in no residual, and stay as they are: those of shape (1, 2), (1,)."
    assert caplog.text.count(expected) == 1
    assert torch.equal(hidden.weight, before)
    assert optimizer.accepted == 2
    caplog.clear()
    NaturalGradient(Small().parameters)
    run(Small(), steps=1)
    assert "in no residual" not in caplog.text


def test_nothing_to_train_is_refused():
    small = Small()
    for parameter in small.parameters:
        parameter.requires_grad_(False)
    with pytest.raises(ValueError, match=r"`params` must hold something to train. Found nothing with `requires_grad`"):
        run(small, steps=1)


class Unsteady(nn.Module):
    """A network with something that is not the same in every call."""

    def __init__(self, network, disturb=None):
        super().__init__()
        self.network, self.disturb, self.calls = network, disturb, 0

    def forward(self, x):
        self.calls += 1
        found = self.network(x)
        return {"u": found if self.disturb is None else found + self.disturb(self.calls, x[:, :1])}


@pytest.mark.parametrize(
    ("network", "disturb", "message"),
    [
        (
            nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(2, 4)), nn.Linear(4, 1)),
            None,
            r"Found \['network.0.parametrizations.weight.0._u', .* of Unsteady, which change in every call",
        ),
        (
            nn.Linear(2, 1),
            lambda calls, x: torch.rand_like(x),
            r"Found \['u'\], which differ from one call to the next",
        ),
        (nn.Linear(2, 1), lambda calls, x: 0.1 * calls * x, r"Found \['u'\], which differ from one call to the next"),
    ],
    ids=["spectral norm", "random", "counter"],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_residuals_that_are_not_the_same_in_every_call_are_refused(network, disturb, message, dtype):
    module = copy.deepcopy(Unsteady(network, disturb)).to(dtype)
    before = [parameter.clone() for parameter in module.parameters()]
    batch = Pointwise(module, [torch.rand(6, 2)], {"u": 1.0})
    with pytest.raises(ValueError, match=f"the same whenever they are computed. {message}"):
        NaturalGradient(module.parameters()).step([batch])
    assert all(torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))


def test_layers_whose_state_rests_pass():
    network = nn.Sequential(
        nn.utils.parametrizations.spectral_norm(nn.Linear(2, 4)), nn.BatchNorm1d(4), nn.Linear(4, 1)
    )
    module = Unsteady(network).eval()
    optimizer = NaturalGradient(module.parameters())
    batch = Pointwise(module, [torch.rand(6, 2)], {"u": 1.0})
    losses = [optimizer.step([batch]) for _ in range(3)]
    assert losses[-1] < 0.1 * losses[0]


def test_a_step_without_points_is_refused():
    with pytest.raises(
        ValueError, match=r"`batches` must hold the residuals of at least one batch of points. Found none"
    ):
        NaturalGradient(Small().parameters).step([])


def test_unknown_coefficient_is_found():
    class Decay(nn.Module):
        def __init__(self):
            super().__init__()
            self.rate = nn.Parameter(torch.tensor(0.2))

        def forward(self, t):
            return {"data": torch.exp(-self.rate * t)}

    decay, t = Decay(), torch.linspace(0, 1, 5)
    optimizer = NaturalGradient(decay.parameters())
    for _ in range(20):
        optimizer.step([Pointwise(decay, [t], {"data": 0.2}, {"data": torch.exp(-1.7 * t)})])
    assert float(decay.rate.detach()) == pytest.approx(1.7, rel=1e-6)


def test_groups_have_step_sizes_of_their_own():
    small = Small()
    start = small.flat()
    first, rest = small.parameters[:1], small.parameters[1:]
    NaturalGradient([{"params": first, "step_size": 0.5}, {"params": rest, "step_size": 0.25}]).step(small.batches())
    rate = torch.where(torch.arange(52) < first[0].numel(), 0.5, 0.25)
    expected = -rate * dense_step(small.rows, start, 1e-2, rate=rate)
    assert (small.flat() - start - expected).abs().max() < 1e-10
    swapped = -rate.flip(0) * dense_step(small.rows, start, 1e-2, rate=rate.flip(0))
    assert (small.flat() - start - swapped).abs().max() > 1e-2


def test_a_schedule_counts_where_it_is_asked_for():
    moved = {}
    for scheduled in (False, True):
        small = Small()
        start = small.flat()
        optimizer = NaturalGradient(small.parameters, lr=3e-3, scheduled=scheduled, adaptive=False, momentum=0.0)
        schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.25)
        optimizer.param_groups[0]["lr"] *= 0.25
        optimizer.step(small.batches())
        moved[scheduled] = small.flat() - start
        schedule.step()
    expected = -0.25 * dense_step(small.rows, start, 1e-2, rate=0.25)
    assert (moved[True] - expected).abs().max() < 1e-10
    assert (moved[False] - expected).abs().max() > 1e-2


def test_a_schedule_that_raises_the_rate_is_refused():
    small = Small()
    optimizer = NaturalGradient(small.parameters, scheduled=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=10, cycle_momentum=False)
    optimizer.step(small.batches())
    schedule.step()
    before = small.flat()
    with pytest.raises(ValueError, match=r"must only lower the rate, from one above 0. Found a rate of 0\.\d+ after a"):
        optimizer.step(small.batches())
    assert torch.equal(small.flat(), before)


@pytest.mark.parametrize(
    ("kind", "options"),
    [("LinearLR", {"start_factor": 0.1, "total_iters": 2}), ("CosineAnnealingWarmRestarts", {"T_0": 2})],
    ids=["a rise to the first rate", "returns to the first rate"],
)
def test_a_schedule_that_never_exceeds_the_first_rate_passes(kind, options):
    small = Small()
    optimizer = NaturalGradient(small.parameters, lr=3e-3, scheduled=True)
    schedule = getattr(torch.optim.lr_scheduler, kind)(optimizer, **options)
    for _ in range(5):
        optimizer.step(small.batches())
        schedule.step()
    assert optimizer.accepted == 5


def test_groups_may_be_empty():
    small, whole = Small(), Small()
    optimizer = NaturalGradient([{"params": []}, {"params": small.parameters}])
    for _ in range(2):
        optimizer.step(small.batches())
    run(whole, steps=2)
    assert torch.equal(small.flat(), whole.flat())
    assert (optimizer.accepted, optimizer.damping) == (2, pytest.approx(1e-2 / 9))


def test_a_checkpoint_of_other_layer_sizes_is_refused():
    small, wider = Small(), nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 1))
    optimizer, _ = run(small, steps=1)
    state = optimizer.state_dict()
    other = NaturalGradient([nn.Parameter(torch.zeros(())), *wider.parameters()])
    with pytest.raises(
        ValueError, match=r"same sizes. Found a step of shape \(5, 2\) for parameter 1 of shape \(6, 2\)"
    ):
        other.load_state_dict(state)
    NaturalGradient(Small().parameters).load_state_dict(state)


def test_a_learning_rate_is_named_and_not_used(caplog):
    caplog.set_level("INFO")
    with_rate, without = Small(), Small()
    NaturalGradient(with_rate.parameters, lr=3e-3).step(with_rate.batches())
    assert "lr=0.003, meant for another optimizer, is not used" in caplog.text
    caplog.clear()
    NaturalGradient(without.parameters).step(without.batches())
    assert "lr" not in caplog.text
    assert torch.equal(with_rate.flat(), without.flat())


def test_weights_are_those_of_the_balancing():
    def balance(losses):
        return 4 * losses["equation"] + 0.25 * losses["slope"] + losses["u"]

    small = Small()
    _, losses = run(small, balance=balance)
    expected, *_ = dense_run(Small(), factors=(4.0, 0.25, 1.0))
    assert (small.flat() - expected).abs().max() < 1e-9
    assert float(losses[0]) == pytest.approx(
        float(Small().rows(Small().flat(), (4.0, 0.25, 1.0)).square().sum()), rel=1e-12
    )


def test_weights_are_derivatives_of_the_balanced_loss():
    small = Small()
    losses = run(
        small, steps=1, balance=lambda terms: 3 * terms["equation"] + terms["slope"].detach() * terms["slope"]
    )[1]
    terms = [part.square().sum() for part in Small().rows(Small().flat()).split([6, 6, 4])]
    assert float(losses[0]) == pytest.approx(float(3 * terms[0] + terms[1] ** 2))
    expected, *_ = dense_run(Small(), steps=1, factors=(3.0, float(terms[1].detach()), 0.0))
    assert (small.flat() - expected).abs().max() < 1e-9


def test_refuses_negative_weights():
    with pytest.raises(ValueError, match=r"`balance` must .* at least 0. Found {'equation': -1.0}"):
        run(Small(), steps=1, balance=lambda terms: terms["slope"] - terms["equation"])


def test_balances_with_relobralo():
    small = Small()
    relobralo = ReLoBRaLo([], 3)
    optimizer, losses = run(small, steps=15, balance=relobralo)
    assert relobralo.names == ["equation", "slope", "u"]
    assert not torch.allclose(relobralo.lmbda_ema, torch.ones(3).double())
    assert losses[-1] < 0.1 * losses[0]
    assert optimizer.accepted > 10


def test_fixed_damping_stays():
    optimizer, _ = run(Small(), adaptive=False, damping=0.3)
    assert optimizer.damping == 0.3
    assert optimizer.accepted == 4


def test_checkpoint_of_adam_leaves_a_new_start():
    small = Small()
    adam = torch.optim.Adam(small.parameters)
    small.rows(torch.cat([p.reshape(-1) for p in small.parameters])).square().sum().backward()
    adam.step()
    optimizer = NaturalGradient(small.parameters, damping=0.5)
    optimizer.load_state_dict(adam.state_dict())
    assert optimizer.damping == 0.5
    optimizer.step(small.batches())
    assert optimizer.accepted == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"step_size": 0.0}, "`step_size` must be in"),
        ({"step_size": 1.5}, "`step_size` must be in"),
        ({"damping": 0.0}, "`damping` must be in"),
        ({"momentum": 1.0}, "`momentum` must be in"),
        ({"momentum": -0.1}, "`momentum` must be in"),
        ({"memory": 0}, "`memory` must be in"),
        ({"system": "both"}, r"`system` must be one of \['auto', 'primal', 'dual'\]. Found `system = 'both'`"),
        ({"lr": 0.0}, r"`lr` must be in \(0, inf\). Found `lr = 0.0`"),
        ({"lr": 0.0, "scheduled": True}, "`lr` must be in"),
    ],
    ids=str,
)
def test_refuses_options_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        NaturalGradient(Small().parameters, **options)


@pytest.mark.parametrize("option", ["scheduled", "adaptive"])
def test_refuses_flags_that_are_none(option):
    with pytest.raises(TypeError, match=f"`{option}` must be a bool. Found `{option} = 'yes'`"):
        NaturalGradient(Small().parameters, **{option: "yes"})


def test_refuses_options_that_differ_between_groups():
    small = Small()
    with pytest.raises(ValueError, match="`momentum` must be the same in all groups"):
        NaturalGradient([{"params": small.parameters[:1]}, {"params": small.parameters[1:], "momentum": 0.1}])


class Numbers(nn.Module):
    """Two numbers, each a loss term."""

    def __init__(self):
        super().__init__()
        self.p = nn.Parameter(torch.zeros(2, dtype=torch.float64))

    def forward(self, x):
        return {"a": self.p[:1].expand(len(x)), "b": self.p[1:].expand(len(x))}


@pytest.mark.parametrize(("last", "expected"), [(1.0, 1), (0.09, 0)], ids=["by powers of ten", "less"])
def test_a_term_that_grows_while_the_loss_falls_is_said_once(caplog, monkeypatch, last, expected):
    monkeypatch.setattr(growth, "STEPS", 5)
    module = Numbers()
    optimizer = NaturalGradient([module.p])
    with caplog.at_level("WARNING"):
        for values in [(10.0, 0.01)] + 12 * [(0.1, last)]:
            # As if the steps had gone there.
            module.p.data = torch.tensor(values, dtype=torch.float64)
            optimizer.step([Pointwise(module, [torch.zeros(1, 1)], {"a": 1.0, "b": 1.0})])
    said = [record.message for record in caplog.records if "times its first value" in record.message]
    assert [message.startswith("Loss term `b` has been more than 100 times") for message in said] == [True] * expected
