import pytest
import torch
from small_problems import Small
from torch import nn
from torch.func import jacrev

from modulus_relobralo.optimizers import NaturalGradient, Pointwise
from modulus_relobralo.optimizers import residuals as residuals_module
from modulus_relobralo.optimizers.residuals import Rows

X = torch.rand(4, 2)
NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("inputs", "weights", "targets", "message"),
    [
        ([X, X[:3]], {"u": 1.0}, None, r"`inputs` must be .* one number of points, at least 1. Found \[3, 4\]"),
        ([], {"u": 1.0}, None, "`inputs` must be"),
        ([X[:0]], {"u": 1.0}, None, r"`inputs` must be .* at least 1. Found \[0\]"),
        ([X, torch.tensor(1.0)], {"u": 1.0}, None, r"`inputs` must be .* at least 1. Found \[0, 4\]"),
        ([X], {}, None, "`weights` must name at least one loss term"),
        ([X], {"u": torch.ones(3)}, None, r"`weights` must .* 4 points. Found `weights\['u'\]` of shape \(3,\)"),
        ([X], {"u": 1.0}, {"u": torch.ones(4, 2)}, r"`targets` must .* 4 points. Found `targets\['u'\]`"),
        ([X], {"u": 1.0}, {"v": 1.0}, r"`targets` must be of loss terms \['u'\]. Found \['v'\]"),
        ([X], {"u": -1.0}, None, r"`weights` must be at least 0 and finite. Found `weights\['u'\]` with -1"),
        ([X], {"u": torch.tensor([1.0, 2.0, NAN, 3.0])}, None, r"`weights` must be at least 0 .* with nan"),
        ([X], {"u": torch.tensor([1.0, 2.0, INF, 3.0])}, None, r"`weights` must be at least 0 and finite. .* with inf"),
        ([X], {"u": INF}, None, r"`weights` must be at least 0 and finite. Found `weights\['u'\]` with inf"),
        ([X], {"u": 1.0}, {"u": torch.tensor([1.0, -INF, 0.0, 0.0])}, r"`targets` must be finite. .* with -inf"),
    ],
    ids=[
        "inputs",
        "no input",
        "no point",
        "no dimension",
        "no term",
        "weights",
        "targets",
        "another term",
        "negative",
        "not a number",
        "infinite",
        "one infinite number",
        "infinite target",
    ],
)
def test_refuses_what_is_no_row_a_point(inputs, weights, targets, message):
    with pytest.raises(ValueError, match=message):
        Pointwise(nn.Linear(2, 1), inputs, weights, targets)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda x: {"v": x[:, 0]}, r"Returns must return residuals by name, of \['u'\]. Found \['v'\]"),
        (lambda x: x[:, 0], r"must return residuals by name, of \['u'\]. Found a Tensor"),
        (lambda x: {"u": x}, r"one real number a point. Found `u` of shape \(4, 2\) and torch.float64 at 4 points"),
        (lambda x: {"u": x.sum()}, r"one real number a point. Found `u` of shape \(\) and"),
        (lambda x: {"u": x[:, 0] * 1j}, r"one real number a point. Found `u` of shape \(4,\) and torch.complex128"),
    ],
    ids=["name", "no names", "columns", "a sum", "complex"],
)
@pytest.mark.parametrize("nested", [False, True], ids=["vectorised", "nested"])
def test_refuses_what_a_module_should_not_return(result, message, nested):
    class Returns(nn.Linear):
        def forward(self, x):
            return result(super().forward(x))

    module = Returns(2, 2)
    rows = Rows([Pointwise(module, [X], {"u": 1.0}, nested=nested)], list(module.parameters()))
    with pytest.raises(ValueError, match=message):
        rows.values(torch.zeros(6, dtype=torch.float64))


def rows_of(small, batches=None):
    return Rows(small.batches() if batches is None else batches, small.parameters)


