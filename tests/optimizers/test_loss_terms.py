import pytest
import torch
from small_problems import Small

from modulus_relobralo.optimizers import Pointwise
from modulus_relobralo.optimizers.loss_terms import roots, sums_of_squares, weigh
from modulus_relobralo.optimizers.rows import Rows


def prepare():
    small = Small()
    batches = [*small.batches(), Pointwise(small.walls, [small.wall, small.shift], {"u": 2.0})]
    rows = [Rows(batch, small.parameters) for batch in batches]
    return small, rows, torch.cat([r.values([p.detach() for p in small.parameters]) for r in rows])


def test_batches_share_terms_by_name():
    small, rows, values = prepare()
    losses = sums_of_squares(rows, values)
    assert list(losses) == ["equation", "slope", "u"]
    oracle, u = small.rows(small.flat()), small.net(small.wall) + small.shift
    expected = [oracle[:6].square().sum(), oracle[6:12].square().sum()]
    expected.append(oracle[12:].square().sum() + 2 * u.square().sum())
    torch.testing.assert_close(list(losses.values()), [e.detach() for e in expected])


def test_roots_multiply_the_rows_of_their_term():
    _, rows, _ = prepare()
    weights = {name: torch.tensor(w) for name, w in {"slope": 4.0, "u": 9.0, "equation": 1.0}.items()}
    assert roots(rows, weights).tolist() == [1.0] * 6 + [2.0] * 6 + [3.0] * 8


def test_weights_are_derivatives_of_the_balanced_loss():
    losses = {"a": torch.tensor(2.0).double(), "b": torch.tensor(5.0).double(), "c": torch.tensor(1.0).double()}
    loss, weights = weigh(losses, lambda terms: 3 * terms["a"] + terms["b"].detach() * terms["b"])
    assert float(loss) == 31
    assert {name: float(weight) for name, weight in weights.items()} == {"a": 3, "b": 5, "c": 0}
    assert {name: float(weight) for name, weight in weigh(losses, None)[1].items()} == {"a": 1, "b": 1, "c": 1}
    assert float(weigh(losses, None)[0]) == 8


def test_refuses_negative_weights():
    with pytest.raises(ValueError, match=r"`balance` must .* at least 0. Found {'a': -1.0}"):
        weigh({"a": torch.tensor(1.0), "b": torch.tensor(2.0)}, lambda terms: terms["b"] - terms["a"])
