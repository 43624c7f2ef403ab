"""Taylor-mode derivatives of networks: exact, and several times faster than nested autodiff.

`TaylorDerivatives` is the module for any training loop; `hosts.sym` makes nodes of it for Modulus Sym. The
mathematics is explained in `jets`, how a module of one's own takes part in `networks`. `collapse` makes equations
cheaper still.
"""

from modulus_relobralo.taylor.collapse import collapse
from modulus_relobralo.taylor.jets import UnsupportedNetworkError
from modulus_relobralo.taylor.module import TaylorDerivatives
from modulus_relobralo.taylor.names import biharmonic, laplacian
from modulus_relobralo.taylor.networks import Network
from modulus_relobralo.taylor.periodic import Periodic
from modulus_relobralo.taylor.reading import read
from modulus_relobralo.taylor.scaled import Scaled

__all__ = [
    "Network",
    "Periodic",
    "Scaled",
    "TaylorDerivatives",
    "UnsupportedNetworkError",
    "biharmonic",
    "collapse",
    "laplacian",
    "read",
]
