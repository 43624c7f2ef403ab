"""The Kuramoto-Sivashinsky equation, of fourth order, on a ring: a flame front on its way to chaos.

python examples/gallery/kuramoto_sivashinsky.py
python examples/gallery/kuramoto_sivashinsky.py --loop
"""

from run import run, stored
from sympy import Function, Rational, Symbol, cos, pi, sin

from modulus_relobralo.problems import Interval, Problem

x, t = Symbol("x"), Symbol("t")
u = Function("u")(x, t)
change = Rational(100, 16) * u * u.diff(x) + Rational(100, 16**2) * u.diff(x, 2) + Rational(100, 16**4) * u.diff(x, 4)

problem = Problem(
    Interval(0, float(2 * pi)),
    time=(0, 0.5),
    equations={"kuramoto_sivashinsky": u.diff(t) + change},
    conditions={},
    initial={"u": cos(x) * (1 + sin(x))},
    periodic="left, right",
)


def references():
    return (stored("kuramoto_sivashinsky"),)


if __name__ == "__main__":
    run(problem, *references())
