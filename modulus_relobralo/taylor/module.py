"""A network together with derivatives of its outputs, as one module for any training loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor
from torch.nn import Module

from modulus_relobralo.taylor.jets import seed
from modulus_relobralo.taylor.names import Namespace, Plan, Terms
from modulus_relobralo.taylor.networks import Network, Pass
from modulus_relobralo.taylor.reading import check_intact, read

Sizes = Mapping[str, int] | Iterable[str]


class TaylorDerivatives(Module):
    """Partial derivatives of a network's outputs by its inputs, up to order 4, in one forward pass (Taylor mode).

    The results are exact, and can be differentiated further by autograd, by the parameters as by the points. `jets`
    explains the mathematics.

    Parameters
    ----------
    network : Module
        ``torch.nn.Sequential`` of ``torch.nn.Linear`` and smooth activation functions, or what `reader` understands;
        or a module that states its own jet (`networks`), as `Scaled` does, which may have any of these in it. Train it
        as ever: its parameters are used as they are at each call, its ``state_dict`` stays its own. To train on several
        devices wrap this module, not the network in it.
    inputs, outputs : sequence of str, or mapping of str to int
        Names of the network's columns; a mapping says how many columns each name has. Names of one column can be
        differentiated.
    names : iterable of str
        What to compute: derivatives such as ``"w__x__x__y"``, operators such as ``"biharmonic_w"``, outputs.
    operators : mapping, optional
        Further linear operators with constant coefficients, such as
        ``{"wave_u": {"u__t__t": 1.0, "u__x__x": -4.0}}``. ``laplacian_<output>`` and ``biharmonic_<output>`` over
        those of x, y, z that are inputs are known without.
    compiled : bool
        Whether to compile the activation rules with ``torch.compile`` where it works.
    reader : callable, optional
        Turns a network that is no ``Sequential`` into a `networks.Network`, as ``hosts.physicsnemo.read`` does. Called
        at every step.

    Raises
    ------
    UnsupportedNetworkError
        If there is no rule for a part of the network, here or later, should it have changed.
    ValueError
        If a name or an operator is none of this network.

    Examples
    --------
    >>> network = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
    >>> plate = TaylorDerivatives(network, ["x", "y"], ["w"], ["w", "w__x__x", "biharmonic_w"], compiled=False)
    >>> results = plate({"x": torch.rand(5, 1), "y": torch.rand(5, 1)})
    >>> {name: tuple(value.shape) for name, value in results.items()}
    {'w': (5, 1), 'w__x__x': (5, 1), 'biharmonic_w': (5, 1)}
    """

    def __init__(
        self,
        network: Module,
        inputs: Sizes,
        outputs: Sizes,
        names: Iterable[str],
        operators: Mapping[str, Terms] | None = None,
        compiled: bool = True,
        reader: Callable[[Module], Network] = read,
    ) -> None:
        super().__init__()
        self.network, self.compiled, self.reader = network, compiled, reader
        self.inputs, self.outputs, self.names = _sizes(inputs, "inputs"), _sizes(outputs, "outputs"), list(names)
        namespace = Namespace(self.inputs, self.outputs, operators)
        if not self.names:
            raise ValueError("Parameter `names` must hold one or more names. Found none.")
        namespace.check(self.names, "names", values=True)
        self.plan = Plan(namespace, namespace.request(self.names), self.inputs, self.outputs)
        self._check()

    def forward(self, points: Mapping[str, Tensor] | Tensor) -> dict[str, Tensor]:
        """Return the results by name, each [..., 1], with the leading dimensions of the points.

        Parameters
        ----------
        points : mapping of str to Tensor, or Tensor
            Each input by its name, [..., its columns], or all of them side by side, [..., inputs], with one leading
            dimension or more, such as [points, inputs]. Of the network's dtype, or of half precision, which is widened:
            it has too few digits for derivatives.

        Raises
        ------
        ValueError
            If points are missing, or of another shape or dtype.
        """
        x = self._columns(points)
        with torch.autocast(x.device.type, enabled=False):
            result = self._propagated(x.flatten(0, -2), self.compiled)
        places = {name: self.plan.places[name] for name in self.names}
        return {name: result[row, :, column].view(*x.shape[:-1], 1) for name, (row, column) in places.items()}

    def _propagated(self, x: Tensor, compiled: bool) -> Tensor:
        """Return what is wanted of all outputs, [targets, points, outputs], at points, [points, inputs]."""
        check_intact(self.network)
        x, plan = self._widened(x), self.plan
        passing = Pass(plan.channels, plan.targets, compiled, self.reader)
        found = passing.through(self.network, seed(x, plan.variables)).select(plan.targets)
        if found.shape[-1] != sum(self.outputs.values()):
            raise ValueError(
                f"Parameter `outputs` must name all {found.shape[-1]} columns of the network. Found `{self.outputs}`."
            )
        return found

    def _check(self) -> None:
        """Raise what the first pass would, by one over no points."""
        like = next(self.network.parameters(), torch.empty(()))
        with torch.no_grad(), torch.autocast(like.device.type, enabled=False):
            self._propagated(like.new_empty(0, sum(self.inputs.values())), compiled=False)

    def _columns(self, points: Mapping[str, Tensor] | Tensor) -> Tensor:
        if not isinstance(points, Tensor):
            shapes = {name: tuple(points[name].shape[-1:]) for name in self.inputs if name in points}
            if shapes != {name: (size,) for name, size in self.inputs.items()}:
                raise ValueError(
                    f"Parameter `points` must hold a tensor [points, columns] for each of {self.inputs}. "
                    f"Found columns `{shapes}`."
                )
            points = torch.cat([points[name] for name in self.inputs], dim=-1)
        width = sum(self.inputs.values())
        if points.ndim < 2 or points.shape[-1] != width:
            raise ValueError(f"Parameter `points` must be of shape [points, {width}]. Found {tuple(points.shape)}.")
        return points

    def _widened(self, points: Tensor) -> Tensor:
        x = points.float() if points.dtype in (torch.float16, torch.bfloat16) else points
        expected = next((p.dtype for p in self.network.parameters()), x.dtype)
        if x.dtype != expected:
            self._check()  # what has no rule comes first
            raise ValueError(f"Parameter `points` must be of the network's {expected}. Found {points.dtype}.")
        return x


def _sizes(names: Sizes, parameter: str) -> dict[str, int]:
    names = names if isinstance(names, Mapping) else list(names)
    if not names or len(set(names)) < len(names):
        raise ValueError(f"Parameter `{parameter}` must hold one or more different names. Found `{names}`.")
    sizes = dict(names) if isinstance(names, Mapping) else dict.fromkeys(names, 1)
    if not all(isinstance(size, int) and size > 0 for size in sizes.values()):
        raise ValueError(f"Parameter `{parameter}` must map names to numbers of columns. Found `{sizes}`.")
    return sizes
