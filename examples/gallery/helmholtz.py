"""The Helmholtz equation, k = 1: a standing wave of frequencies 1 and 4 on a square.

python examples/gallery/helmholtz.py
python examples/gallery/helmholtz.py --loop
"""

from run import exact, run

from modulus_relobralo.problems import HelmholtzRectangle, standing_wave

solution = standing_wave(m=1, n=4)
problem = HelmholtzRectangle.with_solution(2, 2, solution, k=1, lower=(-1, -1))


def references():
    return (exact(problem, u=solution),)


if __name__ == "__main__":
    run(problem, *references())
