"""Taylor-mode derivatives of the host's networks: exact, and several times faster than nested autodiff.

In a script, replace ``nodes = pde_nodes + [net.make_node(name="net")]`` by
``nodes = pde_nodes + taylor_nodes(net, "net", pde_nodes)``. The mathematics is explained in `jets`.
`collapse` makes the equations cheaper still.
"""

from .collapse import collapse
from .nodes import autodiff_nodes, derivative_nodes, taylor_nodes
from .requests import biharmonic, laplacian

__all__ = ["autodiff_nodes", "biharmonic", "collapse", "derivative_nodes", "laplacian", "taylor_nodes"]
