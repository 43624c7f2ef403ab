"""Options in Hydra programs of users: what they have to write, and that others see nothing."""

import sys

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from programs import found, run, write_files
from torch import nn

from modulus_relobralo import LBFGS, SOAP, NaturalGradient, ReLoBRaLo
from modulus_relobralo.balancing import Sum
from modulus_relobralo.hosts.plugin import ALWAYS_LOADED
from modulus_relobralo.optimizers import Adam
from modulus_relobralo.options import LBFGS as LBFGS_OPTIONS
from modulus_relobralo.options import NATURAL_GRADIENT, RELOBRALO
from modulus_relobralo.options import SOAP as SOAP_OPTIONS

DEFAULTS = """
    defaults:
      - loss: relobralo
      - optimizer: natural_gradient
      - _self_
"""
NAMED = (
    DEFAULTS
    + """
    hydra:
      searchpath: [pkg://modulus_relobralo.conf]
"""
)
PROGRAM = """
    import json
    import hydra
    import torch
    from hydra.utils import instantiate

    @hydra.main(version_base=None, config_path=".", config_name="config")
    def main(cfg):
        network = torch.nn.Linear(2, 1)
        balance = instantiate(cfg.loss, network.parameters(), num_losses=2)
        optimizer = instantiate(cfg.optimizer, network.parameters())
        print("FOUND", json.dumps([repr(balance), type(optimizer).__name__]))

    main()
"""
OURS = "import modulus_relobralo.balancing\n"


@pytest.fixture
def composed(tmp_path):
    write_files(tmp_path, config_DOT_yaml=NAMED)

    def make(*overrides):
        with initialize_config_dir(str(tmp_path), version_base=None):
            return compose("config", overrides=list(overrides))

    return make


@pytest.mark.parametrize(("config", "program"), [(DEFAULTS, OURS), (NAMED, "")], ids=["imports us", "names us"])
def test_a_program_of_a_user(tmp_path, config, program):
    write_files(tmp_path, config_DOT_yaml=config, train_DOT_py=PROGRAM)
    path = tmp_path / "train.py"
    path.write_text(program + path.read_text())
    printed = run([sys.executable, "-W", "ignore", path, "loss.rho=0.5", "optimizer=lbfgs"], tmp_path)
    ((balance, optimizer),) = found(printed)
    assert "rho=0.5" in balance
    assert optimizer == "LBFGS"


def test_a_program_that_does_neither_has_no_option_of_ours(tmp_path):
    write_files(tmp_path, config_DOT_yaml=DEFAULTS, train_DOT_py=PROGRAM)
    printed = run([sys.executable, "-W", "ignore", "train.py"], tmp_path, succeeds=False)
    assert "In 'config': Could not find" in printed
    assert "FOUND" not in printed


def test_what_the_plugin_loads_does_not_count_as_an_import_of_ours(tmp_path):
    shown = "print('FOUND', *(name for name in sys.modules if 'relobralo' in name))"
    code = f"import sys, modulus_relobralo.hosts.plugin; {shown}"
    loaded = set(run([sys.executable, "-W", "ignore", "-c", code], tmp_path).split("FOUND")[1].split())
    assert loaded == ALWAYS_LOADED


def test_defaults_stand_in_the_options(composed):
    cfg = composed()
    assert {option.name: cfg.loss[option.name] for option in RELOBRALO} == {o.name: o.default for o in RELOBRALO}
    assert {name: cfg.optimizer[name] for name in NATURAL_GRADIENT._fields} == NATURAL_GRADIENT._asdict()
    lbfgs = composed("optimizer=lbfgs").optimizer
    assert {name: lbfgs[name] for name in LBFGS_OPTIONS._fields} == LBFGS_OPTIONS._asdict()
    soap = composed("optimizer=soap").optimizer
    assert {name: soap[name] for name in SOAP_OPTIONS._fields} == {**SOAP_OPTIONS._asdict(), "betas": [0.95, 0.95]}
    aliases = {option.alias for option in RELOBRALO if option.alias}
    assert {cfg.loss[alias] for alias in aliases} == {None}
    assert set(cfg.loss) == {"_target_", "weights", *aliases, *(option.name for option in RELOBRALO)}


def test_an_alias_is_taken(composed):
    balance = instantiate(composed("loss.tau=1", "+loss.weights.u=2.0").loss, nn.Linear(2, 1).parameters(), 2)
    assert (balance.temperature, balance.weights) == (1.0, {"u": 2.0})


@pytest.mark.parametrize(
    ("override", "group", "kind"),
    [
        ("loss=relobralo", "loss", ReLoBRaLo),
        ("loss=sum", "loss", Sum),
        ("optimizer=adam", "optimizer", Adam),
        ("optimizer=lbfgs", "optimizer", LBFGS),
        ("optimizer=natural_gradient", "optimizer", NaturalGradient),
        ("optimizer=soap", "optimizer", SOAP),
    ],
)
def test_one_line_makes_each(composed, override, group, kind):
    network = nn.Linear(2, 1)
    arguments = {"num_losses": 2} if group == "loss" else {}
    made = instantiate(composed(override)[group], network.parameters(), **arguments)
    assert type(made) is kind
    if group == "optimizer":
        assert [id(p) for p in made.param_groups[0]["params"]] == [id(p) for p in network.parameters()]
