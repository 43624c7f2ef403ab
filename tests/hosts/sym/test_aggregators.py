import hydra
import pytest
import torch

from modulus_relobralo import ReLoBRaLo, ReLoBRaLoGrad
from modulus_relobralo.hosts.plugin import TARGET
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.aggregators import Refusal, relobralo, relobralo_grad

pytestmark = pytest.mark.host


def test_good_options_give_the_aggregator_itself():
    aggregator = relobralo(iter([torch.zeros(1)]), 2, alpha=0.5, weights={"u": 2.0})
    assert type(aggregator) is ReLoBRaLo
    assert (aggregator.alpha, aggregator.weights) == (0.5, {"u": 2.0})


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.* is deprecated")
@pytest.mark.parametrize(
    "use",
    [torch.jit.script, lambda it: list(it.parameters()), lambda it: it({}, 0), lambda it: it.load_state_dict({})],
    ids=["script", "parameters", "call", "load"],
)
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"alpha": 2}, ValueError, r"Parameter `alpha` must be in \[0, 1\]. Found `alpha = 2`."),
        ({"rho": "often"}, TypeError, "Parameter `rho` must be a number"),
        ({"speed": 1}, TypeError, "unexpected keyword argument 'speed'"),
    ],
)
def test_bad_options_raise_at_whatever_the_trainer_does_next(use, options, error, message):
    refusal = relobralo([], 2, **options)
    assert isinstance(refusal, Refusal)
    with pytest.raises(error, match=message):
        use(refusal)
    assert "Refusal(" in repr(refusal)


def test_hydra_hands_it_on():
    """It looks at what it made, and would wrap an error in one of its own."""
    options = {"_target_": TARGET, "temperature": -1.0}
    assert isinstance(hydra.utils.instantiate(options, [], 2, _convert_="all"), Refusal)


def test_gradient_balancing_refuses_cuda_graphs(monkeypatch):
    """There is no GPU here: that there is one is what is made up."""
    manager = host.load("distributed").DistributedManager()
    parameters, equations = [torch.nn.Parameter(torch.zeros(1))], {"equations": ["pde"]}
    monkeypatch.setattr(manager, "_cuda_graphs", True)
    assert type(relobralo_grad(parameters, 2, **equations)) is ReLoBRaLoGrad
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(ValueError, match=r"`loss: relobralo_grad` needs `cuda_graphs: false`. Found `true`"):
        list(relobralo_grad(parameters, 2).parameters())
    monkeypatch.setattr(manager, "_cuda_graphs", False)
    assert type(relobralo_grad(parameters, 2, **equations)) is ReLoBRaLoGrad
    with pytest.raises(ValueError, match="`every` must be at least 1"):
        list(relobralo_grad(parameters, 2, every=0, **equations).parameters())
    with pytest.raises(ValueError, match="`equations` must be given where no Solver makes the aggregator"):
        list(relobralo_grad(parameters, 2).parameters())
