"""Heat in a rectangle with seventeen round holes that warm it: PINNacle's Heat 2d-CG.

python examples/gallery/heat_holes.py
python examples/gallery/heat_holes.py --loop
"""

from run import run, stored
from sympy import Function, Symbol

from modulus_relobralo.problems import Problem, Rectangle, WithHoles, circle

x, y, t, normal_x, normal_y = map(Symbol, ("x", "y", "t", "normal_x", "normal_y"))
u = Function("u")(x, y, t)
BIG = [(a, b) for a in (-4, 4) for b in (-9, -3, 3, 9)] + [(0, b) for b in (-6, 0, 6)]
SMALL = [(a, b) for a in (-3.2, 3.2) for b in (-6, 0, 6)]
big = {f"big_{i}": circle(1, center=centre) for i, centre in enumerate(BIG)}
small = {f"small_{i}": circle(0.4, center=centre) for i, centre in enumerate(SMALL)}
outward = u.diff(x) * normal_x + u.diff(y) * normal_y

problem = Problem(
    WithHoles(Rectangle(16, 24, lower=(-8, -12)), {**big, **small}),
    time=(0, 3),
    equations={"heat": u.diff(t) - u.diff(x, 2) - u.diff(y, 2)},
    conditions={
        "left, right, bottom, top": {"wall": outward + u - 0.1},
        ", ".join(big): {"warm": outward + u - 5},
        ", ".join(small): {"mild": outward + u - 1},
    },
    initial={"u": 0},
)


def references():
    return (stored("heat_holes"),)


if __name__ == "__main__":
    run(problem, *references())
