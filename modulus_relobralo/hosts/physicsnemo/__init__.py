"""PhysicsNeMo 2.1 and later, which trains in explicit loops: our equations as its PDE, its networks in Taylor mode."""

from modulus_relobralo.hosts.physicsnemo.equations import Equations
from modulus_relobralo.hosts.physicsnemo.networks import read

__all__ = ["Equations", "read"]
