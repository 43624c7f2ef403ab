"""The README's promises that can be checked by reading it."""

import json
import re

import pytest
from programs import ROOT

from modulus_relobralo.hosts.plugin import FIELDS
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.options import SOAP

README = (ROOT / "README.md").read_text()


def test_the_options_are_those_of_the_plugin():
    table = re.findall(r"^\| `loss\.(\w+)`(?: \(or `loss\.(\w+)`\))? \| ([\w.-]+) \|", README, re.MULTILINE)
    documented = {name: default for name, _, default in table}
    fields = {name: default for name, _, default in FIELDS if name != "_target_"}
    assert {name for row in table for name in row[:2] if name} == {*fields, "weights"}
    for name, default in documented.items():
        if name != "weights":
            assert float(default) == fields[name]


def test_the_options_of_soap_are_those_of_the_plugin():
    table = re.findall(r"^\| `optimizer\.(\w+)` \| ([^|]+) \|", README, re.MULTILINE)
    options = {name: list(value) if isinstance(value, tuple) else value for name, value in SOAP._asdict().items()}
    assert {name: json.loads(default) for name, default in table} == options


def test_every_make_target_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.MULTILINE))
    assert {"demo", "test", "env"} <= named <= targets


def test_python_blocks_compile():
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) >= 2
    for block in blocks:
        compile(block, "README.md", "exec")


@pytest.mark.host
def test_the_plate_of_the_readme_becomes_constraints():
    (block,) = (text for text in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "RectangularPlate(" in text)
    network = host.load("models.fully_connected").FullyConnectedArch([host.Key("x"), host.Key("y")], [host.Key("w")])
    domain = host.Domain()
    exec(block, {"network": network, "domain": domain})  # the README's own code
    losses = {str(key) for constraint in domain.constraints.values() for key in constraint.output_names}
    assert losses == {"kirchhoff", "w", "slope_n", "M_n"}
