"""An inverse problem: the Reynolds number of a flow, from velocities at 50 points.

Kovasznay's flow behind a grid, of which neither the velocity at the edges nor the pressure is known.

python examples/gallery/reynolds.py
python examples/gallery/reynolds.py --loop
"""

import numpy as np
from run import exact, run
from sympy import Function, Symbol, cos, exp, lambdify, pi, sin, sqrt

from modulus_relobralo.problems import Problem, Rectangle

x, y, friction = Symbol("x"), Symbol("y"), Symbol("friction")
u, v, p = (Function(name)(x, y) for name in "uvp")
REYNOLDS, SENSORS = 40, np.random.default_rng(0).uniform((-0.5, -0.5), (1, 1.5), (50, 2)).T
decay = REYNOLDS / 2 - sqrt(REYNOLDS**2 / 4 + 4 * pi**2)
solution = {
    "u": 1 - exp(decay * x) * cos(2 * pi * y),
    "v": decay / (2 * pi) * exp(decay * x) * sin(2 * pi * y),
}


def momentum(velocity, along):
    diffusion = friction * (velocity.diff(x, 2) + velocity.diff(y, 2))
    return u * velocity.diff(x) + v * velocity.diff(y) + p.diff(along) - diffusion


problem = Problem(
    Rectangle(1.5, 2, lower=(-0.5, -0.5)),
    equations={
        "continuity": u.diff(x) + v.diff(y),
        "momentum_x": momentum(u, x),
        "momentum_y": momentum(v, y),
    },
    conditions={"edges": {}},
    sensors={
        "x": SENSORS[0],
        "y": SENSORS[1],
        **{name: lambdify([x, y], value)(*SENSORS) for name, value in solution.items()},
    },
    unknown={"friction": 0.1},
)


def references():
    return (exact(problem, **solution),)


if __name__ == "__main__":
    run(problem, *references())
