"""Runs whose numbers are known, written by the host's means: TensorBoard, Hydra's files and npz."""

import itertools

import numpy as np
from torch.utils.tensorboard import SummaryWriter

X, Y = (points.reshape(-1, 1) for points in np.meshgrid(np.linspace(0, 1, 6), np.linspace(0, 1, 6)))
EXACT = 1 + X + Y
START = 1.7e9


def write_run(
    folder,
    scheme="relobralo",
    steps=(0, 10, 20),
    max_steps=20,
    last_loss=0.5,
    seed=3,
    errors=(0.25,),
    options="",
    parameters="",
    problem="bending",
    log="",
    step_seconds=0.5,
):
    """Write a run into `folder`, and return the folder.

    `errors` are the relative L2 errors at the steps; the last one holds for those that follow. `options` and
    `parameters` are further entries of custom and of loss, as inline YAML.
    """
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "config.yaml").write_text(
        f"training: {{max_steps: {max_steps}, summary_freq: 10}}\n"
        f"custom: {{seed: {seed}, {options}}}\n"
        f"loss: {{_target_: {scheme}, {parameters}}}\n"
    )
    (folder / ".hydra" / "hydra.yaml").write_text(
        f"hydra: {{job: {{name: {problem}}}, runtime: {{choices: {{loss: {scheme}}}}}}}\n"
    )
    writer = SummaryWriter(log_dir=str(folder))
    for number, (step, error) in enumerate(itertools.zip_longest(steps, errors[: len(steps)], fillvalue=errors[-1])):
        loss = last_loss if step == steps[-1] else 4.0 / (number + 1)
        # As the host computes it: with the standard deviation of the exact field.
        logged = error * np.sqrt(np.mean(EXACT**2)) / np.std(EXACT, ddof=1)
        scalars = {
            "Train/loss_pde": loss,
            "Train/loss_walls": 2 * loss,
            "Train/loss_aggregated": 3 * loss,
            "Train/learning_rate": 1e-3,
            "Validators/exact/l2_relative_error_w": logged,
        }
        for tag, value in scalars.items():
            writer.add_scalar(tag, value, step, walltime=START + step_seconds * step, new_style=True)
    writer.add_text("config", "text is no scalar")
    writer.close()
    (folder / "validators").mkdir()
    predicted = EXACT * (1 + errors[-1])
    np.savez(folder / "validators" / "exact", {"x": X, "y": Y, "true_w": EXACT, "pred_w": predicted})
    (folder / "monitors").mkdir()
    (folder / "monitors" / "weights.csv").write_text("step,pde,walls\n0,1,1\n10,1.5,0.5\n20,1.75,0.25\n")
    if log:
        (folder / f"{problem}.log").write_text(f"[2026-01-01 00:00:00,000][trainer][ERROR] - {log}\n")
    return folder
