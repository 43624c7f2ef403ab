"""Heat through a wall of two materials, of which one conducts fifty times as well.

Each material has a temperature of its own. They meet with one temperature and one flux.

python examples/gallery/wall.py
python examples/gallery/wall.py --loop
"""

from run import exact, run
from sympy import Function, Symbol, cos, cosh, coth, pi, sinh

from modulus_relobralo.problems import Composite, Problem, Rectangle

x, y = Symbol("x"), Symbol("y")
hot, cold = Function("T_hot")(x, y), Function("T_cold")(x, y)
CONDUCTIVITY = {"hot": 1, "cold": 0.02}

# one temperature and one flux at the interface, for the mean over y and for the cosine
ratio = CONDUCTIVITY["cold"] / CONDUCTIVITY["hot"]
drop, wave = 2 / (1 + ratio), 1 / ((1 + ratio) * sinh(pi))
solution_hot = 1 - ratio * drop * x + (cosh(pi * x) / 2 + (wave - coth(pi / 2) / 2) * sinh(pi * x)) * cos(pi * y)
solution_cold = drop * (1 - x) + wave * sinh(pi * (1 - x)) * cos(pi * y)

problem = Problem(
    Composite({"hot": Rectangle(0.5, 1), "cold": Rectangle(0.5, 1, lower=(0.5, 0))}),
    equations={
        "heat_hot": hot.diff(x, 2) + hot.diff(y, 2),
        "heat_cold": cold.diff(x, 2) + cold.diff(y, 2),
    },
    inside={"hot": ["heat_hot"], "cold": ["heat_cold"]},
    conditions={
        "hot_left": {"T_hot": 1 + cos(pi * y) / 2},
        "hot_bottom, hot_top": {"T_hot__y": 0},
        "cold_right": {"T_cold": 0},
        "cold_bottom, cold_top": {"T_cold__y": 0},
        "hot_cold": {
            "temperature": hot - cold,
            "flux": CONDUCTIVITY["hot"] * hot.diff(x) - CONDUCTIVITY["cold"] * cold.diff(x),
        },
    },
)


def references():
    return exact(problem, region="hot", T_hot=solution_hot), exact(problem, region="cold", T_cold=solution_cold)


if __name__ == "__main__":
    run(problem, *references())
