"""The example in plain PyTorch, in processes that have no host, as a whole step under torch.compile too."""

import re
import sys

import pytest
import torch
from programs import ROOT, run

from modulus_relobralo import ReLoBRaLo

EXAMPLE = ROOT / "examples" / "pytorch" / "helmholtz.py"
# As in an environment without hosts: None makes an import raise ModuleNotFoundError. And not by Inductor, which needs a
# C++ compiler and a minute: what is tested is the trace of the step.
RUN = """
import functools, runpy, sys, torch
sys.modules.update(modulus=None, physicsnemo=None)
torch.compile = functools.partial(torch.compile, backend="aot_eager")
script, *runs = sys.argv[1:]
for options in runs:
    sys.argv = [script, *options.split()]
    runpy.run_path(script, run_name="__main__")
    print("DONE")
"""


def train(*runs):
    """Run the example without hosts, with options; return the loss terms and the error that each printed last."""
    output = run([sys.executable, "-W", "ignore", "-c", RUN, EXAMPLE, *runs], PYTHONPATH=str(ROOT))
    last = [printed.splitlines()[-1] for printed in output.split("DONE\n")[:-1]]
    return [[float(number) for number in re.findall(r"(\d\.\d+e[+-]\d+)", line)] for line in last]


@pytest.mark.skipif(
    tuple(map(int, torch.__version__.split(".")[:2])) < (2, 4), reason="torch.compile did not trace torch.func.jvp"
)
def test_compiled_as_a_whole_it_computes_the_same():
    plain, compiled, summed = train("--steps 30", "--steps 30 --compile", "--steps 30 --loss sum")
    assert len(plain) >= 3
    assert compiled == pytest.approx(plain, rel=1e-3)
    # The control: what balancing does is more than that.
    assert summed != pytest.approx(plain, rel=1e-2)


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
