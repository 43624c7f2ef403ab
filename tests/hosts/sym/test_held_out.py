"""Residuals at points of their own, against residuals that are known."""

import numpy as np
import pytest
from sympy import Function, Symbol

pytestmark = pytest.mark.host


class Writer(list):
    def add_scalar(self, tag, value, step, new_style=False):
        self.append((tag, float(value), step))


@pytest.mark.parametrize("factor", [0.0, 2.0])
def test_the_root_mean_square_of_a_residual(factor, tmp_path):
    from modulus_relobralo.hosts.sym import Node, Rectangle, residual_monitor

    x, y = Symbol("x"), Symbol("y")
    u = Function("u")(x, y)
    nodes = [
        Node.from_sympy(x**2 + y**2, "u"),
        # 4 - 4 + factor x, and 4 + y.
        Node.from_sympy(u.diff(x, 2) + u.diff(y, 2) - 4 + factor * x, "pde"),
        Node.from_sympy(u.diff(x, 2) + u.diff(y, 2) + y, "other"),
    ]
    points = Rectangle((0, 0), (1, 1)).sample_interior(50)
    writer = Writer()
    monitor = residual_monitor(nodes, points, ["pde", "other"])
    monitor.save_results("residuals", writer, 7, f"{tmp_path}/")
    assert writer == [
        ("Monitors/residuals/pde", pytest.approx(factor * np.sqrt(np.mean(points["x"] ** 2)), rel=1e-5, abs=1e-6), 7),
        ("Monitors/residuals/other", pytest.approx(np.sqrt(np.mean((4 + points["y"]) ** 2)), rel=1e-5), 7),
    ]
