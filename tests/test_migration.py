"""The migration page's promises: its table, its recipe and its code."""

import re

import pytest
import torch
from programs import LOOPS, RENAMED, ROOT

from modulus_relobralo.hosts.plugin import FIELDS
from modulus_relobralo.hosts.sym import host

PAGE = (ROOT / "docs" / "reference" / "migration.md").read_text()
SETUP = (ROOT / "setup.cfg").read_text()


@pytest.mark.host
def test_the_defaults_are_ours_and_the_hosts():
    rows = re.findall(
        r"^\| `(\w+)`(?:, theirs `(\w+)`)? \| ([\d.e-]+) \| ([\d.e-]+) \| (?:`loss\.(\w+)=(.*?)`)?", PAGE, re.M
    )
    ours, theirs = {name: default for name, _, default in FIELDS}, host.load("hydra.loss").AggregatorRelobraloConf()
    assert {name for name, *_ in rows} == {"alpha", "rho", "temperature", "eps"}
    for name, alias, our_default, their_default, option, kept in rows:
        assert float(our_default) == ours[name]
        assert float(their_default) == getattr(theirs, alias or name)
        if option:
            assert (option, float(kept)) == (alias or name, float(their_default))
        else:
            assert float(our_default) == float(their_default)


def test_the_recipe_is_the_one_that_the_tests_of_programs_use():
    (recipe,) = re.findall(r"sed -i '(.*?)'", PAGE)
    replaced = [part.strip().split("/")[1:3] for part in recipe.split(";")]
    assert {old.replace("\\", ""): new for old, new in replaced} == RENAMED


CODE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def code_with(text):
    """Return the page's one block of code in which a text is."""
    (code,) = (block for block in CODE if text in block)
    return code


def test_the_code_trains():
    names = {}
    exec(code_with('"start"'), names)  # the page's own code
    assert names["balance"].names == ["pde", "start"]
    assert float(names["loss"].detach()) < 2.0
    assert float(names["balance"].lmbda_ema.max()) > 1.01


def test_the_loop_trains_a_plate():
    names = {}
    exec(code_with("RectangularPlate(1, 1"), names)
    assert names["balance"].names == ["kirchhoff", "slope_n", "w"]
    before = names["take_step"](names["optimizer"], names["terms"], sum_of, names["terms"].draw(0), 0)[1]
    assert 0 < float(before) < 10
    assert float(names["balance"].lmbda_ema.max()) > 1.01


def sum_of(losses, step):
    return sum(losses.values())


def test_the_cavitys_statements_balance_its_seven_terms():
    code = code_with('"u_slip"')
    assert len([line for line in code.splitlines() if line]) <= 5
    values = torch.tensor([3.0, 2.0, 1.0])
    terms = {name: torch.tensor(0.5) for name in ("u_no_slip", "v_no_slip", "u_slip", "v_slip")}
    names = {"torch": torch, "model": torch.nn.Linear(1, 1), **terms}
    names |= dict(zip(("cont", "mom_x", "mom_y"), values, strict=True))
    exec(code, names)
    assert float(names["phy_loss"]) == pytest.approx(9 + 4 + 1 + 4 * 0.5)
    assert len(names["balance"].names) == 7


@pytest.mark.skipif(not LOOPS, reason="needs PhysicsNeMo 2.1 or later")
def test_the_informer_takes_what_taylor_mode_gives():
    from physicsnemo.models.mlp import FullyConnected
    from physicsnemo.sym import PhysicsInformer

    from modulus_relobralo.hosts.physicsnemo import Equations, read
    from modulus_relobralo.plates import KirchhoffPlate
    from modulus_relobralo.taylor import TaylorDerivatives

    informer = PhysicsInformer(["kirchhoff"], Equations(KirchhoffPlate(D=2, nu=0.3, p=1)), grad_method="autodiff")
    network = FullyConnected(in_features=2, out_features=1, num_layers=1, layer_size=4)
    names = {"informer": informer, "network": network, "read": read, "TaylorDerivatives": TaylorDerivatives}
    names["points"] = {"coordinates": torch.rand(5, 2)}
    exec(code_with("required_inputs"), names)
    biharmonic = TaylorDerivatives(network, "xy", "w", ["biharmonic_w"], reader=read)(names["points"]["coordinates"])
    torch.testing.assert_close(names["residual"], 2 * biharmonic["biharmonic_w"] - 1)


def test_pins_are_those_of_the_extras():
    pins = set(re.findall(r"nvidia-[\w-]+==[\d.]+", PAGE))
    assert pins
    assert all(pin in SETUP for pin in pins)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(host, "_has_solver", lambda name: False)
        with pytest.raises(ModuleNotFoundError) as error:
            host.name()
    named = re.findall(r"nvidia-[\w-]+==[\d.]+\b", str(error.value))
    assert len(named) == 3
    assert all(pin in SETUP for pin in named)
