"""One recommendation: README, documents, examples and the demo say the same."""

import re

import pytest
import yaml
from omegaconf import OmegaConf
from programs import ROOT

from benchmarks import demo
from modulus_relobralo.hosts.plugin import FIELDS

PLACES = ("README.md", "docs/start/choose.md")
EXAMPLES = ("gallery", "helmholtz", "kirchhoff", "reuse")


def choices(text):
    """Return what is written for each case, from the table of choices."""
    table = text.split("| what you have | what you write |\n|---|---|\n")[1].split("\n\n")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines()]
    return {case.strip(): frozenset(re.findall(r"\w+: \w+", what)) for case, what in rows}


def defaults(config):
    """Return the options that a config names, by group."""
    return {name: value for entry in config["defaults"] if isinstance(entry, dict) for name, value in entry.items()}


@pytest.fixture
def wanted():
    return choices((ROOT / PLACES[0]).read_text())


def test_the_tables_of_choices_are_one():
    first, second = (choices((ROOT / place).read_text()) for place in PLACES)
    assert first == second
    assert len(first) == 4


def test_another_recommendation_would_be_seen():
    page = (ROOT / PLACES[1]).read_text().replace("`loss: relobralo_grad`, `cuda_graphs: false`", "`loss: sum`")
    assert choices(page) != choices((ROOT / PLACES[0]).read_text())


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_trained_by_the_first(example, wanted):
    config = yaml.safe_load((ROOT / "examples" / example / "conf" / "config.yaml").read_text())
    found = {f"{group}: {option}" for group, option in defaults(config).items() if group in ("optimizer", "loss")}
    assert (
        found | {f"cuda_graphs: {str(config['cuda_graphs']).lower()}"}
        == wanted["pointwise constraints and a small network"]
    )


@pytest.mark.parametrize("example", EXAMPLES[1:3])
def test_the_setting_of_the_article_is_its_method(example, wanted):
    config = yaml.safe_load((ROOT / "examples" / example / "conf" / "first_order.yaml").read_text())
    found = {f"{name.split()[-1]}: {option}" for name, option in defaults(config).items()}
    assert found == wanted["the article's method as it is"]


def test_the_demo_ends_with_them(wanted):
    named = [frozenset(re.findall(r"(?:optimizer|loss|cuda_graphs): \w+", line)) for line in demo.NEXT.splitlines()]
    cases = ("pointwise constraints and a small network", "anything else", "CUDA graphs")
    assert [line for line in named if len(line) > 1] == [wanted[case] for case in cases]


def test_the_defaults_of_the_article_are_stated_once_and_alike():
    ours = {name: default for name, _, default in FIELDS}
    stated = {"alpha": 0.999, "temperature": 0.1, "rho": 0.99}
    assert {name: ours[name] for name in stated} == stated
    conf = OmegaConf.load(ROOT / "modulus_relobralo" / "conf" / "loss" / "relobralo.yaml")
    assert {name: conf[name] for name in stated} == stated
