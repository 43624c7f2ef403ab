"""The Allen-Cahn equation: two phases separate along thin fronts.

It is of period 2 and even, as its start is: so its slope vanishes at both ends.

python examples/gallery/allen_cahn.py
python examples/gallery/allen_cahn.py --loop
"""

from run import run, stored
from sympy import Function, Symbol, cos, pi

from modulus_relobralo.problems import Interval, Problem

x, t = Symbol("x"), Symbol("t")
u = Function("u")(x, t)

problem = Problem(
    Interval(-1, 1),
    time=(0, 1),
    equations={"allen_cahn": u.diff(t) - 1e-4 * u.diff(x, 2) + 5 * (u**3 - u)},
    conditions={"left, right": {"u__x": 0}},
    initial={"u": x**2 * cos(pi * x)},
)


def references():
    return (stored("allen_cahn"),)


if __name__ == "__main__":
    run(problem, *references())
