"""Time-harmonic waves: geometry, wall conditions and closed solutions."""

from .helmholtz_rectangle import HelmholtzRectangle
from .solutions import standing_wave

__all__ = ["HelmholtzRectangle", "standing_wave"]
