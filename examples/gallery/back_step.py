"""Flow over a step that leads downwards, at a viscosity of 0.01: PINNacle's NS 2d-CG.

At its end the flow goes straight on and has no pressure. (PINNacle asks for the pressure alone, which leaves v open.)

python examples/gallery/back_step.py
python examples/gallery/back_step.py --loop
"""

from run import run, stored
from sympy import Function, Symbol

from modulus_relobralo.problems import Polygon, Problem

x, y = Symbol("x"), Symbol("y")
u, v, p = (Function(name)(x, y) for name in "uvp")
VERTICES = {"bottom": (0, 0), "outlet": (4, 0), "top": (4, 2), "step": (2, 2), "ledge": (2, 1), "inlet": (0, 1)}


def momentum(velocity, along):
    friction = (velocity.diff(x, 2) + velocity.diff(y, 2)) / 100
    return u * velocity.diff(x) + v * velocity.diff(y) + p.diff(along) - friction


problem = Problem(
    Polygon(list(VERTICES.values()), names=list(VERTICES)),
    equations={"continuity": u.diff(x) + v.diff(y), "momentum_x": momentum(u, x), "momentum_y": momentum(v, y)},
    conditions={
        "inlet": {"u": 4 * y * (1 - y), "v": 0},
        "outlet": {"v": 0, "p": 0},
        "bottom, top, step, ledge": {"u": 0, "v": 0},
    },
)


def references():
    return (stored("back_step"),)


if __name__ == "__main__":
    run(problem, *references())
