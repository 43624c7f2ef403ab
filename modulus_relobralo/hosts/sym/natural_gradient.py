"""Natural gradients in the host's Solver: ``optimizer: natural_gradient``.

The host's trainer looks up by name, on itself, the two methods that make an optimizer step. `method` gives the trainer
the pair of this module, which are called where those of Adam would be; everything around them, from the losses in the
log to checkpoints, is as with Adam. The first hands the residuals of the constraints to the optimizer, which takes the
step; the second says how it went.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from modulus_relobralo.balancing.diagnostics import warn_if_far_apart
from modulus_relobralo.balancing.relobralo_grad import due_traces
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.dtypes import check_precision
from modulus_relobralo.hosts.sym.points import AdaptivePoints
from modulus_relobralo.hosts.sym.residuals import check_constraint, residuals, run_uncompiled
from modulus_relobralo.loops.records import STEPS


def method(name: str) -> str:
    """Give the host's trainer the methods of this module, and return `name`, which is one of them."""
    trainer = host.load("trainer").Trainer
    trainer.natural_gradient_compute_gradients = _compute_gradients
    trainer.natural_gradient_apply_gradients = _apply_gradients
    return name


def _compute_gradients(solver: Any, aggregator: nn.Module, model: nn.Module, step: int) -> tuple[Tensor, dict]:
    """Take the step and return the loss and the loss terms before it; `solver` is the trainer itself.

    The loss terms are those of the rows that the step is made of: the host would compute them once more.
    """
    first = not hasattr(solver, "_natural_gradient_step")
    if first:
        _check(solver, aggregator)
        check_precision(solver)
        for constraint in solver.domain.constraints.values():
            run_uncompiled(constraint)
    terms: dict[str, Tensor] = {}
    dtype = next(model.parameters()).dtype
    batches = [residuals(constraint) for constraint in solver.domain.constraints.values()]
    traces = due_traces(aggregator, lambda: solver.optimizer.traces(batches))

    def balance(losses: dict[str, Tensor]) -> Tensor:
        # In the dtype of the host's losses, for the buffers of the aggregators.
        losses = {name: loss.to(dtype) for name, loss in losses.items()}
        terms.update(losses)
        return aggregator(losses, step, *traces)

    loss = solver.optimizer.step(batches, balance)
    if first:
        warn_if_far_apart({name: float(term.detach()) for name, term in terms.items()})
    solver._natural_gradient_step = int(step)
    return loss, {name: term.detach() for name, term in terms.items()}


def _apply_gradients(solver: Any) -> None:
    """Say how the step went."""
    step, optimizer, adaptive = solver._natural_gradient_step, solver.optimizer, _adaptive_fraction(solver)
    if step % solver.print_stats_freq == 0:
        solver.log.info(
            f"{solver.step_str} natural gradients: {optimizer.accepted} steps accepted, {optimizer.refused} tries "
            f"refused, damping {optimizer.damping:.1e}, {adaptive:.0%} of the points where residuals are large"
        )
    if step % solver.summary_freq == 0:
        for name, value in {**optimizer.diagnostics, "adaptive": adaptive}.items():
            solver.writer.add_scalar(f"{STEPS}{name}", value, step, new_style=True)


def _adaptive_fraction(solver: Any) -> float:
    """Return how much of the points of a step `AdaptivePoints` have drawn where residuals are large."""
    sizes = [(each.dataset, len(next(iter(each._input_vars.values())))) for each in solver.domain.constraints.values()]
    drawn = sum(size * dataset.fraction for dataset, size in sizes if isinstance(dataset, AdaptivePoints))
    return drawn / sum(size for _, size in sizes)


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
