"""``--config-name article``: the article's setting, row by row, through the host's Solver."""

import numpy as np
import pytest
from example_runs import AUTODIFF, TERMS, run_example

from modulus_relobralo.report import read_run
from modulus_relobralo.report.settings import select

pytestmark = pytest.mark.host

# How the article ran its two experiments, by its public notebooks.
BOTH = {
    "arch.fully_connected.nr_layers": 3,
    "arch.fully_connected.layer_size": 64,
    "arch.fully_connected.weight_norm": False,
    "optimizer._target_": "torch.optim.Adam",
    "optimizer.lr": 1e-3,
    "batch_size.interior": 800,
    "custom.points": "resampled",
    "custom.reduction": "mean",
    "custom.initialization": "glorot_normal",
    "custom.scaled": False,
}
OWN = {
    "helmholtz": {
        "arch.fully_connected.activation_fn": "tanh",
        "batch_size.edge": 100,
        "custom.k": 1,
        "custom.m": 1,
        "custom.n": 4,
        "loss.weights": {"u": pytest.approx(400 / 1200)},
    },
    "kirchhoff": {
        "arch.fully_connected.activation_fn": "silu",
        "batch_size.edge": 100,
        "custom.D": pytest.approx(30000 * 0.2**3 / (12 * (1 - 0.2**2))),
        "custom.nu": 0.2,
        "custom.a": 10,
        "custom.b": 10,
        "custom.p0": 0.15,
        "custom.load": "sinusoidal",
        "loss.weights": {
            "kirchhoff": pytest.approx(1 / 20.8333333333**2),
            "w": pytest.approx(400 / 1200),
            "M_n": pytest.approx(400 / 1200),
        },
    },
}
RELOBRALO = {
    "helmholtz": {"loss.alpha": 0.999, "loss.temperature": 0.01, "loss.rho": 0.99},
    "kirchhoff": {"loss.alpha": 0.999, "loss.temperature": 0.1, "loss.rho": 0.99},
}


FEW = ("training.max_steps=1", AUTODIFF, "hydra.run.dir=run")


def values(config, names):
    return {name: select(config, name) for name in names}


@pytest.mark.parametrize(
    ("example", "overrides", "changed"),
    [
        ("helmholtz", ["loss=relobralo"], RELOBRALO["helmholtz"]),
        ("kirchhoff", ["loss=relobralo"], RELOBRALO["kirchhoff"]),
        ("helmholtz", ["loss=sum"], {}),
        # what the command line says is said last
        (
            "helmholtz",
            ["loss.temperature=0.5", "optimizer=sgd", "optimizer.lr=1e-9"],
            {"loss.temperature": 0.5, "optimizer._target_": "torch.optim.SGD", "optimizer.lr": 1e-9},
        ),
    ],
    ids=["helmholtz", "kirchhoff", "sum", "overridden"],
)
def test_the_table_row_by_row(example, overrides, changed, tmp_path):
    run_example(tmp_path, example, *FEW, "custom.seed=3", *overrides, config="article")
    trained = read_run(tmp_path / "run")
    table = {**BOTH, **OWN[example], **changed}
    assert values(trained.config, table) == table
    assert trained.seed == 3
    assert set(trained.losses) == set(TERMS[example])
    if example == "helmholtz":
        # Before the network has learnt anything the residual is nearly the source. The mean of its square is a quarter
        # of its amplitude's; the integral would be four times as large.
        assert trained.losses[example].values[0] == pytest.approx((17 * np.pi**2 - 1) ** 2 / 4, rel=0.3)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["artikel"], "--config-name must be one of article, config, first_order. Found --config-name artikel."),
        (
            ["config", "custom.initialization=xavier"],
            "Parameter `initialization` must be one of ['default', 'glorot_normal'",
        ),
    ],
)
def test_what_there_is_not_is_answered_with_what_there_is(wrong, message, tmp_path):
    config, *overrides = wrong
    assert message in run_example(tmp_path, "helmholtz", *FEW, *overrides, config=config, succeeds=False)
