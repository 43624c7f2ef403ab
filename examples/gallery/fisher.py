"""Fisher's equation: a population grows and spreads, in a wave that travels at a speed of 5 / sqrt(6).

python examples/gallery/fisher.py
python examples/gallery/fisher.py --loop
"""

from run import exact, run
from sympy import Function, Symbol, exp, sqrt

from modulus_relobralo.problems import Interval, Problem

x, t = Symbol("x"), Symbol("t")
u = Function("u")(x, t)
solution = (1 + exp((x - 5 * t / sqrt(6)) / sqrt(6))) ** -2

problem = Problem(
    Interval(-5, 15),
    time=(0, 2),
    equations={"fisher": u.diff(t) - u.diff(x, 2) - u * (1 - u)},
    conditions={"left, right": {"u": solution}},
    initial={"u": solution.subs(t, 0)},
)


def references():
    return (exact(problem, u=solution),)


if __name__ == "__main__":
    run(problem, *references())
