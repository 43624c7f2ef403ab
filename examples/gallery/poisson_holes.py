"""Laplace's equation in a square with four round holes, 1 on the square and 0 on the holes: PINNacle's Poisson 2d-C.

A flat field satisfies the equation: without balancing a network stays there.

python examples/gallery/poisson_holes.py
python examples/gallery/poisson_holes.py --loop
"""

from run import run, stored
from sympy import Function, Symbol

from modulus_relobralo.problems import Problem, Rectangle, WithHoles, circle

x, y = Symbol("x"), Symbol("y")
u = Function("u")(x, y)
CENTRES = {"a": (0.3, 0.3), "b": (-0.3, 0.3), "c": (0.3, -0.3), "d": (-0.3, -0.3)}

problem = Problem(
    WithHoles(
        Rectangle(1, 1, lower=(-0.5, -0.5)), {name: circle(0.1, center=centre) for name, centre in CENTRES.items()}
    ),
    equations={"laplace": u.diff(x, 2) + u.diff(y, 2)},
    conditions={"left, right, bottom, top": {"u": 1}, "a, b, c, d": {"u": 0}},
)


def references():
    return (stored("poisson_holes"),)


if __name__ == "__main__":
    run(problem, *references())
