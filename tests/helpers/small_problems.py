"""A small problem of a differential equation, and the dense oracle of what natural gradients do with it.

The oracle knows the residuals as one function of one vector of parameters, its Jacobian by `torch.func.jacrev`, whole,
and solves for the step in the space of the parameters.
"""

import torch
from torch import nn
from torch.func import functional_call, jacrev, jvp

from modulus_relobralo.optimizers import Pointwise


class Equation(nn.Module):
    """laplacian(u) + k u = 1 with an unknown coefficient k, by forward mode, and du/dx beside it."""

    def __init__(self, net):
        super().__init__()
        self.net, self.k = net, nn.Parameter(torch.tensor(0.7, dtype=torch.float64))

    def forward(self, x):
        along = [torch.zeros_like(x).index_fill(1, torch.tensor(i), 1.0) for i in range(2)]

        def slope(x, d):
            return jvp(self.net, (x,), (d,))[1]

        second = [jvp(lambda x, d=d: slope(x, d), (x,), (d,))[1] for d in along]
        return {"equation": (sum(second) + self.k * self.net(x))[:, 0] - 1, "slope": slope(x, along[0])}


class NestedEquation(Equation):
    """The same by nested reverse mode."""

    def forward(self, x):
        u = self.net(x)
        first = torch.autograd.grad(u.sum(), x, create_graph=True)[0]
        second = [torch.autograd.grad(first[:, i].sum(), x, create_graph=True)[0][:, i] for i in range(2)]
        return {"equation": sum(second) + self.k * u[:, 0] - 1, "slope": first[:, :1]}


class Walls(nn.Module):
    """u at the walls."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x, shift):
        return {"u": self.net(x) + shift}


class Small:
    """Three loss terms over two batches of points on a network of 51 parameters, and k."""

    def __init__(self, nested=False, points=6, dtype=torch.float64):
        torch.manual_seed(3)
        self.net = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 5), nn.Tanh(), nn.Linear(5, 1)).double()
        self.equation, self.walls = (NestedEquation if nested else Equation)(self.net), Walls(self.net)
        self.x, self.wall = (torch.rand(n, 2, dtype=torch.float64) for n in (points, 4))
        self.shift = torch.rand(4, 1, dtype=torch.float64)
        self.area, self.target = torch.rand(points, 1).double(), torch.rand(4).double()
        self.modules = nn.ModuleList([self.equation, self.walls]).to(dtype)
        self.nested = nested

    @property
    def parameters(self):
        return list(self.modules.parameters())

    def batches(self, order=None):
        order = torch.arange(len(self.x)) if order is None else order
        weights = {"equation": self.area[order], "slope": 0.1}
        return [
            Pointwise(self.equation, [self.x[order]], weights, nested=self.nested),
            Pointwise(self.walls, [self.wall, self.shift], {"u": 0.25}, {"u": self.target}),
        ]

    def flat(self):
        return torch.cat([p.detach().double().reshape(-1) for p in self.parameters])

    def rows(self, flat, factors=(1.0, 1.0, 1.0)):
        """The oracle's rows as a function of all parameters; `factors` are the weights of the loss terms."""
        parts = flat.split([p.numel() for p in self.parameters])
        named = {n: t.view_as(p) for (n, p), t in zip(self.modules.named_parameters(), parts, strict=True)}

        def call(i, *inputs):
            sub = {n.removeprefix(f"{i}."): t for n, t in named.items() if n.startswith(f"{i}.")}
            sub |= {n.removeprefix("0."): t for n, t in named.items() if n.startswith("0.net")}
            return functional_call(self.modules[i], sub, inputs)

        inside, walls = call(0, self.x), call(1, self.wall, self.shift)
        a, b, c = (weight**0.5 for weight in factors)
        return torch.cat(
            [
                a * self.area[:, 0].sqrt() * inside["equation"].reshape(-1),
                b * 0.1**0.5 * inside["slope"].reshape(-1),
                c * 0.5 * (walls["u"].reshape(-1) - self.target),
            ]
        )


def dense_step(rows, flat, damping, momentum=0.0, last=None, rate=1.0):
    """Return the step's direction by the definition: normal equations, and r'' by the same finite difference."""
    jacobian, r = jacrev(rows)(flat), rows(flat)
    last = torch.zeros_like(flat) if last is None else last
    level = damping * jacobian.square().sum() / len(r)
    normal = jacobian.T @ jacobian + level * torch.eye(len(flat), dtype=flat.dtype)
    velocity = momentum * last + torch.linalg.solve(normal, jacobian.T @ (r - momentum * jacobian @ last))
    second = 2 / 0.1 * ((rows(flat - 0.1 * velocity) - r) / 0.1 + jacobian @ velocity)
    acceleration = torch.linalg.solve(normal, jacobian.T @ second)
    return velocity + rate / 2 * acceleration if acceleration.norm() <= 0.75 * velocity.norm() else velocity
