"""An inverse problem: how well a bar conducts heat along its length, from measured temperatures.

The temperature u is measured, with noise, at 40 points. The conductivity k is known nowhere: a second network finds it.

python examples/gallery/conductivity.py
python examples/gallery/conductivity.py --loop
"""

import numpy as np
from run import exact, run
from sympy import Function, Symbol, lambdify, pi, sin

from modulus_relobralo.problems import Interval, Problem

x = Symbol("x")
u, k = Function("u")(x), Function("k")(x)
SENSORS, NOISE = np.linspace(0, 1, 40), 1e-3
temperature, conductivity = sin(pi * x), 1 + sin(2 * pi * x) / 2
source = -(conductivity * temperature.diff(x)).diff(x)
noise = NOISE * np.random.default_rng(0).normal(size=len(SENSORS))

problem = Problem(
    Interval(0, 1),
    equations={"diffusion": -(k * u.diff(x)).diff(x) - source},
    conditions={"left, right": {}},
    sensors={"x": SENSORS, "u": lambdify(x, temperature)(SENSORS) + noise},
)


def references():
    return (exact(problem, u=temperature, k=conductivity),)


if __name__ == "__main__":
    run(problem, *references())
