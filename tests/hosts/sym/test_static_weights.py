"""``loss.weights`` of a config are factors of the loss terms before any balancing, for every aggregator."""

import pytest
import torch

from modulus_relobralo import ReLoBRaLo
from modulus_relobralo.hosts.sym import host

pytestmark = pytest.mark.host

WEIGHTS = {"kirchhoff": 0.002304, "w": 1 / 3, "M_n": 1 / 3}
HOSTS_OWN = ["Sum", "Relobralo", "LRAnnealing", "GradNorm", "SoftAdapt", "ResNorm"]


def totals(kind, factors, weights, scripted):
    """Return what an aggregator makes of five steps' loss terms times `factors`."""
    torch.manual_seed(0)
    parameter = torch.nn.Parameter(torch.tensor([0.3, -0.7, 1.1]))
    made = ReLoBRaLo if kind == "ReLoBRaLo" else getattr(host.load("loss.aggregator"), kind)
    # GradNorm takes gradients by the last but one: the weights of a network's last layer.
    parameters = [parameter, torch.nn.Parameter(torch.zeros(1))]
    aggregator = made(parameters, 3, weights=None if weights is None else dict(weights))
    if scripted:
        aggregator = torch.jit.script(aggregator)
    found = []
    for step in range(5):
        sizes = torch.tensor([40.0, 2.0, 0.5]) * 0.7**step
        losses = {
            name: factors[name] * size * (parameter[i] - 1).square()
            for i, (name, size) in enumerate(zip(WEIGHTS, sizes, strict=True))
        }
        found.append(aggregator(losses, step if host.name() == "modulus.sym" else torch.tensor(step)))
    return torch.stack(found).detach()


@pytest.mark.parametrize("scripted", [False, True], ids=["eager", "scripted"])
@pytest.mark.parametrize("kind", ["ReLoBRaLo", *HOSTS_OWN])
def test_weights_are_factors_of_the_loss_terms(kind, scripted):
    ones = dict.fromkeys(WEIGHTS, 1.0)
    weighted = totals(kind, ones, WEIGHTS, scripted)
    torch.testing.assert_close(weighted, totals(kind, WEIGHTS, None, scripted), rtol=1e-5, atol=0)
    assert (weighted - totals(kind, ones, None, scripted)).abs().min() > 1e-3
