"""Burgers' equation: a wave steepens to a layer of width 0.01 / pi.

python examples/gallery/burgers.py
python examples/gallery/burgers.py --loop
"""

from run import run, stored
from sympy import Function, Symbol, pi, sin

from modulus_relobralo.problems import Interval, Problem

x, t = Symbol("x"), Symbol("t")
u = Function("u")(x, t)

problem = Problem(
    Interval(-1, 1),
    time=(0, 1),
    equations={"burgers": u.diff(t) + u * u.diff(x) - 0.01 / pi * u.diff(x, 2)},
    conditions={"left, right": {"u": 0}},
    initial={"u": -sin(pi * x)},
)


def references():
    return (stored("burgers"),)


if __name__ == "__main__":
    run(problem, *references())
