"""Advection at a speed of 30 on a ring: in one unit of time the wave goes round almost five times.

python examples/gallery/advection.py
python examples/gallery/advection.py --loop
"""

from run import exact, run
from sympy import Function, Symbol, pi, sin

from modulus_relobralo.problems import Interval, Problem

x, t = Symbol("x"), Symbol("t")
u = Function("u")(x, t)
SPEED = 30
solution = sin(x - SPEED * t)

problem = Problem(
    Interval(0, float(2 * pi)),
    time=(0, 1),
    equations={"advection": u.diff(t) / SPEED + u.diff(x)},
    conditions={},
    initial={"u": sin(x)},
    periodic="left, right",
)


def references():
    return (exact(problem, u=solution),)


if __name__ == "__main__":
    run(problem, *references())
