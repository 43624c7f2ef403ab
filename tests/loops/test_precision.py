"""float64 in a loop: a network in float64 is all that it takes."""

import io

import numpy as np
import pytest
import torch
from sympy import Function, Heaviside, Piecewise, Rational, Symbol, lambdify, pi, sin, tanh
from torch import nn

from modulus_relobralo import LBFGS, SOAP, NaturalGradient, ReLoBRaLo, ReLoBRaLoGrad
from modulus_relobralo.balancing import Sum
from modulus_relobralo.loops import LossTerms, samples, take_step
from modulus_relobralo.loops.residuals import torch_function
from modulus_relobralo.problems import Interval, Problem
from modulus_relobralo.taylor import Scaled

X, Y = Symbol("x"), Symbol("y")
# What one neuron can be: its error ends with the precision.
U, EXACT = Function("u")(X), tanh(2 * X - 0.5)
POISSON = Problem(Interval(0, 1), {"poisson": U.diff(X, 2) - EXACT.diff(X, 2)}, {"left, right": {"u": EXACT}})
OPTIMIZERS = {
    "adam": torch.optim.Adam,
    "soap": SOAP,
    "lbfgs": lambda parameters: LBFGS(parameters, max_iter=3),
    "natural gradients": NaturalGradient,
}
SCHEMES = {
    "sum": lambda parameters: Sum(parameters, 2),
    "relobralo": lambda parameters: ReLoBRaLo(parameters, 2),
    "relobralo_grad": lambda parameters: ReLoBRaLoGrad(parameters, 2, ["poisson"], every=2),
}


class Loop:
    """A loop as a person writes it."""

    def __init__(self, optimizer, scheme, dtype=torch.float64, neurons=8):
        torch.manual_seed(0)
        layers = nn.Sequential(nn.Linear(1, neurons), nn.Tanh(), nn.Linear(neurons, 1))
        self.network = Scaled(layers, inputs=[(0.5, 1 / 3)], outputs=[(0.0, 0.7)]).to(dtype)
        self.terms = LossTerms(POISSON, samples(POISSON, interior=48, edge=1), self.network, compiled=False)
        self.balance = SCHEMES[scheme](self.network.parameters())
        self.optimizer = OPTIMIZERS[optimizer](self.network.parameters())

    def parts(self):
        return self.network, self.balance, self.optimizer

    def train(self, start, end):
        for step in range(start, end):
            self.points = self.terms.draw(step)
            self.losses, self.loss = take_step(self.optimizer, self.terms, self.balance, self.points, step)

    def tensors(self):
        state = [value for values in self.optimizer.state.values() for value in values.values()]
        drawn = [tensor for values, areas in self.points.values() for tensor in (*values.values(), areas)]
        held = [*self.network.state_dict().values(), *self.balance.state_dict().values(), *state]
        # PyTorch counts steps in float32.
        return [t for t in [*held, *drawn, *self.losses.values(), self.loss] if torch.is_tensor(t) and _is_data(t)]

    def error(self):
        grid = np.linspace(0, 1, 101)
        with torch.no_grad():
            found = self.network(torch.tensor(grid).to(next(self.network.parameters()).dtype)[:, None])
        exact = lambdify(X, EXACT)(grid)
        return np.linalg.norm(found.double().numpy()[:, 0] - exact) / np.linalg.norm(exact)


def _is_data(tensor):
    return tensor.is_floating_point() and (tensor.dim() > 0 or tensor.dtype != torch.float32)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_everything_is_of_float64_and_resumes_to_the_last_digit(optimizer, scheme):
    if optimizer == "soap":
        pytest.importorskip("pytorch_optimizer")
    whole, half, again = (Loop(optimizer, scheme) for _ in range(3))
    whole.train(0, 6)
    half.train(0, 3)
    file = io.BytesIO()
    torch.save([part.state_dict() for part in half.parts()], file)
    file.seek(0)
    for part, state in zip(again.parts(), torch.load(file), strict=True):
        part.load_state_dict(state)
    again.train(3, 6)
    assert {tensor.dtype for tensor in whole.tensors()} == {torch.float64}
    assert len(whole.tensors()) > 12
    # Losses that a balancing has not seen are no numbers.
    torch.testing.assert_close(again.tensors(), whole.tensors(), rtol=0, atol=0, equal_nan=True)
    # Neither is it float32 widened, nor the state of the beginning.
    weight = whole.network.network[0].weight
    assert (weight != weight.float()).any()
    assert not torch.equal(weight, half.network.network[0].weight)


def test_in_float32_it_is_another_dtype():
    loop = Loop("adam", "relobralo", torch.float32)
    loop.train(0, 3)
    assert loop.loss.dtype == loop.balance.lmbda_ema.dtype == torch.float32


def test_points_have_all_digits():
    loop = Loop("adam", "sum")
    x = loop.terms.draw(0)["interior"].values["x"]
    assert (x != x.float()).float().mean() > 0.9
    assert torch.equal(x.float(), Loop("adam", "sum", torch.float32).terms.draw(0)["interior"].values["x"])


@pytest.mark.parametrize(
    "expression",
    [
        pi * X / 10 + sin(Y / 7),
        X * 0.1 + Rational(1, 3) * Y,
        (X - pi / 10) * Heaviside(Y - 0.5),
        Piecewise((X / 3, Y < 0.3), (pi * Y, True)),
        sin(pi / 9) ** 3 * X,
    ],
)
def test_numbers_of_expressions_have_all_digits(expression):
    x, y = np.random.default_rng(0).uniform(size=(2, 64))
    found = torch_function(expression, ["x", "y"])(torch.tensor(x), torch.tensor(y))
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found.numpy(), lambdify([X, Y], expression)(x, y), rtol=4e-16, atol=4e-16)


def test_the_error_goes_below_what_float32_can_reach():
    errors = {}
    for dtype in (torch.float64, torch.float32):
        loop = Loop("natural gradients", "sum", dtype, neurons=1)
        loop.train(0, 15)
        errors[dtype] = loop.error()
    assert errors[torch.float64] < 1e-14
    assert errors[torch.float32] > 1e-8
