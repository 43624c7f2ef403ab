"""An inverse problem: the coefficient of a Poisson equation, known on the edges alone: PINNacle's PInv.

The field u is measured at 2,500 points, with noise of a tenth of its size, and is known nowhere else. The source is
that of the solution: PINNacle's has 2 x + 1 and 2 y + 1 where the solution wants 2 x - 1 and 2 y - 1.

python examples/gallery/poisson_inverse.py
python examples/gallery/poisson_inverse.py --loop
"""

import numpy as np
from run import exact, run
from sympy import Function, Symbol, lambdify, pi, sin

from modulus_relobralo.problems import Problem, Rectangle

x, y = Symbol("x"), Symbol("y")
u, a = Function("u")(x, y), Function("a")(x, y)
SENSORS, NOISE = np.reshape(np.meshgrid(*[np.linspace(0, 1, 50)] * 2), (2, -1)), 0.1
solution = {"u": sin(pi * x) * sin(pi * y), "a": 1 / (1 + x**2 + y**2 + (x - 1) ** 2 + (y - 1) ** 2)}
noise = NOISE * np.random.default_rng(0).normal(size=SENSORS.shape[1])
flow = (a * u.diff(x)).diff(x) + (a * u.diff(y)).diff(y)
source = -flow.subs({u: solution["u"], a: solution["a"]}).doit()

problem = Problem(
    Rectangle(1, 1),
    equations={"poisson": flow + source},
    conditions={"edges": {"a": solution["a"]}},
    sensors={"x": SENSORS[0], "y": SENSORS[1], "u": lambdify([x, y], solution["u"])(*SENSORS) + noise},
)


def references():
    return (exact(problem, **solution),)


if __name__ == "__main__":
    run(problem, *references())
