"""Weights of a least-squares problem, against numbers by hand and the units that they must not depend on."""

import pytest
import torch

from modulus_relobralo import ReLoBRaLoGrad
from modulus_relobralo.balancing.relobralo_grad import due_traces
from modulus_relobralo.balancing.trace_equations import FIRST, HOLD, conditions_first

NAN, INF = float("nan"), float("inf")


def weights(traces, equations, progress=0.0):
    progress = torch.tensor(progress).expand(len(traces))
    return conditions_first(torch.tensor(traces), progress, torch.tensor(equations, dtype=torch.bool))


@pytest.mark.parametrize(
    ("traces", "equations", "expected"),
    [
        ([300.0, 3.0, 30.0], [1, 0, 0], [1, 100, 10]),
        ([3.0, 300.0], [1, 0], [1, 0.01]),
        ([300.0, 20.0, 3.0], [1, 1, 0], [1, 1, 100]),  # the strongest equation
        ([300.0, 3.0], [1, 1], [1, 1]),
        ([300.0, 3.0], [0, 0], [1, 1]),
        ([300.0, 0.0, 3.0], [1, 0, 0], [1, 1, 100]),
        ([300.0, NAN, 3.0], [1, 0, 0], [1, 1, 100]),
        ([INF, 3.0], [1, 0], [1, 1]),
        ([0.0, 3.0], [1, 0], [1, 1]),
        ([NAN, 20.0, 2.0], [1, 1, 0], [1, 1, 10]),
    ],
)
def test_conditions_that_are_met_have_as_much_to_say_as_the_strongest_equation(traces, equations, expected):
    for progress in (0.0, NAN):
        found = weights(traces, equations, progress)
        assert float(found.sum()) == pytest.approx(len(traces))
        assert (found / found[equations.index(1) if 1 in equations else 0]).tolist() == pytest.approx(expected)


def test_conditions_come_first_by_as_much_as_is_left_of_them():
    found = weights([300.0, 3.0, 30.0, 30.0], [1, 0, 0, 0], [1.0, 1.0, 0.5, 1e-8])
    assert (found / found[0]).tolist() == pytest.approx([1, 100 * (FIRST + 1), 10 * (FIRST / 2 + 1), 10], rel=1e-3)
    # What an equation has left does not count, nor do conditions alone.
    other = weights([300.0, 3.0, 30.0, 30.0], [1, 0, 0, 0], [1e-6, 1.0, 0.5, 1e-8])
    assert torch.equal(found, other)
    assert weights([300.0, 3.0], [0, 0], [1.0, 0.0]).tolist() == [1, 1]


def test_units_of_a_term_do_not_matter():
    """The rows of a term in other units are its rows times a number: its loss and its trace times the square."""
    before, factors = [300.0, 3.0, 30.0], torch.tensor([1.0, 25.0, 0.04])
    after = (torch.tensor(before) * factors).tolist()
    changed = weights(after, [1, 0, 0], [1.0, 1.0, 1e-3]) / weights(before, [1, 0, 0], [1.0, 1.0, 1e-3])
    # All weights are brought to their mean.
    assert (changed * factors).tolist() == pytest.approx([float(changed[0] * factors[0])] * 3)
    assert changed.tolist() != pytest.approx([float(changed[0])] * 3, rel=0.1)


# ----- in the aggregator

TRACES = {"walls": torch.tensor(4.0).double(), "pde": torch.tensor(80.0).double(), "start": torch.tensor(8.0).double()}


def losses(scale=1.0):
    """Terms of a network of one parameter: 4, 6 and 2 at first."""
    parameter = torch.nn.Parameter(torch.tensor(2.0, dtype=torch.float64))
    return {"pde": parameter**2, "walls": scale * 3 * parameter, "start": scale * parameter}


def balanced(scripted=False, **options):
    balance = ReLoBRaLoGrad([torch.nn.Parameter(torch.tensor(2.0))], 3, ["pde"], **options)
    return torch.jit.script(balance) if scripted else balance


