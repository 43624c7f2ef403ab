"""Flow in a square cavity under a sliding lid, at a Reynolds number of 100.

The lid slides fastest in its middle, so that the velocity does not jump in the corners.

python examples/gallery/cavity.py
python examples/gallery/cavity.py --loop
"""

from run import run, stored
from sympy import Function, Symbol

from modulus_relobralo.problems import Problem, Rectangle

x, y = Symbol("x"), Symbol("y")
u, v, p = (Function(name)(x, y) for name in "uvp")
REYNOLDS = 100


def momentum(velocity, along):
    friction = (velocity.diff(x, 2) + velocity.diff(y, 2)) / REYNOLDS
    return u * velocity.diff(x) + v * velocity.diff(y) + p.diff(along) - friction


problem = Problem(
    Rectangle(1, 1),
    equations={
        "continuity": u.diff(x) + v.diff(y),
        "momentum_x": momentum(u, x),
        "momentum_y": momentum(v, y),
    },
    conditions={"left, right, bottom": {"u": 0, "v": 0}, "top": {"u": 4 * x * (1 - x), "v": 0}},
)


def references():
    return (stored("cavity"),)


if __name__ == "__main__":
    run(problem, *references())
