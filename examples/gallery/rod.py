"""A hot rod that cools: one end is kept cold, the other is insulated.

python examples/gallery/rod.py
python examples/gallery/rod.py --loop
"""

from run import exact, run
from sympy import Function, Symbol, exp, pi, sin

from modulus_relobralo.problems import Interval, Problem

x, t = Symbol("x"), Symbol("t")
T = Function("T")(x, t)
DIFFUSIVITY = 0.1
# two modes, each of which decays at a rate of its own
MODES = [(1, pi / 2), (0.5, 5 * pi / 2)]
solution = sum(size * sin(k * x) * exp(-DIFFUSIVITY * k**2 * t) for size, k in MODES)

problem = Problem(
    Interval(0, 1),
    time=(0, 1),
    equations={"heat": T.diff(t) - DIFFUSIVITY * T.diff(x, 2)},
    conditions={"left": {"T": 0}, "right": {"T__x": 0}},
    initial={"T": solution.subs(t, 0)},
)


def references():
    return (exact(problem, T=solution),)


if __name__ == "__main__":
    run(problem, *references())
