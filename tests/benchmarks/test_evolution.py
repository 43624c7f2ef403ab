import numpy as np
import pytest
from scipy.integrate import solve_ivp

from benchmarks.references import evolution


def spectral(u, order):
    """The derivative of a function of period 2 at even points."""
    wave = 1j * 2 * np.pi * np.fft.rfftfreq(len(u), 2 / len(u))
    return np.fft.irfft(wave**order * np.fft.rfft(u), len(u))


def lines(right, u, until):
    """The method of lines: another way to the same solutions."""
    found = solve_ivp(lambda _, u: right(u), (0, until), u, method="LSODA", rtol=1e-10, atol=1e-12)
    return found.y[:, -1]


def test_burgers_is_that_of_the_method_of_lines():
    x = np.linspace(-1, 1, 256, endpoint=False)
    expected = lines(lambda u: 0.05 * spectral(u, 2) - u * spectral(u, 1), -np.sin(np.pi * x), 0.4)
    found = evolution.burgers(x, np.full_like(x, 0.4), viscosity=0.05)
    assert np.abs(found - expected).max() < 1e-7
    assert np.abs(evolution.burgers(x, np.full_like(x, 0.4), viscosity=0.06) - expected).max() > 1e-3


def test_burgers_of_the_benchmark_starts_and_ends_as_it_should_and_has_enough_nodes():
    x, t = np.meshgrid(np.linspace(-1, 1, 101), np.linspace(0, 1, 51))
    u = evolution.burgers(x, t)
    assert np.abs(u[0] + np.sin(np.pi * x[0])).max() < 1e-12
    assert np.abs(u[:, [0, -1]]).max() < 1e-12
    assert np.abs(u - evolution.burgers(x, t, nodes=300)).max() < 1e-9
    # -152.00516 is the published slope at the shock (Basdevant et al. 1986), at t = 1.6037 / pi.
    near = np.array([-1e-6, 1e-6])
    slope = np.diff(evolution.burgers(near, np.full(2, 1.6037 / np.pi)))[0] / 2e-6
    assert slope == pytest.approx(-152.00516, rel=1e-4)


def test_allen_cahn_is_that_of_the_method_of_lines_and_has_enough_steps():
    x, t, u = evolution.allen_cahn(snapshots=11, points=256, steps=4000)
    expected = lines(lambda v: 1e-4 * spectral(v, 2) + 5 * (v - v**3), u[0], 0.5)
    assert t[5] == 0.5
    assert np.abs(u[5] - expected).max() < 1e-5
    assert np.abs(u[4] - expected).max() > 1e-2
    assert x[0] == -1


def test_allen_cahn_of_the_benchmark_has_enough_points_and_steps():
    _, _, u = evolution.allen_cahn(snapshots=11)
    for other, bar in (({"points": 8192}, 5e-7), ({"steps": 4000}, 1e-8)):
        _, _, finer = evolution.allen_cahn(snapshots=11, **other)
        finer = finer[:, :: finer.shape[1] // 4096]
        assert np.linalg.norm(finer - u) < bar * np.linalg.norm(u)
    _, _, coarse = evolution.allen_cahn(snapshots=11, points=512)
    assert np.linalg.norm(coarse - u[:, ::8]) > 2e-6 * np.linalg.norm(coarse)
