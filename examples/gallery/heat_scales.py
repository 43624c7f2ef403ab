"""Heat in a square, of which the waves are twenty times shorter along x than along y: PINNacle's Heat 2d-MS.

python examples/gallery/heat_scales.py
python examples/gallery/heat_scales.py --loop
"""

from run import exact, run
from sympy import Function, Symbol, exp, pi, sin

from modulus_relobralo.problems import Problem, Rectangle

x, y, t = Symbol("x"), Symbol("y"), Symbol("t")
u = Function("u")(x, y, t)
ALONG_X, ALONG_Y = 1 / (500 * pi) ** 2, 1 / pi**2
solution = sin(20 * pi * x) * sin(pi * y) * exp(-(ALONG_X * (20 * pi) ** 2 + ALONG_Y * pi**2) * t)

problem = Problem(
    Rectangle(1, 1),
    time=(0, 5),
    equations={"heat": u.diff(t) - ALONG_X * u.diff(x, 2) - ALONG_Y * u.diff(y, 2)},
    conditions={"edges": {"u": 0}},
    initial={"u": solution.subs(t, 0)},
)


def references():
    return (exact(problem, n=81, times=6, u=solution),)


if __name__ == "__main__":
    run(problem, *references())
