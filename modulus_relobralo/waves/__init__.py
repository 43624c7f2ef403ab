"""Time-harmonic waves: equation, rectangles with values on their edges, and closed solutions."""

from modulus_relobralo.waves.equation import HelmholtzWave
from modulus_relobralo.waves.rectangle import HelmholtzRectangle
from modulus_relobralo.waves.solutions import standing_wave

__all__ = ["HelmholtzRectangle", "HelmholtzWave", "standing_wave"]
