"""Both hosts at once, in earnest: a checkpoint that changes hosts, and an environment in which both are installed."""

import re
import shutil
import sys
import textwrap
from pathlib import Path

import pytest
from programs import ROOT, found, install, read_csv, run

MODULUS, PHYSICSNEMO = ROOT / ".venv", ROOT / ".venv-physicsnemo"
pytestmark = [
    pytest.mark.host,
    pytest.mark.skipif(
        not (Path(sys.prefix) == PHYSICSNEMO and (MODULUS / "complete").exists()),
        reason="runs on PhysicsNeMo Sym with Modulus Sym beside it: make env test-physicsnemo",
    ),
]
EXAMPLE = ROOT / "examples" / "helmholtz" / "helmholtz.py"
SMALL = [
    "arch.fully_connected.layer_size=8",
    "batch_size.interior=32",
    "batch_size.edge=16",
    "custom.batches=2",
    "loss=relobralo",
    "optimizer=adam",
    "custom.grid=10",
    # lookbacks within few steps: a resumed run must have their draws
    "loss.alpha=0.9",
    "loss.rho=0.5",
    "training.rec_monitor_freq=1",
    # each part writes the fields anew: NumPy 1, which Modulus Sym needs, does not read those of NumPy 2
    "training.rec_validation_freq=10",
    "training.save_network_freq=10",
]


def train(env, folder, steps):
    """Train the example to a step; return what it printed and the weights in its table."""
    overrides = [*SMALL, f"training.max_steps={steps}", "hydra.run.dir=run"]
    output = run([env / "bin" / "python", "-W", "ignore", EXAMPLE, *overrides], folder)
    _, rows = read_csv(folder / "run" / "monitors" / "weights.csv")
    return output, [[float(value) for value in row] for row in rows]


@pytest.mark.parametrize(("first", "second"), [(MODULUS, PHYSICSNEMO), (PHYSICSNEMO, MODULUS)], ids=["there", "back"])
def test_a_checkpoint_of_one_host_resumes_under_the_other(first, second, tmp_path):
    (tmp_path / "start").mkdir()
    train(first, tmp_path / "start", 20)
    rows = {}
    for name, env in (("stays", first), ("changes", second)):
        shutil.copytree(tmp_path / "start", tmp_path / name)
        output, rows[name] = train(env, tmp_path / name, 30)
        assert "Success loading optimizer" in output
        assert "Success loading model" in output
        assert [step for step, *_ in rows[name]] == list(range(31))
        # It went on at the checkpoint.
        assert re.search(r"\[step: +(\d+)\] record monitor", output)[1] == "20"
    for stays, changes in zip(rows["stays"], rows["changes"], strict=True):
        assert changes == pytest.approx(stays, rel=1e-3)
    # The control: the weights do move.
    assert rows["changes"][30][1:] != pytest.approx(rows["changes"][20][1:], rel=1e-2)


PROGRAM = """
    import json
    from modulus_relobralo import ReLoBRaLo  # before the host, as import sorters would have it
    import {host}
    from {host}.hydra import instantiate_arch
    from {host}.hydra.utils import instantiate_agg
    from modulus_relobralo.hosts.sym import WeightMonitor, geometry
    from modulus_relobralo.problems import HelmholtzRectangle, HelmholtzWave

    @{host}.main(config_path="conf", config_name="config")
    def run(cfg):
        aggregator = instantiate_agg(cfg, iter([]), 2)
        wave = HelmholtzRectangle(1, 1, HelmholtzWave(1))
        kinds = [type(aggregator), WeightMonitor.__mro__[1], type(geometry(wave)).__mro__[1]]
        print("FOUND", json.dumps([kind.__module__ + "." + kind.__name__ for kind in kinds]))

    run()
"""
CONFIG = """
    defaults:
      - host_default
      - scheduler: tf_exponential_lr
      - optimizer: adam
      - loss: relobralo
      - _self_
    hydra:
      run:
        dir: outputs
"""


@pytest.fixture(scope="module")
def both_installed(tmp_path_factory):
    python = install(tmp_path_factory.mktemp("both"))
    (packages,) = (MODULUS / "lib").glob("python*/site-packages")
    # Behind the others: torch and numpy are those of PhysicsNeMo.
    folder = run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).strip()
    Path(folder, "modulus.pth").write_text(f"{packages}\n")
    return python


@pytest.mark.parametrize("host", ["modulus.sym", "physicsnemo.sym"])
def test_with_both_installed_everything_is_of_the_imported_one(both_installed, host, tmp_path):
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").write_text(textwrap.dedent(CONFIG).lstrip())
    (tmp_path / "program.py").write_text(textwrap.dedent(PROGRAM.format(host=host)).lstrip())
    (kinds,) = found(run([both_installed, "-W", "ignore", "program.py"], tmp_path))
    assert kinds == [
        "modulus_relobralo.balancing.relobralo.ReLoBRaLo",
        f"{host}.domain.monitor.monitor.Monitor",
        f"{host}.geometry.geometry.Geometry",
    ]
