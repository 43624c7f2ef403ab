"""A vibrating beam on two supports: u_tt + u_xxxx = 0, of fourth order.

python examples/gallery/beam.py
python examples/gallery/beam.py --loop
"""

from run import exact, run
from sympy import Function, Symbol, cos, pi, sin

from modulus_relobralo.problems import Interval, Problem

x, t = Symbol("x"), Symbol("t")
u = Function("u")(x, t)
solution = sin(pi * x) * cos(pi**2 * t)

problem = Problem(
    Interval(0, 1),
    time=(0, 1),
    equations={"beam": u.diff(t, 2) + u.diff(x, 4)},
    conditions={"left, right": {"u": 0, "u__x__x": 0}},
    initial={"u": solution.subs(t, 0), "u__t": 0},
)


def references():
    return (exact(problem, u=solution),)


if __name__ == "__main__":
    run(problem, *references())
