"""Taylor-mode derivatives of the host's networks: exact, and several times faster than nested autodiff.

In a script, replace ``nodes = pde_nodes + [net.make_node(name="net")]`` by
``nodes = pde_nodes + taylor_nodes(net, "net", pde_nodes)``. The mathematics is explained in `jets`.
`collapse` makes the equations cheaper still.
"""

from modulus_relobralo.derivatives.collapse import collapse
from modulus_relobralo.derivatives.requests import biharmonic, laplacian

__all__ = ["biharmonic", "collapse", "laplacian"]
