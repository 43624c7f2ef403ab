"""The page on configs: every option of every group that this package adds, with its default."""

import re

import pytest
from omegaconf import OmegaConf
from programs import ROOT

from modulus_relobralo.hosts.plugin import FIELDS
from modulus_relobralo.options import RELOBRALO

PAGE = (ROOT / "docs" / "reference" / "config.md").read_text()
CONF = ROOT / "modulus_relobralo" / "conf"
FILES = sorted(CONF.glob("*/*.yaml"))


def documented(page, group, name):
    """Return the options of a section of a page, with their defaults, and the other names of options."""
    section = page.split(f"## `{group}: {name}`\n")[1].split("\n## ")[0]
    rows = re.findall(rf"^\| `{group}\.(\w+)`(?: \(or `{group}\.(\w+)`\))? \| ([^|]+) \|", section, re.M)
    values = {option: OmegaConf.create(f"x: {default}").x for option, _, default in rows}
    return values, {other: option for option, other, _ in rows if other}


def options(group, name):
    values = OmegaConf.load(CONF / group / f"{name}.yaml")
    return {key: value for key, value in values.items() if key != "_target_"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}={file.stem}")
def test_every_option_is_documented_with_its_default(file):
    values, aliases = documented(PAGE, file.parent.name, file.stem)
    assert {**values, **dict.fromkeys(aliases)} == options(file.parent.name, file.stem)


def test_every_section_is_an_option():
    sections = re.findall(r"^## `(\w+): (\w+)`$", PAGE, re.M)
    assert sorted(sections) == [(file.parent.name, file.stem) for file in FILES]


def test_the_options_of_a_solver_are_documented():
    values, aliases = documented(PAGE, "loss", "relobralo")
    fields = {name: default for name, _, default in FIELDS if name != "_target_"}
    assert {**values, **dict.fromkeys(aliases)} == {**fields, "weights": None}
    assert aliases == {option.alias: option.name for option in RELOBRALO if option.alias}
    for name in ("loss: relobralo_builtin", "optimizer: soap", "host_default"):
        assert f"| `{name}` |" in PAGE


def test_another_default_is_seen():
    page = PAGE.replace("| 0.99 |", "| 0.9 |")
    assert documented(page, "loss", "relobralo")[0] != options("loss", "relobralo")
