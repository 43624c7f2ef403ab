"""What reinforcement has to bear: bending moments along x and y that cover the twisting moment, too."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modulus_relobralo.plates.values import Array


def wood_armer(M_x: ArrayLike, M_y: ArrayLike, M_xy: ArrayLike) -> dict[str, Array]:
    """
    Return the moments for which reinforcement along x and y is designed.

    Of all moments that cover the bending moment in every direction, those whose sum is the least, which is about the
    least steel. On both faces, with signs so that the face has tension::

        (M_x_bottom - M_x) (M_y_bottom - M_y) >= M_xy^2        M_x_bottom >= M_x,    M_y_bottom >= M_y
        (M_x_top + M_x) (M_y_top + M_y) >= M_xy^2              M_x_top >= -M_x,      M_y_top >= -M_y

    Parameters
    ----------
    M_x, M_y, M_xy : array_like
        Bending and twisting moments, positive where they sag, [...] [N m/m].

    Returns
    -------
    dict[str, array]
        ``M_x_bottom``, ``M_y_bottom``, ``M_x_top`` and ``M_y_top``, none below zero, [...] [N m/m].

    References
    ----------
    R. H. Wood, The reinforcement of slabs in accordance with a pre-determined field of moments, Concrete 2 (1968), 69;
    G. S. T. Armer, Correspondence, Concrete 2 (1968), 319.

    Examples
    --------
    >>> {name: float(value) for name, value in wood_armer(20e3, 10e3, 5e3).items()}
    {'M_x_bottom': 25000.0, 'M_y_bottom': 15000.0, 'M_x_top': 0.0, 'M_y_top': 0.0}
    """
    x, y, twist = (np.asarray(moment, dtype=float) for moment in (M_x, M_y, M_xy))
    return {
        f"M_{axis}_{face}": moment
        for face, sign in (("bottom", 1.0), ("top", -1.0))
        for axis, moment in zip("xy", _of_face(sign * x, sign * y, np.abs(twist)), strict=True)
    }


def _of_face(x: Array, y: Array, twist: Array) -> tuple[Array, Array]:
    """Return both moments of the face that has tension where x and y are positive."""
    # Without tension along one axis the other bears what that leaves of the twist; its divisor is above the twist then.
    without_x, without_y = x + twist < 0, y + twist < 0
    along_x = np.where(without_y, x + twist**2 / np.where(without_y, -y, 1.0), x + twist)
    along_y = np.where(without_x, y + twist**2 / np.where(without_x, -x, 1.0), y + twist)
    return np.where(without_x, 0.0, np.maximum(along_x, 0.0)), np.where(without_y, 0.0, np.maximum(along_y, 0.0))
