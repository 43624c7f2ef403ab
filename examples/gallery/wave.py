"""The wave equation, c = 2: two standing waves, of frequencies 1 and 4.

python examples/gallery/wave.py
python examples/gallery/wave.py --loop
"""

from run import exact, run
from sympy import Function, Symbol, cos, pi, sin

from modulus_relobralo.problems import Interval, Problem

x, t = Symbol("x"), Symbol("t")
u = Function("u")(x, t)
solution = sin(pi * x) * cos(2 * pi * t) + sin(4 * pi * x) * cos(8 * pi * t) / 2

problem = Problem(
    Interval(0, 1),
    time=(0, 1),
    equations={"wave": u.diff(t, 2) - 4 * u.diff(x, 2)},
    conditions={"left, right": {"u": 0}},
    initial={"u": solution.subs(t, 0), "u__t": 0},
)


def references():
    return (exact(problem, u=solution),)


if __name__ == "__main__":
    run(problem, *references())
