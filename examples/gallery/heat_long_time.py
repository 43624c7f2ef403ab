"""Heat with a source that grows on it and swings, over a long time: PINNacle's Heat 2d-LT.

python examples/gallery/heat_long_time.py
python examples/gallery/heat_long_time.py --loop
"""

from run import run, stored
from sympy import Function, Symbol, pi, sin

from modulus_relobralo.problems import Problem, Rectangle

x, y, t = Symbol("x"), Symbol("y"), Symbol("t")
u = Function("u")(x, y, t)
source = 5 * sin(u**2) * (1 + 2 * sin(pi * t / 4)) * sin(4 * pi * x) * sin(2 * pi * y)

problem = Problem(
    Rectangle(1, 1),
    time=(0, 100),
    equations={"heat": u.diff(t) - 0.001 * (u.diff(x, 2) + u.diff(y, 2)) - source},
    conditions={"edges": {"u": 0}},
    initial={"u": sin(4 * pi * x) * sin(3 * pi * y)},
)


def references():
    return (stored("heat_long_time"),)


if __name__ == "__main__":
    run(problem, *references())
