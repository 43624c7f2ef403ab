"""The migration page's promises: its table, its recipe and its code."""

import re

import pytest
from programs import RENAMED, ROOT

from modulus_relobralo.hosts.plugin import FIELDS
from modulus_relobralo.hosts.sym import host

PAGE = (ROOT / "docs" / "migration.md").read_text()
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


def test_the_code_trains():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names = {}
    exec(code, names)  # the page's own code
    assert names["balance"].names == ["pde", "start"]
    assert float(names["loss"].detach()) < 2.0
    assert float(names["balance"].lmbda_ema.max()) > 1.01


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
