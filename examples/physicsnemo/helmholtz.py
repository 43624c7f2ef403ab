"""The Helmholtz equation in an explicit loop of PhysicsNeMo, with its loss terms balanced by ReLoBRaLo.

python examples/physicsnemo/helmholtz.py
python examples/physicsnemo/helmholtz.py loss=sum training.max_steps=2000 custom.seed=1
python examples/physicsnemo/helmholtz.py --config-name article
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
from sympy import Symbol, lambdify
from tqdm import trange

from modulus_relobralo.hosts.physicsnemo import read
from modulus_relobralo.initialization import initialize
from modulus_relobralo.loops import LossTerms, Records, samples, take_step
from modulus_relobralo.problems import HelmholtzRectangle, standing_wave
from modulus_relobralo.report import plot_run, print_table, read_run
from modulus_relobralo.taylor import Scaled


@hydra.main(version_base=None, config_path="conf/helmholtz", config_name="config")
def run(cfg):
    DistributedManager.initialize()
    torch.manual_seed(cfg.custom.seed)
    folder, device = HydraConfig.get().runtime.output_dir, DistributedManager().device
    dtype, training, log = getattr(torch, cfg.custom.precision), cfg.training, PythonLogger("helmholtz")

    # the problem, made so that a standing wave solves it, and its solution on a grid
    solution = standing_wave(m=cfg.custom.m, n=cfg.custom.n)
    wave = HelmholtzRectangle.with_solution(2, 2, solution, k=cfg.custom.k, lower=(-1, -1))
    x, y = (points.ravel() for points in np.meshgrid(*(np.linspace(-1, 1, cfg.custom.grid),) * 2))
    exact = lambdify([Symbol("x"), Symbol("y")], solution)(x, y)
    grid = torch.tensor(np.stack([x, y], 1), dtype=dtype, device=device)

    # the network: it sees x and y scaled to [-pi, pi], or its first layer would be too smooth for the wave
    network = FullyConnected(in_features=2, out_features=1, **cfg.arch)
    initialize(network, cfg.custom.initialization)
    if cfg.custom.scaled:
        network = Scaled(network, inputs=[(0.0, 1 / np.pi), (0.0, 1 / np.pi)], outputs=[(0.0, 1.0)])
    network.to(device, dtype)

    # loss terms: the equation inside, u on the edges
    places = samples(wave, **cfg.batch_size, per_edge=cfg.custom.per_edge, reduction=cfg.custom.reduction)
    terms = LossTerms(wave, places, network, seed=cfg.custom.seed, reader=read)
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
                error = records.fields(step, {"x": x, "y": y}, {"u": exact}, {"u": network(grid)})
            log.info(f"[step: {step}] loss {float(loss):.3e}, relative L2 error of u {error['u']:.3e}")
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
