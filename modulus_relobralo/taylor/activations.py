"""Derivatives up to order 4 of smooth activation functions; `reading.recognise` tells which one a network uses."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

# All formulas below are for order 4; callers cut the list. Unused entries cost nothing once compiled.


def _sigmoid(z: Tensor) -> list[Tensor]:
    s = torch.sigmoid(z)
    first = s * (1 - s)
    second = first * (1 - 2 * s)
    return [s, first, second, first * (1 - 6 * first), second * (1 - 12 * first)]


def _tanh(z: Tensor) -> list[Tensor]:
    t = torch.tanh(z)
    first = 1 - t * t
    return [t, first, -2 * t * first, first * (6 * t * t - 2), first * t * (16 - 24 * t * t)]


def _tanhshrink(z: Tensor) -> list[Tensor]:
    t, first, *rest = _tanh(z)
    return [z - t, 1 - first, *(-f for f in rest)]


def _sin(z: Tensor) -> list[Tensor]:
    s, c = torch.sin(z), torch.cos(z)
    return [s, c, -s, -c, s]


def _cos(z: Tensor) -> list[Tensor]:
    s, c = torch.sin(z), torch.cos(z)
    return [c, -s, -c, s, c]


def _softplus(z: Tensor) -> list[Tensor]:
    return [F.softplus(z), *_sigmoid(z)[:4]]


def _logsigmoid(z: Tensor) -> list[Tensor]:
    s, *rest = _sigmoid(z)
    return [F.logsigmoid(z), 1 - s, *(-f for f in rest[:3])]


def _squareplus(z: Tensor) -> list[Tensor]:
    r = torch.sqrt(z * z + 4)
    r3, r5, r7 = r**-3, r**-5, r**-7
    return [0.5 * (z + r), 0.5 + 0.5 * z / r, 2 * r3, -6 * z * r5, 24 * (z * z - 1) * r7]


def _gelu(z: Tensor) -> list[Tensor]:
    # z * Phi(z) with the normal distribution's density phi = Phi': every derivative of phi is phi times a polynomial.
    cdf = 0.5 * (1 + torch.erf(z * math.sqrt(0.5)))
    pdf = torch.exp(-0.5 * z * z) * math.sqrt(0.5 / math.pi)
    q = z * z
    return [z * cdf, cdf + z * pdf, pdf * (2 - q), pdf * z * (q - 4), pdf * ((7 - q) * q - 4)]


def _compose(f: list[Tensor], g: list[Tensor]) -> list[Tensor]:
    """Return the derivatives of ``f(g(z))``; those of f are taken at g(z). Faa di Bruno in one variable."""
    _, g1, g2, g3, g4 = g
    return [
        f[0],
        f[1] * g1,
        f[2] * g1**2 + f[1] * g2,
        f[3] * g1**3 + 3 * f[2] * g1 * g2 + f[1] * g3,
        f[4] * g1**4 + 6 * f[3] * g1**2 * g2 + f[2] * (3 * g2**2 + 4 * g1 * g3) + f[1] * g4,
    ]


def _times_linear(f: list[Tensor], value: Tensor, slope: float | Tensor) -> list[Tensor]:
    """Return the derivatives of ``f(z) * value(z)`` for a `value` that is linear in z. Leibniz' rule."""
    return [f[0] * value, *(f[k] * value + k * slope * f[k - 1] for k in range(1, 5))]


def _silu(z: Tensor) -> list[Tensor]:
    return _times_linear(_sigmoid(z), z, 1.0)


def _mish(z: Tensor) -> list[Tensor]:
    inner = _softplus(z)
    return _times_linear(_compose(_tanh(inner[0]), inner), z, 1.0)


def _gelu_tanh(z: Tensor, a: float = math.sqrt(2 / math.pi)) -> list[Tensor]:
    b = a * 0.044715
    zero = torch.zeros_like(z)
    inner = [a * z + b * z**3, a + 3 * b * z**2, 6 * b * z, zero + 6 * b, zero]
    value, *rest = _compose(_tanh(inner[0]), inner)
    return _times_linear([1 + value, *rest], 0.5 * z, 0.5)


def _stan(z: Tensor, beta: Tensor) -> list[Tensor]:
    return _times_linear(_tanh(z), 1 + beta * z, beta)


def _identity(z: Tensor) -> list[Tensor]:
    zero = torch.zeros_like(z)
    return [z, zero + 1, zero, zero, zero]


_DERIVATIVES: dict[str, Callable[..., list[Tensor]]] = {
    "tanh": _tanh,
    "silu": _silu,
    "sin": _sin,
    "cos": _cos,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "squareplus": _squareplus,
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    # As published (github.com/hendrycks/GELUs), with ten digits of sqrt(2 / pi).
    "gelu_hendrycks": partial(_gelu_tanh, a=0.7978845608),
    "mish": _mish,
    "logsigmoid": _logsigmoid,
    "tanhshrink": _tanhshrink,
    "identity": _identity,
    "stan": _stan,
}


def derivatives(name: str, z: Tensor, order: int, *parameters: Tensor) -> list[Tensor]:
    """Return ``[f(z), f'(z), ..., f^(order)(z)]``, each of the shape of `z`.

    Parameters
    ----------
    name : str
        Name of the function.
    z : Tensor
        Where to evaluate.
    order : int
        At most 4.
    *parameters : Tensor
        Trained parameters of the function: beta of Stan (Gnanasambandam et al. 2022, arXiv:2204.12589), none for the
        others.
    """
    return _DERIVATIVES[name](z, *parameters)[: order + 1]