def hold(balance):
    """Call until traces are due again: the weights stay until then."""
    before = balance.lmbda_ema.clone()
    for _ in range(HOLD - 1):
        (none,) = due_traces(balance, lambda: TRACES)
        assert none == {}
        balance(losses(0.3), None, none)
        assert torch.equal(balance.lmbda_ema, before)
    assert due_traces(balance, lambda: TRACES) == [TRACES]


def to_the_equation(balance):
    return (balance.lmbda_ema / balance.lmbda_ema[0]).tolist()


# In the order of the names: pde, start, walls.
UNMET, MET = [1, 10 * (FIRST + 1), 20 * (FIRST + 1)], [1, 10, 20]


@pytest.mark.parametrize("scripted", [False, True], ids=["eager", "scripted"])
def test_traces_and_progress_decide_the_weights(scripted):
    balance = balanced(scripted)
    assert due_traces(balance, lambda: TRACES) == [TRACES]
    loss = balance(losses(), 0, TRACES)
    assert to_the_equation(balance) == pytest.approx(UNMET)
    assert float(loss.detach()) == pytest.approx(float(balance.lmbda_ema @ torch.tensor([4.0, 2.0, 6.0]).double()))
    hold(balance)
    balance(losses(1e-9), 1, TRACES)
    assert to_the_equation(balance) == pytest.approx(MET, rel=1e-3)
    # Progress is from the largest value: that of conditions met exactly at first, too.
    hold(balance)
    balance(losses(2.0), 2, TRACES)
    assert to_the_equation(balance) == pytest.approx(UNMET)
    hold(balance)
    balance(losses(1.0), 3, TRACES)
    assert to_the_equation(balance) == pytest.approx([1, 10 * (FIRST / 2 + 1), 20 * (FIRST / 2 + 1)])
    # No gradient is looked at.
    assert torch.isnan(balance.log_norms).all()


def test_a_loss_that_is_not_finite_leaves_what_is_known():
    balance = balanced()
    balance(losses(), 0, TRACES)
    hold(balance)
    balance(losses(INF), 1, TRACES)
    hold(balance)
    balance(losses(), 2, TRACES)
    assert to_the_equation(balance) == pytest.approx(UNMET)


def test_progress_survives_a_checkpoint():
    first, second, anew = balanced(), balanced(), balanced()
    first(losses(), 0, TRACES)
    second.load_state_dict(first.state_dict())
    # The weights are held on, and move when they would have.
    hold(second)
    for balance in (second, anew):
        balance(losses(1e-9), 1, TRACES)
    assert to_the_equation(second) == pytest.approx(MET, rel=1e-3)
    assert to_the_equation(anew) == pytest.approx(UNMET)


def test_static_weights_multiply_what_the_traces_give():
    plain, weighted = balanced(), balanced(weights={"walls": 10.0})
    found = [float(balance(losses(), 0, TRACES).detach()) for balance in (plain, weighted)]
    assert torch.equal(plain.lmbda_ema, weighted.lmbda_ema)
    assert found[1] - found[0] == pytest.approx(9 * 6 * float(plain.lmbda_ema[2]))


def test_a_term_without_static_weight_does_not_count():
    balance = balanced(weights={"walls": 0.0})
    balance(losses(), 0, TRACES)
    assert balance.lmbda_ema.tolist() == pytest.approx([2 / (UNMET[1] + 1), 2 * UNMET[1] / (UNMET[1] + 1), 1])
    assert balanced(weights=dict.fromkeys(TRACES, 0.0))(losses(), 0, TRACES).item() == 0


def test_traces_of_other_terms_are_named():
    traces = {name: trace for name, trace in TRACES.items() if name != "walls"}
    with pytest.raises(
        ValueError, match=r"`traces` must be of .*\['pde', 'start', 'walls'\]. Found \['pde', 'start'\]"
    ):
        balanced()(losses(), 0, traces)
