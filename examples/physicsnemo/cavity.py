"""Flow in a square cavity whose lid slides over it, at a Reynolds number of 100, in an explicit loop of PhysicsNeMo.

python examples/physicsnemo/cavity.py loss=sum optimizer=soap
"""

import hydra
import numpy as np
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from physicsnemo.distributed import DistributedManager
from physicsnemo.models.mlp import FullyConnected
from physicsnemo.sym import PDE, PhysicsInformer
from physicsnemo.utils.checkpoint import load_checkpoint, save_checkpoint
from physicsnemo.utils.logging import PythonLogger
from sympy import Function, Symbol
from tqdm import trange

from modulus_relobralo.loops import Records, take_step
from modulus_relobralo.report import print_table, read_run

# Velocities along the lines through the middle: Ghia, Ghia and Shin, J. Comput. Phys. 48 (1982), tables I and II.
Y = [0.0547, 0.0703, 0.1016, 0.1719, 0.2813, 0.4531, 0.5, 0.6172, 0.7344, 0.8516, 0.9531, 0.9766]
U = [-0.03717, -0.04775, -0.06434, -0.1015, -0.15662, -0.2109, -0.20581, -0.13641, 0.00332, 0.23151, 0.68717, 0.84123]
X = [0.0625, 0.0781, 0.0938, 0.1563, 0.2266, 0.2344, 0.5, 0.8047, 0.8594, 0.9063, 0.9453, 0.9609]
V = [0.09233, 0.1089, 0.12317, 0.16077, 0.17507, 0.17527, 0.05454, -0.24533, -0.22445, -0.16914, -0.10313, -0.07391]


class NavierStokes(PDE):
    """Steady flow of a fluid of density 1 and viscosity nu."""

    def __init__(self, nu):
        self.dim = 2
        x, y = Symbol("x"), Symbol("y")
        u, v, p = (Function(name)(x, y) for name in "uvp")
        self.equations = {"continuity": u.diff(x) + v.diff(y)}
        for along, velocity in ((x, u), (y, v)):
            transport = u * velocity.diff(x) + v * velocity.diff(y)
            friction = nu * (velocity.diff(x, 2) + velocity.diff(y, 2))
            self.equations[f"momentum_{along.name}"] = transport + p.diff(along) - friction


def draw(interior, boundary, device):
    """Return new points inside, on the walls and on the lid."""
    inside = torch.rand(interior, 2, device=device, requires_grad=True)
    along, side = torch.rand(boundary, 1, device=device), torch.randint(3, (boundary, 1), device=device)
    walls = torch.where(side == 2, torch.cat([along, 0 * along], 1), torch.cat([side.clamp(max=1).float(), along], 1))
    return inside, walls, torch.cat([along, torch.ones_like(along)], 1)


def loss_terms(network, informer, inside, walls, lid):
    """Return the loss terms by name: the equations inside, the velocities on walls and lid."""
    fields = dict(zip("uvp", network(inside).split(1, dim=1), strict=True))
    losses = {name: each.square().mean() for name, each in informer.forward({"coordinates": inside, **fields}).items()}
    # The velocity jumps in the corners: there the lid's condition is left to the walls.
    slide = (1 - (2 * lid[:, 0] - 1).abs()) * (network(lid)[:, 0] - 1).square()
    for i, name in enumerate("uv"):
        losses[f"{name}_walls"] = network(walls)[:, i].square().mean()
    return losses | {"u_lid": slide.mean(), "v_lid": network(lid)[:, 1].square().mean()}


@hydra.main(version_base=None, config_path="conf/cavity", config_name="config")
def run(cfg):
    DistributedManager.initialize()
    torch.manual_seed(cfg.custom.seed)
    folder, device = HydraConfig.get().runtime.output_dir, DistributedManager().device
    training, log, flow = cfg.training, PythonLogger("cavity"), NavierStokes(nu=0.01)
    network = FullyConnected(in_features=2, out_features=3, **cfg.arch).to(device)
    informer = PhysicsInformer(list(flow.equations), flow, grad_method="autodiff", device=device)
    balance = instantiate(cfg.loss, network.parameters(), num_losses=7)
    optimizer = instantiate(cfg.optimizer, network.parameters())
    lines = {"u": np.stack([np.full(len(Y), 0.5), Y], 1), "v": np.stack([X, np.full(len(X), 0.5)], 1)}
    state = {"models": [network, balance], "optimizer": optimizer}
    start = load_checkpoint(f"{folder}/checkpoints", **state)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: cfg.decay ** ((start + n) / training.max_steps))
    records = Records(folder, cfg, start)
    for step in trange(start, training.max_steps + 1, initial=start, total=training.max_steps + 1):
        points = draw(**cfg.batch_size, device=device)
        losses, loss = take_step(optimizer, lambda new: loss_terms(network, informer, *new), balance, points, step)
        scheduler.step()
        if step % training.summary_freq == 0:
            records.losses(step, losses, loss)
        if step % training.rec_monitor_freq == 0:
            records.weights(step, balance)
        if step % training.rec_validation_freq == 0 or step == training.max_steps:
            for i, (name, exact) in enumerate({"u": U, "v": V}.items()):
                x, y = lines[name].T
                with torch.no_grad():
                    found = network(torch.tensor(lines[name], dtype=torch.float32, device=device))[:, i]
                error = records.fields(step, {"x": x, "y": y}, {name: exact}, {name: found}, f"middle_{name}")
                log.info(f"[step: {step}] loss {float(loss):.3e}, relative L2 error of {name} {error[name]:.3e}")
        if (step + 1) % training.save_network_freq == 0:
            save_checkpoint(f"{folder}/checkpoints", epoch=step + 1, **state)
    records.close()
    log.success(f"[step: {training.max_steps}] finished training!")
    print_table([read_run(folder)])


if __name__ == "__main__":
    run()
