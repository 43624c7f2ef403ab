"""The plate in DeepXDE, with its PyTorch backend.

    python -m benchmarks.peers.deepxde adam --record FILE --limit SECONDS [--scaled]

Adam at 1e-3, then L-BFGS with DeepXDE's own options and in float64, as its documentation advises for it. `--scaled` has
lengths and deflection of order 1, by the transforms that its FAQ advises.
"""

from __future__ import annotations

import os

os.environ["DDE_BACKEND"] = "pytorch"

import contextlib
import math

import deepxde as dde
import numpy as np
import torch

from benchmarks.peers.clock import Clock, arguments
from benchmarks.peers.closures import ClockedClosures, Stop
from benchmarks.peers.plate import ADAM_FRACTION, EDGE, EDGE_WEIGHT, INTERIOR, NU, P0, PDE_WEIGHT, SIDE, STRIP, D

PACKAGES = ("deepxde", "torch", "numpy")
NEVER = 10**9


def main() -> None:
    parser = arguments(__doc__, ["adam", "adam-lbfgs"])
    parser.add_argument("--scaled", action="store_true")
    args = parser.parse_args()
    clock = Clock(args, PACKAGES)
    dde.config.set_random_seed(args.seed)
    then_lbfgs = args.optimizer == "adam-lbfgs"
    dde.config.set_default_float("float64" if then_lbfgs else "float32")
    model = make_model(args.scaled)
    closures = ClockedClosures(clock, lambda points: model.predict(points.astype(dde.config.real(np))))
    train(model, closures, "adam", args.limit * ADAM_FRACTION if then_lbfgs else math.inf)
    if then_lbfgs and not clock.over:
        train(model, closures, "L-BFGS", math.inf)
    clock.look(closures.evaluations, closures.predict, at_once=True)
    clock.finish("end of training")


def make_model(scaled: bool) -> dde.Model:
    """Return the model: 2 x 64, tanh, Glorot uniform; points that are drawn once, as DeepXDE does it."""
    square = dde.geometry.Rectangle([0, 0], [SIDE, SIDE])
    conditions = [
        dde.icbc.DirichletBC(square, lambda x: 0, lambda x, on_boundary: on_boundary),
        dde.icbc.OperatorBC(square, moment, lambda x, on_boundary: on_boundary),
    ]
    data = dde.data.PDE(square, equilibrium, conditions, num_domain=INTERIOR, num_boundary=4 * EDGE)
    network = dde.nn.FNN([2, 64, 64, 1], "tanh", "Glorot uniform")
    if scaled:
        network.apply_feature_transform(lambda x: x / (SIDE / 2) - 1)
        network.apply_output_transform(lambda x, w: w * STRIP)
    return dde.Model(data, network)


def equilibrium(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    w_xx, w_yy = (dde.grad.hessian(w, x, i=i, j=i) for i in (0, 1))
    w_xxxx, w_xxyy = (dde.grad.hessian(w_xx, x, i=i, j=i) for i in (0, 1))
    w_yyyy = dde.grad.hessian(w_yy, x, i=1, j=1)
    wave = math.pi / SIDE
    load = P0 * torch.sin(wave * x[:, :1]) * torch.sin(wave * x[:, 1:])
    return D * (w_xxxx + 2 * w_xxyy + w_yyyy) - load


def moment(x: torch.Tensor, w: torch.Tensor, _: np.ndarray) -> torch.Tensor:
    w_xx, w_yy = (dde.grad.hessian(w, x, i=i, j=i) for i in (0, 1))
    across_x = torch.isclose(x[:, :1] % SIDE, torch.zeros(1, dtype=x.dtype))
    return -D * torch.where(across_x, w_xx + NU * w_yy, w_yy + NU * w_xx)


def train(model: dde.Model, closures: ClockedClosures, optimizer: str, until: float) -> None:
    """Train by one optimizer until the clock says stop, or the optimizer itself does."""
    weights = [PDE_WEIGHT, EDGE_WEIGHT, EDGE_WEIGHT]
    if optimizer == "adam":
        model.compile("adam", lr=1e-3, loss_weights=weights)
    else:
        model.compile(optimizer, loss_weights=weights)
    model.opt.__class__ = closures.optimizer(type(model.opt), until)
    with contextlib.suppress(Stop):
        model.train(iterations=NEVER if optimizer == "adam" else None, display_every=NEVER, verbose=0)


if __name__ == "__main__":
    main()
