"""A simply supported Kirchhoff plate in an explicit loop of PhysicsNeMo, with its loss terms balanced by ReLoBRaLo.

python examples/physicsnemo/kirchhoff.py
python examples/physicsnemo/kirchhoff.py loss=sum custom.load=uniform training.max_steps=2000 custom.seed=1
python examples/physicsnemo/kirchhoff.py --config-name article
python examples/physicsnemo/kirchhoff.py optimizer=natural_gradient training.max_steps=200 batch_size.interior=400
"""

import hydra
import numpy as np
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from physicsnemo.distributed import DistributedManager
from physicsnemo.models.mlp import FullyConnected
from physicsnemo.utils.checkpoint import load_checkpoint, save_checkpoint
from physicsnemo.utils.logging import PythonLogger
from sympy import Symbol, lambdify, pi, sin
from tqdm import trange

from modulus_relobralo.hosts.physicsnemo import read
from modulus_relobralo.initialization import initialize
from modulus_relobralo.loops import LossTerms, Records, samples, take_step
from modulus_relobralo.plates import KirchhoffPlate, RectangularPlate, navier_deflection, sinusoidal_deflection
from modulus_relobralo.report import plot_run, print_table, read_run
from modulus_relobralo.taylor import Scaled


def load_and_deflection(custom):
    """Return the load p(x, y) and the exact deflection as a function of arrays x and y."""
    a, b, D, p0 = custom.a, custom.b, custom.D, custom.p0
    if custom.load == "uniform":
        return p0, lambda x, y: navier_deflection(x, y, a, b, D, p0)
    if custom.load == "sinusoidal":
        x, y = Symbol("x"), Symbol("y")
        return p0 * sin(pi * x / a) * sin(pi * y / b), lambdify([x, y], sinusoidal_deflection(a, b, D, p0))
    raise ValueError(f"custom.load must be sinusoidal or uniform. Found {custom.load}.")


@hydra.main(version_base=None, config_path="conf/kirchhoff", config_name="config")
def run(cfg):
    DistributedManager.initialize()
    torch.manual_seed(cfg.custom.seed)
    folder, device = HydraConfig.get().runtime.output_dir, DistributedManager().device
    dtype, training, log = getattr(torch, cfg.custom.precision), cfg.training, PythonLogger("kirchhoff")

    # the plate, its load and its exact deflection on a grid
    load, deflection = load_and_deflection(cfg.custom)
    equation = KirchhoffPlate(D=cfg.custom.D, nu=cfg.custom.nu, p=load)
    plate = RectangularPlate(cfg.custom.a, cfg.custom.b, equation, edges="simply_supported")
    a, b = plate.shape.a, plate.shape.b
    x, y = (
        axis.ravel() for axis in np.meshgrid(np.linspace(0, a, cfg.custom.grid), np.linspace(0, b, cfg.custom.grid))
    )
    exact, grid = deflection(x, y), torch.tensor(np.stack([x, y], 1), dtype=dtype, device=device)

    # the network: lengths are scaled to order 1, and w by what a strip of the shorter span deflects
    network = FullyConnected(in_features=2, out_features=1, **cfg.arch)
    initialize(network, cfg.custom.initialization)
    if cfg.custom.scaled:
        strip = cfg.custom.p0 * min(a, b) ** 4 / (np.pi**4 * cfg.custom.D)
        network = Scaled(network, inputs=[(a / 2, a / 2), (b / 2, b / 2)], outputs=[(0.0, strip)])
    network.to(device, dtype)

    # loss terms: equilibrium inside, no deflection and no moment on the edges
    places = samples(plate, **cfg.batch_size, per_edge=cfg.custom.per_edge, reduction=cfg.custom.reduction)
    terms = LossTerms(plate, places, network, seed=cfg.custom.seed, reader=read)
    balance = instantiate(cfg.loss, network.parameters(), num_losses=len(terms.names))
    optimizer = instantiate(cfg.optimizer, network.parameters())

    # train, from where an earlier start in this folder ended
    state = {"models": [network, balance], "optimizer": optimizer}
    start = load_checkpoint(f"{folder}/checkpoints", **state)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: cfg.decay ** ((start + n) / training.max_steps))
    records = Records(folder, cfg, start)
    for step in trange(start, training.max_steps + 1, initial=start, total=training.max_steps + 1):
        losses, loss = take_step(optimizer, terms, balance, terms.draw(step), step)
        scheduler.step()
        if step % training.summary_freq == 0:
            records.losses(step, losses, loss)
        if step % training.rec_monitor_freq == 0:
            records.weights(step, balance)
            records.optimizer(step, optimizer)
        if step % training.rec_validation_freq == 0 or step == training.max_steps:
            with torch.no_grad():
                error = records.fields(step, {"x": x, "y": y}, {"w": exact}, {"w": network(grid)})
            log.info(f"[step: {step}] loss {float(loss):.3e}, relative L2 error of w {error['w']:.3e}")
        if (step + 1) % training.save_network_freq == 0:
            save_checkpoint(f"{folder}/checkpoints", epoch=step + 1, **state)
    records.close()
    log.success(f"[step: {training.max_steps}] finished training!")
    # show what came out
    result = read_run(folder)
    print_table([result])
    for path in plot_run(result):
        print(path.resolve())


if __name__ == "__main__":
    run()
