"""The host's networks of a problem, such as a wave."""

from __future__ import annotations

from typing import Any

from modulus_relobralo.hosts.sym import host
from modulus_relobralo.problems import Problem
from modulus_relobralo.problems.fields import fields_together


def problem_networks(problem: Problem, arch: Any) -> list[Any]:
    """Make the fully connected networks of the host that a problem needs.

    Fields of the same arguments and the same regions share one. It sees each input in [-1, 1]; of one in which the
    problem is periodic it sees the sine and the cosine.

    Parameters
    ----------
    problem : Problem
        The problem, with the range of each of its parameters.
    arch : DictConfig
        What a config has as ``arch.fully_connected``.

    Returns
    -------
    list of FullyConnectedArch
        The networks.

    Examples
    --------
    ::

        made = problem_networks(problem, cfg.arch.fully_connected)
        nodes = equation_nodes(problem, *made)
        for number, network in enumerate(made):
            nodes += taylor_nodes(network, f"network_{number}", nodes)
    """
    made = []
    for fields in fields_together(problem):
        periods = {name: period for name, period in problem.periods.items() if name in fields.inputs}
        keys = [
            host.Key(name, scale=(0.0, 1.0) if name in periods else ((low + high) / 2, (high - low) / 2 or 1.0))
            for name, (low, high) in fields.inputs.items()
        ]
        outputs = [host.Key(name) for name in fields.names]
        made.append(host.instantiate_arch(arch, keys, outputs, periodicity=periods or None))
    return made
