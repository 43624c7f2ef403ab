"""Who runs the race, in which environment, by which program, and with which setting."""

from __future__ import annotations

import re
from dataclasses import dataclass

from benchmarks.peers.plate import ADAM_FRACTION, EDGE, INTERIOR

# More than any time limit allows.
STEPS = 10**9

POINTS = f"{INTERIOR} points inside, {EDGE} on each edge"
SMALL = "2 x 64, tanh"
FIRST_ORDER = f"{SMALL}; {POINTS}, {{}}; Adam at 1e-3"
FIXED, NEW = "drawn once", "new in every step"
SCALED = "lengths and deflection scaled to order 1"


@dataclass(frozen=True)
class Entry:
    """A training: the processes that make it, one after the other, and what is to be known of it.

    `stages` are the part of the time limit at which each process ends, and the options of its program.
    """

    name: str
    environment: str
    program: str
    stages: tuple[tuple[float, tuple[str, ...]], ...]
    setting: str

    @property
    def slug(self) -> str:
        """Its name as that of a file."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


def peer(name: str, environment: str, program: str, options: str, setting: str) -> Entry:
    return Entry(name, environment, program, ((1.0, tuple(options.split())),), setting)


def ours(name: str, setting: str, *stages: str) -> Entry:
    """Return an entry through the host's Solver; of two stages the second goes on from the first's checkpoint."""
    parts = (1.0,) if len(stages) == 1 else (ADAM_FRACTION, 1.0)
    options = (f"training.max_steps={STEPS}", "cuda_graphs=false")
    made = tuple((part, (*options, *stage.split())) for part, stage in zip(parts, stages, strict=True))
    return Entry(name, "", "solver", made, setting)


NETWORK = "arch.fully_connected.nr_layers={} arch.fully_connected.layer_size={} arch.fully_connected.activation_fn={}"
TANH = NETWORK.format(2, 64, "tanh")
ADAM = f"{TANH} optimizer=adam scheduler.decay_rate=1.0"
SOAP = f"{TANH} optimizer=soap scheduler.decay_steps=10000"
LBFGS = f"{TANH} optimizer=lbfgs optimizer.max_iter={STEPS} optimizer.max_eval={STEPS}"
NATURAL = "optimizer=natural_gradient batch_size.interior=400 batch_size.edge=50"
FEWER_POINTS = f"400 points inside, 50 on each edge, {NEW}; natural gradients at their defaults"


def with_loss(loss: str) -> list[Entry]:
    """Return ours under one balancing scheme."""
    chosen = f"loss={loss}"
    new = FIRST_ORDER.format(NEW)
    return [
        ours(f"ours, Adam, {loss}", new, f"{ADAM} {chosen}"),
        ours(
            f"ours, Adam then L-BFGS, {loss}",
            f"{new} for a quarter of the time, then L-BFGS on one batch of points",
            f"{ADAM} {chosen}",
            f"{LBFGS} {chosen}",
        ),
        ours(
            f"ours, SOAP, {loss}",
            f"{SMALL}; {POINTS}, {NEW}; SOAP from 3e-3 to a twentieth of it in 10,000 steps",
            f"{SOAP} {chosen}",
        ),
        ours(
            f"ours, natural gradients, {loss}",
            f"3 x 64, SiLU; {FEWER_POINTS}",
            f"{NATURAL} {chosen}",
        ),
        ours(
            f"ours, natural gradients, scaled, {loss}",
            f"3 x 32, tanh; {SCALED}; {FEWER_POINTS}",
            f"{NATURAL} {NETWORK.format(3, 32, 'tanh')} custom.scaled=true {chosen}",
        ),
    ]


def first_order_peers() -> list[Entry]:
    """Return DeepXDE and PINA."""
    made = []
    for name, environment in (("DeepXDE", "deepxde"), ("PINA", "pina")):
        fixed = FIRST_ORDER.format(FIXED)
        lbfgs = f"{fixed} for a quarter of the time, then L-BFGS; float64"
        for scaled in (False, True):
            words, options = (f"; {SCALED}", " --scaled") if scaled else ("", "")
            suffix = ", scaled" if scaled else ""
            made += [
                peer(
                    f"{name}, Adam{suffix}",
                    environment,
                    environment,
                    f"adam{options}",
                    f"{fixed}{words}",
                ),
                peer(
                    f"{name}, Adam then L-BFGS{suffix}",
                    environment,
                    environment,
                    f"adam-lbfgs{options}",
                    f"{lbfgs}{words}",
                ),
            ]
    return made


IN_JAX = f"2 x 32, tanh; {POINTS}, {FIXED}; float64; {SCALED}"
ENTRIES = (
    *first_order_peers(),
    ours(
        "host, autodiff, Adam, sum",
        f"{FIRST_ORDER.format(NEW)}; the host's nested autodiff",
        f"{ADAM} loss=sum custom.derivatives=autodiff",
    ),
    *with_loss("sum"),
    *with_loss("relobralo"),
    peer("randngd, Nystrom", "jax", "randngd", "nystrom", f"{IN_JAX}; rank 500, conjugate gradients"),
    peer("randngd, direct", "jax", "randngd", "full", f"{IN_JAX}; Cholesky of the whole Gramian"),
    peer("ssbroyden-optimistix", "jax", "ssbroyden", "", f"{IN_JAX}; SSBroyden with its Zoom line search"),
    peer(
        "finite elements",
        "finite_elements",
        "finite_elements",
        "",
        "Argyris' triangle in scikit-fem; every mesh has four times the triangles of the one before; all meshes count",
    ),
)
"""In the order in which they run."""
