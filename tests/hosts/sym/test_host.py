"""Which host a program gets, and what works without one. Each case is a process, with hosts that only have a name."""

import json
import sys

import pytest
from programs import ROOT
from programs import run as run_program

from modulus_relobralo.hosts.sym import host

# As in an environment without hosts: None makes an import raise ModuleNotFoundError.
NO_HOST = "import sys; sys.modules.update(modulus=None, physicsnemo=None)\n"


def run_python(code, *folders, **variables):
    """Run code with folders on its path; return the objects that it printed."""
    path = ":".join(map(str, [*folders, ROOT]))
    output = run_program([sys.executable, "-W", "ignore", "-c", code], PYTHONPATH=path, **variables)
    return [json.loads(line) for line in output.splitlines()]


@pytest.fixture
def both_hosts(tmp_path):
    """Return a folder with two packages of the hosts' names, which say so when they are imported."""
    for brand in ("modulus", "physicsnemo"):
        solver = tmp_path / brand / "sym" / "solver.py"
        solver.parent.mkdir(parents=True)
        solver.write_text(f'Solver = "Solver of {brand}"')
        (tmp_path / brand / "__init__.py").write_text("")
        (tmp_path / brand / "sym" / "__init__.py").write_text("")
    return tmp_path


ASK = "import json; from modulus_relobralo.hosts.sym import host; print(json.dumps([host.name(), host.Solver]))"
REFUSED = """
import json
from modulus_relobralo.hosts.sym import host
for _ in range(2):
    try:
        host.name()
    except (ImportError, ValueError) as error:
        print(json.dumps([type(error).__name__, str(error)]))
"""


@pytest.mark.parametrize("brand", ["modulus", "physicsnemo"])
class TestBothInstalled:
    def test_the_host_is_the_one_that_the_program_imported(self, both_hosts, brand):
        expected = [[f"{brand}.sym", f"Solver of {brand}"]]
        assert run_python(f"import {brand}.sym\n{ASK}", both_hosts) == expected
        # Whatever the variable says, and after modulus_relobralo itself.
        late = f"import modulus_relobralo\nimport {brand}.sym.solver\n{ASK}"
        assert run_python(late, both_hosts, RELOBRALO_HOST="other") == expected

    def test_of_two_that_were_imported_it_is_the_first(self, both_hosts, brand):
        other = {"modulus": "physicsnemo", "physicsnemo": "modulus"}[brand]
        assert run_python(f"import {brand}.sym, {other}.sym\n{ASK}", both_hosts)[0][0] == f"{brand}.sym"

    def test_a_variable_decides_for_a_program_that_knows_no_host(self, both_hosts, brand):
        asked_twice = f"from modulus_relobralo.hosts.sym.host import Solver\n{ASK}"
        assert run_python(asked_twice, both_hosts, RELOBRALO_HOST=brand) == [[f"{brand}.sym", f"Solver of {brand}"]]

    def test_one_without_a_solver_does_not_count(self, both_hosts, brand):
        """As physicsnemo.sym of PhysicsNeMo 2.1 and later, even if it was imported."""
        (both_hosts / brand / "sym" / "solver.py").unlink()
        other = {"modulus": "physicsnemo", "physicsnemo": "modulus"}[brand]
        for first in ("", f"import {brand}.sym\n"):
            assert run_python(first + ASK, both_hosts) == [[f"{other}.sym", f"Solver of {other}"]]


def test_with_both_installed_nothing_is_guessed(both_hosts):
    refusals = run_python(REFUSED, both_hosts)
    assert [kind for kind, _ in refusals] == ["ModuleNotFoundError"] * 2
    assert all("`import modulus.sym` or `import physicsnemo.sym`" in message for _, message in refusals)
    assert run_python(REFUSED, both_hosts, RELOBRALO_HOST="tensorflow")[0] == [
        "ValueError",
        "RELOBRALO_HOST must be modulus or physicsnemo. Found tensorflow.",
    ]


# ----- without a host


def test_without_a_host_what_needs_one_says_which_to_install():
    wants_host = (
        "from modulus_relobralo.hosts.sym import WeightMonitor",
        "from modulus_relobralo.hosts.sym import geometry; from modulus_relobralo.problems import *; "
        "geometry(HelmholtzRectangle(1, 1, HelmholtzWave(1)))",
        "from modulus_relobralo.hosts.sym import taylor_nodes",
        "from modulus_relobralo.hosts.sym import main; main('conf')(print)",
    )
    ask = "try:\n    {}\nexcept ImportError as error:\n    import json; print(json.dumps(str(error)))\n"
    messages = run_python(NO_HOST + "".join(map(ask.format, wants_host)))
    assert len(messages) == len(wants_host)
    for message in messages:
        assert "nvidia-modulus-sym==1.8.0" in message
        assert "nvidia-physicsnemo-sym==2.4.0" in message


def test_without_a_host_the_rest_works():
    """The aggregator and the report, and that plates and waves are described."""
    code = """
import json
import modulus_relobralo, modulus_relobralo.report
import torch
from modulus_relobralo import ReLoBRaLo
from modulus_relobralo.plates import KirchhoffPlate, RectangularPlate
from modulus_relobralo.problems import HelmholtzRectangle, HelmholtzWave
balance = ReLoBRaLo(torch.nn.Linear(1, 1).parameters(), num_losses=2)
for pde in (3.0, 2.0, 1.0):
    total = balance({"pde": torch.tensor(pde), "walls": torch.tensor(1.0)})
print(json.dumps(balance.lmbda_ema.tolist()))
plate = RectangularPlate(1, 1, KirchhoffPlate(D=1, nu=0.2, p=1), edges="clamped")
wave = HelmholtzRectangle(1, 1, HelmholtzWave(k=1))
print(json.dumps([list(plate.conditions["top"]), list(wave.equations)]))
"""
    weights, described = run_python(NO_HOST + code)
    # Walls made no progress.
    assert weights[1] > 1.9
    assert sum(weights) == pytest.approx(2.0)
    assert described == [["w", "slope_n"], ["helmholtz"]]


@pytest.mark.host
def test_names_are_those_of_the_installed_host():
    """The control: what the cases above block and fake is there otherwise."""
    for attribute in host.NAMES:
        assert getattr(host, attribute).__module__.startswith(host.name()), attribute
    with pytest.raises(AttributeError, match="has no attribute 'Solvers'"):
        _ = host.Solvers
