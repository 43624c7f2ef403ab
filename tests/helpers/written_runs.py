"""Runs whose numbers are known, written by the host's means: TensorBoard, Hydra's files and npz."""

import itertools

import numpy as np
from torch.utils.tensorboard import SummaryWriter

X, Y = (points.reshape(-1, 1) for points in np.meshgrid(np.linspace(0, 1, 6), np.linspace(0, 1, 6)))
EXACT = 1 + X + Y
WEIGHTS = {"pde": {0: 1.0, 10: 1.5, 20: 1.75}, "walls": {0: 1.0, 10: 0.5, 20: 0.25}}
# The first record, and the time before it, from the start.
START, SETUP = 1.7e9, 2.0
OPTIMIZERS = {
    "adam": "{_target_: torch.optim.Adam, _params_: {compute_gradients: adam_compute_gradients}}",
    "lbfgs": "{_target_: modulus_relobralo.LBFGS, _params_: {compute_gradients: bfgs_compute_gradients}}",
    "natural_gradient": "{_target_: modulus_relobralo.NaturalGradient}",
}


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
    exact=None,
    terms=("pde", "walls"),
    optimizer="adam",
    top="",
    scalars=None,
    overrides=(),
):
    """Write a run into `folder`, and return the folder.

    `errors` are the relative L2 errors at the steps; the last one holds for those that follow. `options` and
    `parameters` are further entries of custom and of loss, as inline YAML, `top` further lines of the config. `exact`
    has the exact fields by variable; where it is empty there is no validator. `scalars` are further values at the
    steps by tag, `overrides` those of the command. The first loss term is `last_loss` in the end, the next one twice
    that.
    """
    write_hydra(folder, scheme, max_steps, seed, options, parameters, problem, optimizer, top, overrides)
    write_training(folder, steps, last_loss, errors, step_seconds, exact, terms, optimizer, scalars=scalars)
    if log:
        write_log(folder, problem, log)
    return folder


def write_hydra(
    folder,
    scheme="sum",
    max_steps=20,
    seed=3,
    options="",
    parameters="",
    problem="bending",
    optimizer="adam",
    top="",
    overrides=(),
):
    """Write what Hydra keeps of a run."""
    (folder / ".hydra").mkdir(parents=True, exist_ok=True)
    (folder / ".hydra" / "config.yaml").write_text(
        f"training: {{max_steps: {max_steps}, summary_freq: 10}}\n"
        f"custom: {{seed: {seed}, {options}}}\n"
        f"loss: {{_target_: {scheme}, {parameters}}}\n"
        f"optimizer: {OPTIMIZERS[optimizer]}\n{top}"
    )
    (folder / ".hydra" / "hydra.yaml").write_text(
        f"hydra: {{job: {{name: {problem}}}, runtime: {{choices: {{loss: {scheme}}}}}, "
        f"overrides: {{task: [{', '.join(overrides)}]}}}}\n"
    )


def write_log(folder, problem, log):
    """Write lines of the host into the log of the job, with what Hydra puts before them."""
    lines = [f"[2026-01-01 00:00:00,000][trainer][INFO] - {line}\n" for line in log.splitlines()]
    (folder / f"{problem}.log").write_text("".join(lines))


def write_training(
    folder,
    steps=(0, 10, 20),
    last_loss=0.5,
    errors=(0.25,),
    step_seconds=0.5,
    exact=None,
    terms=("pde", "walls"),
    optimizer="adam",
    start=START,
    setup=SETUP,
    scalars=None,
):
    """Write what the host records of one start of a training: an event file, the last fields and the weights."""
    exact = {"w": EXACT} if exact is None else exact
    (folder / "validators").mkdir(parents=True, exist_ok=True)
    # As the trainer makes it.
    writer = SummaryWriter(log_dir=str(folder), purge_step=11, filename_suffix=f".{optimizer}{int(start - START)}")
    writer.add_text("config", f"<pre>optimizer: {OPTIMIZERS[optimizer]}\n</pre>", walltime=start - setup)
    for number, (step, error) in enumerate(itertools.zip_longest(steps, errors[: len(steps)], fillvalue=errors[-1])):
        loss = last_loss if step == steps[-1] else 4.0 / (number + 1)
        values = {f"Train/loss_{term}": (place + 1) * loss for place, term in enumerate(terms)}
        values |= {tag: entries[number] for tag, entries in (scalars or {}).items()}
        values |= {"Train/loss_aggregated": 3 * loss, "Train/learning_rate": 1e-3}
        values |= {f"Monitors/weights/{term}": weights[step] for term, weights in WEIGHTS.items() if step in weights}
        for variable, field in exact.items():
            values[f"Validators/exact/l2_relative_error_{variable}"] = host_error(field, predict(field, error))
        for tag, value in values.items():
            writer.add_scalar(tag, value, step, walltime=start + step_seconds * step, new_style=True)
    writer.close()
    if exact:
        write_fields(folder, "exact", {name: (field, predict(field, errors[-1])) for name, field in exact.items()})


def write_fields(folder, validator, fields, coordinates=None):
    """Write exact and predicted fields as a validator does."""
    arrays = dict(coordinates or {"x": X, "y": Y})
    for name, (exact, predicted) in fields.items():
        arrays |= {f"true_{name}": exact, f"pred_{name}": predicted}
    np.savez(folder / "validators" / validator, arrays)


def write_inferencer(folder, name, **columns):
    """Write fields as an inferencer does: inputs, and then outputs."""
    (folder / "inferencers").mkdir(exist_ok=True)
    np.savez(folder / "inferencers" / name, {column: np.reshape(values, (-1, 1)) for column, values in columns.items()})


def predict(exact, error):
    """Return a field whose relative L2 error is `error`; of one that is 0 everywhere, one that is off by `error`."""
    return exact + error * np.where(exact, exact, 1)


def host_error(exact, predicted):
    """Return the error that the host logs: it divides by the variance of the exact field."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt(np.mean((exact - predicted) ** 2) / np.var(exact, ddof=1))
