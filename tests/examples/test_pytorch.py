"""The example in plain PyTorch, in processes that have no host, as a whole step under torch.compile too."""

import re
import subprocess
import sys

import pytest
import torch
from programs import ROOT, environment

from modulus_relobralo import ReLoBRaLo

EXAMPLE = ROOT / "examples" / "pytorch" / "helmholtz.py"
# As in an environment without hosts: None makes an import raise ModuleNotFoundError. And not by Inductor, which needs a
# C++ compiler and a minute: what is tested is the trace of the step.
RUN = """
import functools, runpy, sys, torch
sys.modules.update(modulus=None, physicsnemo=None)
torch.compile = functools.partial(torch.compile, backend="aot_eager")
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def train(*options):
    """Run the example without hosts; return the loss terms and the error that it printed last."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RUN, EXAMPLE, *options],
        env={**environment(), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [float(number) for number in re.findall(r"(\d\.\d+e[+-]\d+)", done.stdout.splitlines()[-1])]


@pytest.mark.skipif(
    tuple(map(int, torch.__version__.split(".")[:2])) < (2, 4), reason="torch.compile did not trace torch.func.jvp"
)
def test_compiled_as_a_whole_it_computes_the_same():
    plain, compiled = (train("--steps", "30", *options) for options in ((), ("--compile",)))
    assert compiled == pytest.approx(plain, rel=1e-3)
    # The control: what balancing does is more than that.
    assert train("--steps", "30", "--loss", "sum") != pytest.approx(plain, rel=1e-2)


def test_a_whole_step_is_one_graph_and_each_call_a_step():
    """From the second call on: the first, which takes the names of the loss terms, runs as it is."""
    torch.manual_seed(0)
    model, points = torch.nn.Linear(2, 1), torch.rand(8, 2)
    balance, twin = (ReLoBRaLo(model.parameters(), num_losses=2, rho=0.5) for _ in range(2))

    def step(scale):
        return balance({"pde": scale * model(points).square().mean(), "walls": (model(points) - 1).square().mean()})

    step(torch.tensor(1.0))
    twin.load_state_dict(balance.state_dict())
    compiled = torch.compile(step, backend="aot_eager", fullgraph=True)
    for scale in (torch.tensor(1.0 / i) for i in range(1, 20)):
        total = compiled(scale)
        terms = {"pde": scale * model(points).square().mean(), "walls": (model(points) - 1).square().mean()}
        assert float(total.detach()) == pytest.approx(float(twin(terms).detach()), rel=1e-5)
        assert torch.allclose(balance.lmbda_ema, twin.lmbda_ema)
    assert float(balance.lmbda_ema[0]) < 0.99
