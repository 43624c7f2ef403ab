"""Time-harmonic waves: geometry, wall conditions and closed solutions."""

from modulus_relobralo.waves.rectangle import HelmholtzRectangle
from modulus_relobralo.waves.solutions import standing_wave

__all__ = ["HelmholtzRectangle", "standing_wave"]
