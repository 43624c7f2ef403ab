"""Deflections and moments of the textbook, coded from it: Timoshenko and Woinowsky-Krieger, 2nd edition, 1959."""

import numpy as np
from sympy import Expr, log

ODD = np.arange(1, 120, 2)


def clamped_circle(radius, D, nu, q):
    """Article 17, (62) to (64): middle, and moment at the edge."""
    return {"w": q * radius**4 / (64 * D), "M_x": q * radius**2 * (1 + nu) / 16, "M_n": -q * radius**2 / 8}


def supported_circle(radius, D, nu, q):
    """Article 17, (68) and (69): middle."""
    return {"w": (5 + nu) * q * radius**4 / (64 * (1 + nu) * D), "M_x": (3 + nu) * q * radius**2 / 16}


def clamped_ellipse(a, b, D, nu, q):
    """Article 72: w = w0 (1 - x^2/a^2 - y^2/b^2)^2."""
    w = q / (D * (24 / a**4 + 24 / b**4 + 16 / (a * b) ** 2))
    return {"w": w, "M_x": 4 * w * D * (1 / a**2 + nu / b**2), "M_y": 4 * w * D * (1 / b**2 + nu / a**2)}


def supported_triangle(side, D, nu, q):
    """Article 71: the middle of an equilateral triangle."""
    height = side * 3**0.5 / 2
    return {"w": q * height**4 / (972 * D), "M_x": (1 + nu) * q * height**2 / 54}


def ring(outer, inner, D, nu, q, r):
    """Article 18: simply supported outside and free inside, from the general solution (62) of a circular plate."""

    def terms(r):
        """Return slope, M_r and Q_r of r^2, ln r, r^2 ln r and the load's r^4 / 64, all times D, one column each."""
        of_r = np.log(r)
        first = np.array([2 * r, 1 / r, r * (2 * of_r + 1), q * r**3 / 16])
        second = np.array([2, -1 / r**2, 2 * of_r + 3, 3 * q * r**2 / 16])
        third = np.array([0, 2 / r**3, 2 / r, 3 * q * r / 8])
        return first, -(second + nu * first / r), -(third + second / r - first / r**2)

    rows = [terms(outer)[1], terms(inner)[1], terms(inner)[2]]
    matrix = np.array([row[:3] for row in rows])
    coefficients = np.linalg.solve(matrix, -np.array([row[3] for row in rows]))

    def deflection(r):
        c_2, c_log, c_2_log = (float(c) for c in coefficients)
        return c_2 * r**2 + c_log * log(r) + c_2_log * r**2 * log(r) + q * r**4 / 64

    # Of a symbol r the moment is left out, for a number it is one.
    moment = {} if isinstance(r, Expr) else {"M_x": terms(r)[1] @ [*coefficients, 1]}
    w = (deflection(r) - deflection(outer)) / D
    return {"w": w if isinstance(r, Expr) else float(w), **moment}


def levy(a, b, D, nu, q, held):
    """Articles 42 and 48: edges x = 0, a simply supported, y = -b/2, b/2 clamped or free; the middle, and M_y there."""
    total = {"w": 0.0, "M_x": 0.0, "M_y": 0.0}
    for m in ODD[:12]:
        k = m * np.pi / a
        top = k * b / 2
        sign = np.sin(m * np.pi / 2)
        load = 4 * q / (np.pi * m) / (D * k**4)
        cosh, sinh = np.cosh(top), np.sinh(top)
        # Y = load + A cosh + B k y sinh, with its derivatives by k y at the edge.
        A = np.array([cosh, sinh, cosh, sinh])
        B = np.array([top * sinh, sinh + top * cosh, 2 * cosh + top * sinh, 3 * sinh + top * cosh])
        rows, right = {
            "clamped": ([(A[0], B[0]), (A[1], B[1])], [-load, 0]),
            "free": (
                [(A[2] - nu * A[0], B[2] - nu * B[0]), (A[3] - (2 - nu) * A[1], B[3] - (2 - nu) * B[1])],
                [nu * load, 0],
            ),
        }[held]
        c_A, c_B = np.linalg.solve(np.array(rows), np.array(right, dtype=float))
        middle, second = load + c_A, c_A + 2 * c_B
        total["w"] += middle * sign
        total["M_x"] += D * k**2 * (middle - nu * second) * sign
        total["M_y"] += D * k**2 * (nu * middle - second) * sign
    return total


def navier(a, b, load, stiffness, nu_x=0.0, nu_y=0.0, moments=(1.0, 1.0)):
    """Articles 28, 59 and 86: the middle of a simply supported rectangle under sum load(m, n) sin sin.

    ``stiffness(k, h)`` is what the amplitude of a wave times it makes of load, ``moments`` D_x and D_y.
    """
    total = {"w": 0.0, "M_x": 0.0, "M_y": 0.0}
    for m in ODD:
        for n in ODD:
            k, h = m * np.pi / a, n * np.pi / b
            amplitude = load(m, n) / stiffness(k, h) * np.sin(m * np.pi / 2) * np.sin(n * np.pi / 2)
            total["w"] += amplitude
            total["M_x"] += amplitude * (moments[0] * k**2 + nu_x * h**2)
            total["M_y"] += amplitude * (moments[1] * h**2 + nu_y * k**2)
    return total


def uniform(q):
    """Article 28: the sine coefficients of a uniform load."""
    return lambda m, n: 16 * q / (np.pi**2 * m * n)


def rising(q):
    """Article 29: those of q x / a, of odd waves in y; even waves in x are nothing in the middle."""
    return lambda m, n: 8 * q / (np.pi**2 * m * n)


def patch(q, a, b, u, v):
    """Article 33: those of a load on u x v in the middle of a x b, of odd waves."""

    def load(m, n):
        there = np.sin(m * np.pi / 2) * np.sin(n * np.pi / 2)
        return 16 * q / (np.pi**2 * m * n) * there * np.sin(m * np.pi * u / (2 * a)) * np.sin(n * np.pi * v / (2 * b))

    return load
