import pytest
import torch
from small_problems import Small
from torch.func import jacrev

from modulus_relobralo.optimizers import Pointwise
from modulus_relobralo.optimizers import rows as rows_module
from modulus_relobralo.optimizers.jacobian import Jacobian
from modulus_relobralo.optimizers.rows import Rows


def build(memory, nested=False):
    small = Small(nested)
    rows = [Rows(batch, small.parameters) for batch in small.batches()]
    values = [parameter.detach() for parameter in small.parameters]
    factors = torch.rand(16, dtype=torch.float64) + 0.5
    return small, rows, values, factors, Jacobian(rows, values, factors, memory)


@pytest.mark.parametrize("chunk", [2**18, 100], ids=["all points at once", "four points at once"])
@pytest.mark.parametrize("memory", [10**6, 16 * 20, 16], ids=lambda memory: f"{memory} numbers")
@pytest.mark.parametrize("nested", [False, True], ids=["vectorised", "nested"])
def test_products_are_those_of_the_whole_jacobian(monkeypatch, memory, nested, chunk):
    monkeypatch.setattr(rows_module, "CHUNK", chunk)
    monkeypatch.setattr(rows_module, "NESTED_CHUNK", chunk // 25)
    small, _, values, factors, jacobian = build(memory, nested)
    whole = factors[:, None] * jacrev(Small().rows)(small.flat())
    vector, cotangent = [torch.rand_like(value) for value in values], torch.rand(16, dtype=torch.float64)
    gram, image = jacobian.products(vector)
    torch.testing.assert_close(gram, whole @ whole.T, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(image, whole @ torch.cat([v.reshape(-1) for v in vector]), rtol=1e-12, atol=1e-12)
    back = jacobian.transposed(cotangent)
    assert [b.shape for b in back] == [v.shape for v in values]
    torch.testing.assert_close(torch.cat([b.reshape(-1) for b in back]), whole.T @ cotangent, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("nested", [False, True], ids=["vectorised", "nested"])
def test_rows_are_those_of_the_oracle(monkeypatch, nested):
    monkeypatch.setattr(rows_module, "CHUNK", 100)
    small, rows, values, *_ = build(10**6, nested)
    found = torch.cat([batch.values(values) for batch in rows])
    torch.testing.assert_close(found, Small().rows(small.flat()), rtol=1e-13, atol=1e-13)
    assert not torch.allclose(found, Small().rows(small.flat() + 1e-3), rtol=1e-6)


def test_rows_of_float32_modules_are_computed_in_float64():
    small = Small(dtype=torch.float32)
    rows = [Rows(batch, small.parameters) for batch in small.batches()]
    found = torch.cat([batch.values([p.detach().double() for p in small.parameters]) for batch in rows])
    torch.testing.assert_close(found, small.rows(small.flat()), rtol=1e-13, atol=1e-13)


def test_buffers_and_frozen_parameters_take_part():
    class Scaled(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(torch.tensor([2.0]))
            self.frozen = torch.nn.Parameter(torch.tensor(3.0), requires_grad=False)
            self.register_buffer("scale", torch.tensor(5.0))

        def forward(self, x):
            return {"r": self.w * self.frozen * self.scale * x}

    module = Scaled()
    rows = Rows(Pointwise(module, [torch.ones(2)], {"r": 4.0}), [module.w])
    assert rows.values([torch.tensor([2.0], dtype=torch.float64)]).tolist() == [60.0, 60.0]
    jacobian = Jacobian([rows], [module.w.detach().double()], torch.ones(2, dtype=torch.float64), 100)
    assert jacobian.products([torch.ones(1, dtype=torch.float64)])[0].tolist() == [[900.0, 900.0], [900.0, 900.0]]


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

    module = Twice()
    weight = module.first.weight
    rows = Rows(Pointwise(module, [torch.ones(1, 1)], {"r": 1.0}), [weight])
    values = [torch.full((1, 1), 3.0, dtype=torch.float64)]
    assert rows.values(values).tolist() == [9.0]  # both factors are the parameter
    jacobian = Jacobian([rows], values, torch.ones(1, dtype=torch.float64), 100)
    assert jacobian.products([torch.ones(1, 1, dtype=torch.float64)])[1].tolist() == [6.0]
    assert module.first.weight is weight
    assert module.tied.weight is weight
    assert weight.dtype == torch.float32
