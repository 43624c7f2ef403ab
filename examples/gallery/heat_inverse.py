"""An inverse problem: how well each place of a square conducts heat, known on the edges alone: PINNacle's HInv.

The temperature u is measured at 2,500 points and times, with noise, and is known nowhere else.

python examples/gallery/heat_inverse.py
python examples/gallery/heat_inverse.py --loop
"""

import numpy as np
from run import exact, run
from sympy import Function, Symbol, exp, lambdify, pi, sin

from modulus_relobralo.problems import Problem, Rectangle

x, y, t = Symbol("x"), Symbol("y"), Symbol("t")
u, a = Function("u")(x, y, t), Function("a")(x, y)
SENSORS, NOISE = np.random.default_rng(0).uniform((-1, -1, 0), (1, 1, 1), (2500, 3)).T, 0.1
solution = {"u": exp(-t) * sin(pi * x) * sin(pi * y), "a": 2 + sin(pi * x) * sin(pi * y)}
noise = NOISE * np.random.default_rng(1).normal(size=SENSORS.shape[1])
change = u.diff(t) - (a * u.diff(x)).diff(x) - (a * u.diff(y)).diff(y)
source = change.subs({u: solution["u"], a: solution["a"]}).doit()

problem = Problem(
    Rectangle(2, 2, lower=(-1, -1)),
    time=(0, 1),
    equations={"heat": change - source},
    conditions={"edges": {"a": solution["a"]}},
    initial={"u": None},
    sensors={**dict(zip("xyt", SENSORS, strict=True)), "u": lambdify([x, y, t], solution["u"])(*SENSORS) + noise},
)


def references():
    return (exact(problem, n=41, times=6, **solution),)


if __name__ == "__main__":
    run(problem, *references())
