"""Natural gradients in the host's Solver: ``optimizer: natural_gradient``.

The host's trainer looks up by name, on itself, the two methods that make an optimizer step. `method` gives the trainer
the pair of this module, which are called where those of Adam would be; everything around them, from the losses in the
log to checkpoints, is as with Adam. The first computes losses, weights and gradients as for Adam; the second hands the
residuals of the constraints to the optimizer.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from modulus_relobralo.balancing.diagnostics import warn_if_far_apart
from modulus_relobralo.balancing.relobralo_grad import wants_traces
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.residuals import check_constraint, residuals, run_uncompiled
from modulus_relobralo.optimizers import Pointwise


def method(name: str) -> str:
    """Give the host's trainer the methods of this module, and return `name`, which is one of them."""
    trainer = host.load("trainer").Trainer
    trainer.natural_gradient_compute_gradients = _compute_gradients
    trainer.natural_gradient_apply_gradients = _apply_gradients
    return name


def _compute_gradients(solver: Any, aggregator: nn.Module, model: nn.Module, step: int) -> tuple[Tensor, dict]:
    """Return the loss and the loss terms, and remember the weights of these; `solver` is the trainer itself."""
    first = not hasattr(solver, "_natural_gradient")
    if first:
        _check(solver, aggregator)
        for constraint in solver.domain.constraints.values():
            run_uncompiled(constraint)
    losses = solver.compute_losses(step)
    if first:
        warn_if_far_apart({name: float(term.detach()) for name, term in losses.items()})
    traces = [solver.optimizer.traces(_batches(solver))] if wants_traces(aggregator) else []
    loss = aggregator(losses, step, *traces)
    found = torch.autograd.grad(loss, list(losses.values()), retain_graph=True, allow_unused=True)
    weights = {
        name: torch.zeros_like(term) if weight is None else weight
        for (name, term), weight in zip(losses.items(), found, strict=True)
    }
    solver._natural_gradient = weights, int(step)
    # The optimizer has no use for gradients; the host's monitors show them.
    sum(weights[name] * losses[name] for name in losses).backward()
    return loss.detach(), {name: term.detach() for name, term in losses.items()}


def _batches(solver: Any) -> list[Pointwise]:
    """Return the residuals of all constraints at the points that are loaded."""
    return [residuals(constraint) for constraint in solver.domain.constraints.values()]


def _apply_gradients(solver: Any) -> None:
    """Take the step, with the weights of the loss terms that the aggregator gave."""
    weights, step = solver._natural_gradient
    optimizer = solver.optimizer
    optimizer.step(_batches(solver), lambda losses: sum(weights[name] * losses[name] for name in losses))
    if step % solver.print_stats_freq == 0:
        solver.log.info(
            f"{solver.step_str} natural gradients: {optimizer.accepted} steps accepted, {optimizer.refused} tries "
            f"refused, damping {optimizer.damping:.1e}"
        )
    if step % solver.summary_freq == 0:
        solver.writer.add_scalar("Train/damping", optimizer.damping, step, new_style=True)


def _check(solver: Any, aggregator: nn.Module) -> None:
    """Raise before the first step where a step would not be what it says.

    Raises
    ------
    ValueError
        The message says what was found and what to set.
    """
    needs = {
        "`cuda_graphs: false`": solver.cfg.cuda_graphs,
        "`amp.enabled: false`": solver.amp_manager.enabled,
        "`training.grad_agg_freq: 1`": solver.grad_agg_freq != 1 and solver.grad_agg_freq,
        "`training.ntk.use_ntk: false`": solver.domain.ntk is not None,
        "one process": solver.manager.distributed and f"{solver.manager.world_size} processes",
        "a `loss` without parameters of its own": bool(list(aggregator.parameters())) and solver.cfg.loss._target_,
    }
    for needed, found in needs.items():
        if found:
            raise ValueError(f"`optimizer: natural_gradient` needs {needed}. Found `{found}`.")
    for name, constraint in solver.domain.constraints.items():
        check_constraint(name, constraint)
