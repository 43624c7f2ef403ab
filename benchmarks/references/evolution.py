"""Solutions of evolution equations that networks are held against: one integral, one spectral method, one sum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
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


def wave(x: Array, t: Array) -> Array:
    """Return u with u_tt = 4 u_xx from sin(pi x) + sin(4 pi x) / 2 at rest, zero at 0 and 1."""
    return np.sin(np.pi * x) * np.cos(2 * np.pi * t) + np.sin(4 * np.pi * x) * np.cos(8 * np.pi * t) / 2
