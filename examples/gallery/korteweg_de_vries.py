"""The Korteweg-de Vries equation: a cosine breaks up into a train of solitons. Of third order, on a ring.

python examples/gallery/korteweg_de_vries.py
python examples/gallery/korteweg_de_vries.py --loop
"""

from run import run, stored
from sympy import Function, Symbol, cos, pi

from modulus_relobralo.problems import Interval, Problem

x, t = Symbol("x"), Symbol("t")
u = Function("u")(x, t)

problem = Problem(
    Interval(-1, 1),
    time=(0, 1),
    equations={"korteweg_de_vries": u.diff(t) + u * u.diff(x) + 0.0025 * u.diff(x, 3)},
    conditions={},
    initial={"u": cos(pi * x)},
    periodic="left, right",
)


def references():
    return (stored("korteweg_de_vries"),)


if __name__ == "__main__":
    run(problem, *references())
