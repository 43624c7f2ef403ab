"""One recommendation: README, documents, examples, `solve` and the demo say the same."""

import inspect
import re

import pytest
import yaml
from omegaconf import OmegaConf
from programs import ROOT

from benchmarks import demo
from modulus_relobralo.hosts.plugin import FIELDS
from modulus_relobralo.loops import solve

PLACES = ("README.md", "docs/start/choose.md")
PAGE = (ROOT / "docs" / "reference" / "recommendations.md").read_text()
EXCEPTIONS = {f"examples/plates/conf/{name}.yaml": "[an exception](#plates)" for name in ("config", "family")}


def choices(text):
    """Return what is written for each case, from the table of choices."""
    table = text.split("| what you have | what you write |\n|---|---|\n")[1].split("\n\n")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines()]
    return {case.strip(): frozenset(re.findall(r"\w+: \w+", what)) for case, what in rows}


def rows(section):
    """Return the rows of the page's table in a section, by their first cell."""
    table = re.findall(r"^\|(.*)\|$", PAGE.split(f"## {section}\n")[1].split("\n## ")[0], re.M)[2:]
    cells = [[cell.strip() for cell in line.split("|")] for line in table]
    return {first.strip("`"): others for first, *others in cells}


def named(path):
    """Return the optimizer and the loss of a config, its own or those of the one that it builds on."""
    found = {}
    for entry in yaml.safe_load(path.read_text()).get("defaults", []):
        if isinstance(entry, str):
            base = path.with_name(f"{entry}.yaml")
            found |= named(base) if base.is_file() else {}
        else:
            found |= {key.split()[-1]: option for key, option in entry.items() if "@" not in key}
    return {group: option for group, option in found.items() if group in ("optimizer", "loss")}


def configs():
    """Return the configs of all examples that name an optimizer and a loss."""
    paths = sorted((ROOT / "examples").glob("*/conf/**/*.yaml"))
    found = {str(path.relative_to(ROOT)): named(path) for path in paths if "defaults" in path.read_text()}
    return {path: options for path, options in found.items() if options}


@pytest.fixture
def wanted():
    return choices((ROOT / PLACES[0]).read_text())


def test_the_tables_of_choices_are_one(wanted):
    assert choices((ROOT / PLACES[1]).read_text()) == wanted
    assert len(wanted) == 4
    page = rows("What is recommended")
    assert list(page) == list(wanted)
    for case, (optimizer, loss, _) in page.items():
        named = {f"optimizer: {optimizer.split('`')[1]}", f"loss: {loss.strip('`')}"}
        assert named == {option for option in wanted[case] if "cuda_graphs" not in option}


def test_another_recommendation_would_be_seen(wanted):
    page = (ROOT / PLACES[1]).read_text().replace("`loss: relobralo_grad`, `cuda_graphs: false`", "`loss: sum`")
    assert choices(page) != wanted


def test_the_page_names_every_config_with_its_optimizer_and_loss():
    page = {
        path: {"optimizer": optimizer.strip("`"), "loss": loss.strip("`")}
        for path, (optimizer, loss, _) in rows("What the programs do").items()
        if path.endswith(".yaml")
    }
    assert page == configs()
    assert len(page) == 20


def test_every_program_does_what_is_recommended_or_says_why_not(wanted):
    for path, (optimizer, loss, case) in rows("What the programs do").items():
        if case not in wanted:
            assert EXCEPTIONS[path] == case
            # That of the family is the loss of the config that it builds on.
            text = (ROOT / path).with_name("config.yaml").read_text()
            comment = text.split(f"loss: {loss.strip('`')}")[0].splitlines()[-2]
            assert "recommendations.md#plates" in comment
            continue
        optimizers = {"soap", "adam"} if "optimizer: soap" in wanted[case] else {optimizer.strip("`")}
        assert optimizer.strip("`") in optimizers
        assert {f"optimizer: {optimizer.strip('`')}", f"loss: {loss.strip('`')}"} - {"optimizer: adam"} <= wanted[case]


def test_a_config_that_contradicts_would_be_seen(tmp_path):
    (tmp_path / "config.yaml").write_text("defaults: [{optimizer: natural_gradient}, {loss: relobralo_grad}]\n")
    (tmp_path / "other.yaml").write_text("defaults: [config, {override loss: sum}]\n")
    assert named(tmp_path / "other.yaml") == {"optimizer": "natural_gradient", "loss": "sum"}


def test_natural_gradients_of_a_solver_are_without_cuda_graphs():
    for path, options in configs().items():
        config = OmegaConf.load(ROOT / path)
        if options["optimizer"] == "natural_gradient" and "host_default" in config.defaults:
            assert config.cuda_graphs is False


def test_programs_without_a_config_do_what_the_page_says():
    page = rows("What the programs do")
    assert inspect.signature(solve).parameters["loss"].default == page["loops.solve"][1].strip("`")
    script = (ROOT / "examples" / "pytorch" / "helmholtz.py").read_text()
    default = re.search(r'"--loss".*default="(\w+)"', script)[1]
    assert default == page["examples/pytorch/helmholtz.py"][1].strip("`")
    assert "torch.optim.Adam(" in script


def test_the_demo_ends_with_them(wanted):
    named = [frozenset(re.findall(r"(?:optimizer|loss|cuda_graphs): \w+", line)) for line in demo.NEXT.splitlines()]
    cases = ("pointwise constraints and a small network", "anything else", "CUDA graphs")
    assert [line for line in named if len(line) > 1] == [wanted[case] for case in cases]


def test_the_defaults_of_the_article_are_stated_once_and_alike():
    ours = {name: default for name, _, default in FIELDS}
    stated = {name: float(value) for name, value in re.findall(r"`(alpha|temperature|rho)` (\d[\d.]*\d)", PAGE)}
    assert stated == {"alpha": 0.999, "temperature": 0.1, "rho": 0.99}
    assert {name: ours[name] for name in stated} == stated
    conf = OmegaConf.load(ROOT / "modulus_relobralo" / "conf" / "loss" / "relobralo.yaml")
    assert {name: conf[name] for name in stated} == stated
