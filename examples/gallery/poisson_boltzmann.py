"""The Poisson-Boltzmann equation, k = 8, in a square with four unequal round holes: PINNacle's Poisson 2d-CG.

python examples/gallery/poisson_boltzmann.py
python examples/gallery/poisson_boltzmann.py --loop
"""

from run import run, stored
from sympy import Function, Symbol, pi, sin

from modulus_relobralo.problems import Problem, Rectangle, WithHoles, circle

x, y = Symbol("x"), Symbol("y")
u = Function("u")(x, y)
HOLES = {
    "a": circle(0.2, center=(0.5, 0.5)),
    "b": circle(0.4, center=(0.4, -0.4)),
    "c": circle(0.1, center=(-0.2, -0.7)),
    "d": circle(0.3, center=(-0.6, 0.5)),
}
source = 10 * (17 + x**2 + y**2) * sin(pi * x) * sin(4 * pi * y)

problem = Problem(
    WithHoles(Rectangle(2, 2, lower=(-1, -1)), HOLES),
    equations={"poisson_boltzmann": -u.diff(x, 2) - u.diff(y, 2) + 64 * u - source},
    conditions={"left, right, bottom, top": {"u": 0.2}, "a, b, c, d": {"u": 1}},
)


def references():
    return (stored("poisson_boltzmann"),)


if __name__ == "__main__":
    run(problem, *references())
