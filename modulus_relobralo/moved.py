"""Where modules of release 0.2 lie now: an import under an old name fails with the new one, for one release."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

MOVED = {
    "balancing.checkpoint": "balancing.base",
    "balancing.first_call": "balancing.base",
    "balancing.gradient_norms": "balancing.gradient_equations",
    "balancing.gradient_state": "balancing.relobralo_grad",
    "balancing.gradient_steps": "balancing.relobralo_grad",
    "balancing.loss_terms": "balancing.checks",
    "balancing.placement": "balancing.base",
    "balancing.ranks": "ranks",
    "balancing.state": "balancing.base",
    "balancing.watch": "balancing.diagnostics",
    "derivatives": "taylor",
    "derivatives.particular": "plates.singular",
    "derivatives.poles": "plates.singular",
    "geometry": "problems",
    "hosts.sym.encodings": "hosts.sym.architectures",
    "hosts.sym.equations": "hosts.sym.nodes",
    "hosts.sym.grouping": "hosts.sym.nodes",
    "hosts.sym.held_out": "hosts.sym.monitors",
    "hosts.sym.losses": "hosts.sym.pointwise",
    "hosts.sym.monitor": "hosts.sym.monitors",
    "hosts.sym.orders": "hosts.sym.equation_detection",
    "hosts.sym.programs": "hosts.sym.solver",
    "hosts.sym.progress": "hosts.sym.monitors",
    "hosts.sym.scaling": "hosts.sym.plates",
    "hosts.sym.shapes": "hosts.sym.builders",
    "hosts.sym.soap": "hosts.plugin",
    "hosts.sym.taylor_arch": "hosts.sym.nodes",
    "hosts.sym.trained": "hosts.sym.plates",
    "loops.expressions": "loops.residuals",
    "loops.steps": "loops.loss_terms",
    "loops.weights_file": "loops.records",
    "optimizers.blocks": "optimizers.residuals",
    "optimizers.damping": "optimizers.gauss_newton",
    "optimizers.jacobian": "optimizers.gauss_newton",
    "optimizers.least_squares": "optimizers.gauss_newton",
    "optimizers.loss_terms": "optimizers.residuals",
    "optimizers.pointwise": "optimizers.residuals",
    "optimizers.rows": "optimizers.residuals",
    "optimizers.step_sizes": "optimizers.natural_gradient",
    "optimizers.successor": "optimizers.resumable",
    "plates.arrays": "plates.solutions",
    "plates.corner_supports": "plates.supports",
    "plates.edge_equations": "plates.equation",
    "plates.poles": "plates.singular",
    "plates.rectangle": "plates.plate",
    "plates.results.boundary": "plates.results.results",
    "plates.results.integrals": "plates.results.results",
    "plates.results.paraview": "plates.results.figures",
    "plates.stability": "plates.supports",
    "waves": "problems",
}
"""Modules by their old names, and where what was in them lies now; both below the package."""


class Moved(MetaPathFinder):
    """The last to be asked for a module: raises for one that has another name now."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return None, which says that there is no such module.

        Raises
        ------
        ModuleNotFoundError
            If it was moved; the message says where to.
        """
        package, _, module = name.partition(".")
        if package == __package__ and module in MOVED:
            raise ModuleNotFoundError(
                f"What was in `{name}` of release 0.2 is in `{package}.{MOVED[module]}` now; "
                "CHANGELOG.md, 0.3.0, has the names.",
                name=name,
            )
        return None
