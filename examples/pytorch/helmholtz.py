"""The Helmholtz equation lap u + k^2 u = f on [-1, 1]^2 with u = 0 on the walls, in plain PyTorch: no Modulus.

python examples/pytorch/helmholtz.py
python examples/pytorch/helmholtz.py --loss sum --steps 2000 --compile
"""

import argparse
import math

import torch
from torch import nn
from torch.func import jvp

from modulus_relobralo import ReLoBRaLo

K = 1.0


def exact(points):
    """Return the solution, sin(pi x) sin(4 pi y); points are [n, 2], fields are [n, 1]."""
    x, y = points.split(1, dim=1)
    return torch.sin(math.pi * x) * torch.sin(4 * math.pi * y)


def source(points):
    return (K**2 - 17 * math.pi**2) * exact(points)


def second_derivative(function, points, axis):
    """Differentiate twice along an axis, forward over forward: cheaper than twice backward, and it compiles."""
    along = torch.zeros_like(points)
    along[:, axis] = 1.0
    return jvp(lambda at: jvp(function, (at,), (along,))[1], (points,), (along,))[1]


def points_on_walls(n):
    points = 2 * torch.rand(n, 2) - 1
    points[torch.arange(n), torch.randint(2, (n,))] = torch.randint(2, (n,)) * 2.0 - 1
    return points


def main(loss="relobralo", steps=10000, seed=0, compiled=False):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 128), nn.Tanh(), nn.Linear(128, 128), nn.Tanh(), nn.Linear(128, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.05 ** (1 / steps))
    balance = ReLoBRaLo(model.parameters(), num_losses=2) if loss == "relobralo" else lambda terms: sum(terms.values())

    def step(inside, walls):
        laplacian = sum(second_derivative(model, inside, axis) for axis in (0, 1))
        pde = (laplacian + K**2 * model(inside) - source(inside)).square().mean()
        terms = {"pde": pde, "walls": model(walls).square().mean()}
        balance(terms).backward()
        optimizer.step()
        optimizer.zero_grad()
        return {name: term.detach() for name, term in terms.items()}

    step = torch.compile(step) if compiled else step
    grid = torch.cartesian_prod(*(torch.linspace(-1, 1, 101),) * 2)
    for i in range(1, steps + 1):
        terms = step(2 * torch.rand(256, 2) - 1, points_on_walls(64))
        scheduler.step()
        if i % 1000 == 0 or i == steps:
            with torch.no_grad():
                error = float((model(grid) - exact(grid)).norm() / exact(grid).norm())
            shown = ", ".join(f"{name} {float(term):.3e}" for name, term in terms.items())
            print(f"step {i}: {shown}, relative L2 error of u {error:.3e}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loss", choices=("sum", "relobralo"), default="relobralo")
    parser.add_argument("--steps", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--compile", action="store_true", dest="compiled", help="by torch.compile, the whole step")
    main(**vars(parser.parse_args()))