@pytest.mark.parametrize("chunk", [2**18, 100], ids=["all points at once", "four points at once"])
@pytest.mark.parametrize("block", [slice(0, 52), slice(3, 31), slice(51, 52)], ids=str)
@pytest.mark.parametrize("nested", [False, True], ids=["vectorised", "nested"])
def test_jacobian_is_that_of_the_oracle(monkeypatch, block, nested, chunk):
    monkeypatch.setattr(residuals_module, "CHUNK", chunk)
    monkeypatch.setattr(residuals_module, "NESTED_CHUNK", chunk // 25)
    small = Small(nested)
    whole, rows, cotangent = jacrev(Small().rows)(small.flat()), rows_of(small), torch.rand(16, dtype=torch.float64)
    torch.testing.assert_close(rows.jacobian(small.flat(), block), whole[:, block], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(rows.transposed(small.flat(), cotangent), whole.T @ cotangent, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("nested", [False, True], ids=["vectorised", "nested"])
def test_chunks_are_rows_of_the_jacobian(monkeypatch, nested):
    monkeypatch.setattr(residuals_module, "CHUNK", 100)
    monkeypatch.setattr(residuals_module, "NESTED_CHUNK", 4)
    small = Small(nested)
    parts, whole = list(rows_of(small).chunks(small.flat())), jacrev(Small().rows)(small.flat())
    assert [len(part) for part in parts] == [4, 4, 2, 2, 4]
    order = [0, 1, 2, 3, 6, 7, 8, 9, 4, 5, 10, 11, 12, 13, 14, 15]
    torch.testing.assert_close(torch.cat(parts), whole[order], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("nested", [False, True], ids=["vectorised", "nested"])
def test_rows_are_those_of_the_oracle(monkeypatch, nested):
    monkeypatch.setattr(residuals_module, "CHUNK", 100)
    small = Small(nested)
    found = rows_of(small).values(small.flat())
    torch.testing.assert_close(found, Small().rows(small.flat()), rtol=1e-13, atol=1e-13)
    assert not torch.allclose(found, Small().rows(small.flat() + 1e-3), rtol=1e-6)


def test_rows_of_float32_modules_are_computed_in_float64():
    small = Small(dtype=torch.float32)
    torch.testing.assert_close(rows_of(small).values(small.flat()), small.rows(small.flat()), rtol=1e-13, atol=1e-13)


class Opaque(torch.autograd.Function):
    """Twice its argument, by a rule that no transformation of PyTorch knows."""

    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, grad):
        return torch.as_tensor(2 * grad.numpy())


@pytest.mark.parametrize("nested", [False, True], ids=["vectorised", "nested"])
def test_what_cannot_be_batched_is_differentiated_row_by_row_and_said(nested):
    class Doubled(nn.Linear):
        def forward(self, x):
            return {"u": Opaque.apply(super().forward(x)).square()}

    module = Doubled(2, 1).double()
    values = torch.cat([p.detach().reshape(-1) for p in module.parameters()])
    rows = Rows([Pointwise(module, [X.double()], {"u": 0.25}, nested=nested)], list(module.parameters()))
    with pytest.warns(UserWarning, match=r"rows \['u'\] are taken one by one, which is slow. PyTorch cannot"):
        found = rows.jacobian(values, slice(0, 3))
    inputs = torch.cat([X.double(), torch.ones(4, 1).double()], dim=1)
    torch.testing.assert_close(found, 0.5 * 8 * (inputs @ values)[:, None] * inputs)


def test_batches_share_terms_by_name():
    small = Small()
    rows = rows_of(small, [*small.batches(), Pointwise(small.walls, [small.wall, small.shift], {"u": 2.0})])
    losses = rows.terms(rows.values(small.flat()))
    assert list(losses) == ["equation", "slope", "u"]
    oracle, u = small.rows(small.flat()), small.net(small.wall) + small.shift
    expected = [oracle[:6].square().sum(), oracle[6:12].square().sum()]
    expected.append(oracle[12:].square().sum() + 2 * u.square().sum())
    torch.testing.assert_close(list(losses.values()), [e.detach() for e in expected])
    weights = {name: torch.tensor(w) for name, w in {"slope": 4.0, "u": 9.0, "equation": 1.0}.items()}
    roots = torch.tensor([1.0] * 6 + [2.0] * 6 + [3.0] * 8).double()
    before = rows.values(small.flat())
    torch.testing.assert_close(rows.weigh(weights), roots)
    torch.testing.assert_close(rows.values(small.flat()), roots * before)


def test_buffers_and_frozen_parameters_take_part():
    class Scaled(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(torch.tensor([2.0]))
            self.frozen = torch.nn.Parameter(torch.tensor(3.0), requires_grad=False)
            self.register_buffer("scale", torch.tensor(5.0))

        def forward(self, x):
            return {"r": self.w * self.frozen * self.scale * x}

    module, two = Scaled(), torch.tensor([2.0], dtype=torch.float64)
    rows = Rows([Pointwise(module, [torch.ones(2)], {"r": 4.0})], [module.w])
    assert rows.values(two).tolist() == [60.0, 60.0]
    assert rows.jacobian(two, slice(0, 1)).tolist() == [[30.0], [30.0]]


def test_tied_weights_and_modules_found_twice_are_one():
    class Twice(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Linear(1, 1, bias=False)
            self.again = torch.nn.ModuleList([self.first])
            self.tied = torch.nn.Linear(1, 1, bias=False)
            self.tied.weight = self.first.weight

        def forward(self, x):
            return {"r": self.tied(self.again[0](x))}

    module, three = Twice(), torch.tensor([3.0], dtype=torch.float64)
    weight = module.first.weight
    rows = Rows([Pointwise(module, [torch.ones(1, 1)], {"r": 1.0})], [weight])
    assert rows.values(three).tolist() == [9.0]  # both factors are the parameter
    assert rows.jacobian(three, slice(0, 1)).tolist() == [[6.0]]
    assert module.first.weight is weight
    assert module.tied.weight is weight
    assert weight.dtype == torch.float32


# ----- traces


def dense_traces(small):
    jacobian = jacrev(small.rows)(small.flat())
    names = ["equation"] * len(small.x) + ["slope"] * len(small.x) + ["u"] * 4
    squares = jacobian.square().sum(dim=1).tolist()
    return {name: sum(s for s, n in zip(squares, names, strict=True) if n == name) for name in dict.fromkeys(names)}


@pytest.mark.parametrize("nested", [False, True], ids=["vectorised", "nested"])
def test_traces_are_those_of_the_dense_jacobian(nested):
    small = Small(nested)
    found = NaturalGradient(small.parameters).traces(small.batches())
    assert {name: float(trace) for name, trace in found.items()} == pytest.approx(dense_traces(Small()), rel=1e-10)
    other = Small()
    other.area *= 1.1
    assert float(found["equation"]) != pytest.approx(dense_traces(other)["equation"], rel=0.05)


def test_traces_of_many_points_are_looked_at_in_a_few():
    small = Small(points=300)
    few = Small(points=300)
    few.x, few.area = few.x[::5], 5 * few.area[::5]
    found = NaturalGradient(small.parameters).traces(small.batches())
    expected = dense_traces(few)
    # The weight of the slope is one number for all points, and stands for five here.
    assert float(found["equation"]) == pytest.approx(expected["equation"], rel=1e-10)
    assert float(found["slope"]) == pytest.approx(5 * expected["slope"], rel=1e-10)
    whole = dense_traces(small)
    assert {name: float(trace) for name, trace in found.items()} == pytest.approx(whole, rel=0.2)
    assert float(found["equation"]) != pytest.approx(whole["equation"], rel=1e-6)


@pytest.mark.parametrize(("points", "left"), [(64, 64), (65, 33), (7, 7), (640, 64), (650, 60)])
def test_thinned_points_stand_for_all(points, left):
    x = torch.arange(points, dtype=torch.float64)[:, None]
    module, batch = nn.Linear(1, 1), {"u": 1 / points, "v": torch.full((points, 1), 2.0)}
    thin = Pointwise(module, [x], batch, {"u": x[:, 0], "v": torch.tensor(3.0)}, nested=True).thinned(64)
    assert (thin.points, thin.nested, thin.module) == (left, True, module)
    assert thin.weights["u"] * left == pytest.approx(1)
    assert float(thin.weights["v"].sum()) == pytest.approx(2.0 * points)
    assert torch.equal(thin.targets["u"], thin.inputs[0][:, 0])
    assert float(thin.targets["v"]) == 3.0
