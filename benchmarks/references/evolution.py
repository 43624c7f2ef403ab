"""Solutions of evolution equations that networks are held against: an integral, spectral methods, a sum."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dstn, idstn
from scipy.special import roots_hermite

Array = NDArray[np.float64]


def burgers(x: Array, t: Array, viscosity: float = 0.01 / np.pi, nodes: int = 200) -> Array:
    """Return u with u_t + u u_x = viscosity u_xx from -sin(pi x), zero at -1 and 1, at points of any one shape.

    The transformation of Cole and Hopf makes it a quotient of two integrals over a Gaussian (Basdevant et al., Comput.
    Fluids 1986), here by Gauss and Hermite.
    """
    places, weights = roots_hermite(nodes)
    away = x[..., None] - np.sqrt(4 * viscosity * t[..., None]) * places
    exponent = -np.cos(np.pi * away) / (2 * np.pi * viscosity)
    each = np.exp(exponent - exponent.max(axis=-1, keepdims=True)) * weights
    return -(np.sin(np.pi * away) * each).sum(axis=-1) / each.sum(axis=-1)


def allen_cahn(snapshots: int = 51, points: int = 4096, steps: int = 2000) -> tuple[Array, Array, Array]:
    """Return x, [points], t, [snapshots], and u, [snapshots, points], with u_t = 1e-4 u_xx + 5 (u - u^3), of period 2.

    From x^2 cos(pi x) on [-1, 1]. Strang's splitting: diffusion by a Fourier series, the reaction in closed form. Once
    repeated the start has a kink, at -1, so that many points are needed: with half of them the relative L2 error is
    1e-6.
    """
    x, t = np.linspace(-1, 1, points, endpoint=False), np.linspace(0, 1, snapshots)
    u, wave, dt = x**2 * np.cos(np.pi * x), 2 * np.pi * np.fft.rfftfreq(points, 2 / points), 1 / steps
    half, growth = np.exp(-1e-4 * wave**2 * dt / 2), np.exp(10 * dt)
    found = [u]
    for step in range(1, steps + 1):
        u = np.fft.irfft(half * np.fft.rfft(u), points)
        u = u * np.sqrt(growth) / np.sqrt(1 + u**2 * (growth - 1))
        u = np.fft.irfft(half * np.fft.rfft(u), points)
        if step % (steps // (snapshots - 1)) == 0:
            found.append(u)
    return x, t, np.array(found)


def korteweg_de_vries(snapshots: int = 101, points: int = 512, steps: int = 20_000) -> tuple[Array, Array, Array]:
    """Return x, t and u, [snapshots, points], with u_t + u u_x + 0.0025 u_xxx = 0, of period 2, from cos(pi x)."""
    wave = 1j * np.pi * np.fft.rfftfreq(points, 1 / points)
    x, t = np.linspace(-1, 1, points, endpoint=False), np.linspace(0, 1, snapshots)
    return x, t, _periodic(np.cos(np.pi * x), -0.0025 * wave**3, lambda u: -wave * np.fft.rfft(u**2) / 2, t, steps)


def kuramoto_sivashinsky(
    end: float = 0.5, snapshots: int = 101, points: int = 512, steps: int = 20_000
) -> tuple[Array, Array, Array]:
    """Return x, t and u, [snapshots, points], with u_t + 6.25 u u_x + 0.390625 u_xx + 0.00152587890625 u_xxxx = 0.

    Of period 2 pi, from cos(x) (1 + sin(x)). The coefficients are 100 / 16, 100 / 16^2 and 100 / 16^4.
    """
    wave = 1j * np.fft.rfftfreq(points, 1 / points)
    x, t = np.linspace(0, 2 * np.pi, points, endpoint=False), np.linspace(0, end, snapshots)
    linear = -100 / 16**2 * wave**2 - 100 / 16**4 * wave**4
    return (
        x,
        t,
        _periodic(np.cos(x) * (1 + np.sin(x)), linear, lambda u: -100 / 16 * wave * np.fft.rfft(u**2) / 2, t, steps),
    )


def heat_long_time(
    end: float = 100, snapshots: int = 501, points: tuple[int, int] = (32, 128), steps: int = 10_000
) -> tuple[Array, Callable[[Array, Array], Array]]:
    """Return t and u(x, y), [snapshots, points], of PINNacle's Heat 2d-LT.

    u_t = 0.001 (u_xx + u_yy) + 5 sin(u^2) (1 + 2 sin(pi t / 4)) sin(4 pi x) sin(2 pi y) in [0, 1]^2, zero on the edges,
    from sin(4 pi x) sin(3 pi y). By sine series along x and y, which all of it keeps to, those along x of the fourth
    part, since u is odd about x = 1/4; in time by the Runge-Kutta method of fourth order with diffusion in closed form.
    """
    waves = 4 * np.pi * np.arange(1, points[0])[:, None], np.pi * np.arange(1, points[1])
    x, y = np.arange(1, points[0])[:, None] / (4 * points[0]), np.arange(1, points[1]) / points[1]
    dt, source = end / steps, 5 * np.sin(4 * np.pi * x) * np.sin(2 * np.pi * y)
    half = np.exp(-0.001 * (waves[0] ** 2 + waves[1] ** 2) * dt / 2)

    def spread(u: Array) -> Array:
        return idstn(half * dstn(u, 1), 1)

    def slope(t: float, u: Array) -> Array:
        return (1 + 2 * np.sin(np.pi * t / 4)) * source * np.sin(u**2)

    u = np.sin(4 * np.pi * x) * np.sin(3 * np.pi * y)
    found = [u]
    for step in range(1, steps + 1):
        t = (step - 1) * dt
        first, middle = slope(t, u), spread(u)
        second = slope(t + dt / 2, spread(u + dt / 2 * first))
        third = slope(t + dt / 2, middle + dt / 2 * second)
        fourth = slope(t + dt, spread(middle + dt * third))
        u = spread(spread(u + dt / 6 * first) + dt / 3 * (second + third)) + dt / 6 * fourth
        if step % (steps // (snapshots - 1)) == 0:
            found.append(u)
    factors = dstn(np.array(found), 1, axes=(1, 2)) / (points[0] * points[1])

    def at(x: Array, y: Array) -> Array:
        along_x, along_y = np.sin(waves[0] * x), np.sin(waves[1][:, None] * y)
        return np.einsum("tij,ip,jp->tp", factors, along_x, along_y, optimize=True)

    return np.linspace(0, end, snapshots), at


def _periodic(start: Array, linear: Array, rest: Callable[[Array], Array], times: Array, steps: int) -> Array:
    """Return u at `times`, [times, points], with v_t = linear v + rest(u) for its Fourier coefficients v.

    By the exponential integrator of fourth order ETDRK4 (Cox & Matthews, J. Comput. Phys. 2002), its coefficients by
    means over circles (Kassam & Trefethen, SIAM J. Sci. Comput. 2005). Two thirds of the frequencies are kept.
    """
    dt, points = times[-1] / steps, len(start)
    kept = np.arange(len(linear)) < len(linear) * 2 / 3
    circle = np.exp(2j * np.pi * (np.arange(64) + 0.5) / 64)
    z = dt * linear[:, None] + circle
    whole, half = np.exp(dt * linear), np.exp(dt * linear / 2)
    middle = dt * ((np.exp(z / 2) - 1) / z).mean(axis=1)
    first = dt * ((-4 - z + np.exp(z) * (4 - 3 * z + z**2)) / z**3).mean(axis=1)
    inner = dt * ((2 + z + np.exp(z) * (z - 2)) / z**3).mean(axis=1)
    last = dt * ((-4 - 3 * z - z**2 + np.exp(z) * (4 - z)) / z**3).mean(axis=1)

    def slope(v: Array) -> Array:
        return kept * rest(np.fft.irfft(v, points))

    v, found, every = np.fft.rfft(start), [start], steps // (len(times) - 1)
    for step in range(1, steps + 1):
        at_start = slope(v)
        a = half * v + middle * at_start
        at_a = slope(a)
        b = half * v + middle * at_a
        at_b = slope(b)
        c = half * a + middle * (2 * at_b - at_start)
        v = whole * v + first * at_start + 2 * inner * (at_a + at_b) + last * slope(c)
        if step % every == 0:
            found.append(np.fft.irfft(v, points))
    return np.array(found)
