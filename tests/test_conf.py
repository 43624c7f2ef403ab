"""Options in Hydra programs of users: what they have to write, and that others see nothing."""

import inspect
import sys

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf
from programs import found, run, write_files
from torch import nn

from modulus_relobralo import LBFGS, SOAP, NaturalGradient, ReLoBRaLo, ReLoBRaLoGrad
from modulus_relobralo.balancing import Sum
from modulus_relobralo.hosts.plugin import ALWAYS_LOADED
from modulus_relobralo.optimizers import Adam

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


@pytest.mark.parametrize(
    ("config", "program"),
    [(DEFAULTS, OURS), (DEFAULTS, "import physicsnemo\n"), (NAMED, "")],
    ids=["imports us", "imports PhysicsNeMo", "names us"],
)
def test_a_program_of_a_user(tmp_path, config, program):
    # A PhysicsNeMo without a Solver, on every machine.
    write_files(tmp_path, config_DOT_yaml=config, train_DOT_py=PROGRAM, physicsnemo_DOT_py="")
    path = tmp_path / "train.py"
    path.write_text(program + path.read_text())
    printed = run([sys.executable, "-W", "ignore", path, "loss.rho=0.5", "optimizer=lbfgs"], tmp_path)
    ((balance, optimizer),) = found(printed)
    assert "rho=0.5" in balance
    assert optimizer == "LBFGS"


def test_options_of_a_programs_own_come_first(tmp_path):
    own = "_target_: torch.nn.MSELoss"
    write_files(tmp_path, config_DOT_yaml="defaults: [{loss: relobralo}]", loss__relobralo_DOT_yaml=own)
    write_files(tmp_path, physicsnemo_DOT_py="")
    program = "import hydra, physicsnemo\n@hydra.main(version_base=None, config_path='.', config_name='config')\n"
    (tmp_path / "train.py").write_text(program + "def main(cfg):\n    print(cfg.loss)\nmain()\n")
    printed = run([sys.executable, "-W", "ignore", "train.py"], tmp_path)
    assert printed.strip() == "{'_target_': 'torch.nn.MSELoss'}"


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


@pytest.mark.parametrize(
    ("override", "kind", "not_of_a_config"),
    [
        ("loss=relobralo", ReLoBRaLo, {"params", "num_losses"}),
        ("loss=relobralo_grad", ReLoBRaLoGrad, {"params", "num_losses"}),
        ("loss=sum", Sum, {"params", "num_losses"}),
        ("optimizer=natural_gradient", NaturalGradient, {"params", "lr"}),
        ("optimizer=lbfgs", LBFGS, {"params", "lr", "options"}),
        ("optimizer=soap", SOAP, {"params", "options"}),
    ],
)
def test_a_file_holds_each_keyword_of_its_class_with_its_default(composed, override, kind, not_of_a_config):
    keywords = {
        name: keyword.default
        for name, keyword in inspect.signature(kind).parameters.items()
        if name not in not_of_a_config
    }
    found = OmegaConf.to_container(composed(override)[override.partition("=")[0]])
    assert found.pop("_target_").endswith(f".{kind.__name__}")
    # PyTorch has it, and our class hands it on.
    found = {name: value for name, value in found.items() if (kind, name) != (LBFGS, "max_iter")}
    # No default: the program has to name them.
    keywords = {name: None if default is inspect.Parameter.empty else default for name, default in keywords.items()}
    assert {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()} == keywords


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
