"""Runs an activation rule: compiled where a compiler works, otherwise as plain tensor operations.

Each rule is a long list of pointwise operations on the same few tensors. Run one by one they are bound by memory;
compiled they are two loops, one forward and one backward, which leaves the matrix products as the cost of a step.
Only the rules are compiled, not the network: hidden layers share one rule, so that the time to compile does not grow
with depth.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from modulus_relobralo.taylor.jets import Channel, Jet, activation_rule

logger = logging.getLogger(__name__)

# Calls of a rule on a CPU before it is compiled there, so that a training begins at once and a short one compiles
# nothing: compiling takes as long as some thousand steps save. On other devices rules are compiled at once: launching
# their operations one by one costs more, and a CUDA graph captures what runs when it is recorded.
EAGER_CALLS = 400


class Kernel:
    """One activation rule, with its derivative for reverse mode.

    The backward pass computes everything again from ``z``: cheaper than to read what the forward pass would have
    stored, and it leaves one stored tensor per layer.
    """

    def __init__(self, rule: Callable[..., Tensor]) -> None:
        self.rule = rule
        self._forward = _Compiled(rule)
        self._backward = _Compiled(self._pullback)

    def __call__(self, inputs: tuple[Tensor, ...], compiled: bool) -> Tensor:
        """Apply the rule to ``(dense, bias, constant, *parameters)``; see `jets.activation_rule`."""
        # Validators and inferencers run once in a while, without gradients, with sizes of their own.
        if compiled and torch.is_grad_enabled() and not _transformed():
            return _Differentiable.apply(self, *inputs)
        return self.rule(*inputs)

    def _pullback(self, gradient: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
        with torch.enable_grad():
            inputs = tuple(tensor.detach().requires_grad_() for tensor in inputs)
            return torch.autograd.grad(self.rule(*inputs), inputs, gradient, allow_unused=True)


def _transformed() -> bool:
    """Tell whether ``torch.compile`` or a transform of ``torch.func`` is at work, which want plain operations."""
    return torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active()


class _Differentiable(torch.autograd.Function):
    """A compiled rule in reverse mode, which can itself be differentiated (the compiled one could not)."""

    @staticmethod
    def forward(ctx: Any, kernel: Kernel, *inputs: Tensor) -> Tensor:
        ctx.kernel = kernel
        ctx.save_for_backward(*inputs)
        return kernel._forward(*inputs)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        if not torch.is_grad_enabled():
            return None, *ctx.kernel._backward(gradient.contiguous(), *ctx.saved_tensors)
        # Somebody differentiates the gradient: a fifth derivative by autodiff, or a second-order optimiser.
        inputs = [tensor for tensor in ctx.saved_tensors if tensor.requires_grad]
        found = iter(torch.autograd.grad(ctx.kernel.rule(*ctx.saved_tensors), inputs, gradient, create_graph=True))
        return None, *(next(found) if tensor.requires_grad else None for tensor in ctx.saved_tensors)


class _Compiled:
    """A function of tensors, traced and compiled at its first call, on a CPU after `EAGER_CALLS` of them."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._compiled: dict[Any, Callable[..., Any]] = {}
        self._calls = 0

    def __call__(self, *tensors: Tensor) -> Any:
        # A trace holds for one of each; sizes are free in it, save those of 1 (which broadcast) and 0.
        sizes = tuple(tuple(min(size, 2) for size in tensor.shape) for tensor in tensors)
        kind = (tensors[0].device.type, tensors[0].dtype, sizes)
        if kind in self._compiled:
            return self._compiled[kind](*tensors)
        if tensors[0].device.type == "cpu" and self._calls < EAGER_CALLS:
            self._calls += 1
            return self._function(*tensors)
        _say_once(
            logging.INFO, "Compiling derivative rules: this step takes longer, less so once they are cached on disk."
        )
        try:
            # Traced first, for two reasons: the compiler then sees derivatives as plain operations, and every
            # trace has a code object, and with it a limit of recompilations, of its own.
            traced = make_fx(self._function, tracing_mode="symbolic")(*tensors)
            compiled = torch.compile(traced, dynamic=True, fullgraph=True)
            result = compiled(*tensors)
        except torch.cuda.OutOfMemoryError:  # uncompiled, it would need more still
            raise
        except Exception as error:  # what a missing or broken compiler raises differs between platforms and releases
            _say_once(
                logging.WARNING,
                "torch.compile does not work here (%s: %s). Taylor-mode derivatives run uncompiled: the same numbers, "
                "more slowly.",
                type(error).__name__,
                str(error).strip().split("\n")[0],
            )
            self._compiled[kind] = self._function
            return self._function(*tensors)
        self._compiled[kind] = compiled
        return result


_said: set[str] = set()


def _say_once(level: int, message: str, *details: str) -> None:
    if message not in _said:
        _said.add(message)
        logger.log(level, message, *details)


@cache
def _kernel(
    channels: tuple[Channel, ...], constant_channels: tuple[Channel, ...], targets: tuple[Channel, ...], activation: str
) -> Kernel:
    return Kernel(activation_rule(channels, constant_channels, targets, activation))


def activate(
    jet: Jet,
    bias: Tensor,
    activation: str,
    parameters: tuple[Tensor, ...],
    targets: tuple[Channel, ...],
    compiled: bool,
) -> Jet:
    """Apply an activation function to a jet.

    Parameters
    ----------
    jet : Jet
        Of ``z`` without its bias.
    bias : Tensor
        Added to the value of ``z`` first, [features].
    activation, parameters
        See `activations.derivatives`.
    targets : tuple of Channel
        The channels wanted.
    compiled : bool
        Whether to compile the rule.
    """
    constant = jet.dense.new_empty(0, jet.dense.shape[-1]) if jet.constant is None else jet.constant
    kernel = _kernel(jet.channels, jet.constant_channels, targets, activation)
    return Jet(targets, kernel((jet.dense, bias, constant, *parameters), compiled))
