"""What the trainer is asked before the first step; trainings are in test_training.py."""

from types import SimpleNamespace

import pytest
import torch

from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.natural_gradient import _adaptive_fraction, _check, method
from modulus_relobralo.hosts.sym.points import AdaptivePoints, ResampledPoints

pytestmark = pytest.mark.host


def trainer(cuda_graphs=False, amp=False, grad_agg_freq=1, ntk=None, distributed=False):
    return SimpleNamespace(
        cfg=SimpleNamespace(cuda_graphs=cuda_graphs, loss=SimpleNamespace(_target_="a.Loss")),
        amp_manager=SimpleNamespace(enabled=amp),
        grad_agg_freq=grad_agg_freq,
        domain=SimpleNamespace(ntk=ntk, constraints={}),
        manager=SimpleNamespace(distributed=distributed, world_size=2),
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cuda_graphs": True}, r"needs `cuda_graphs: false`. Found `True`"),
        ({"amp": True}, r"needs `amp.enabled: false`. Found `True`"),
        ({"grad_agg_freq": 3}, r"needs `training.grad_agg_freq: 1`. Found `3`"),
        ({"ntk": object()}, r"needs `training.ntk.use_ntk: false`. Found `True`"),
        ({"distributed": True}, r"needs one process. Found `2 processes`"),
    ],
    ids=["cuda graphs", "amp", "accumulation", "ntk", "ranks"],
)
def test_refuses_before_the_first_step(settings, message):
    with pytest.raises(ValueError, match=message):
        _check(trainer(**settings), torch.nn.Module())


def test_refuses_a_loss_that_is_trained_itself():
    with pytest.raises(ValueError, match=r"without parameters of its own. Found `a.Loss`"):
        _check(trainer(), torch.nn.Linear(1, 1))


def test_lets_the_rest_pass():
    _check(trainer(), torch.nn.Module())


def test_trainer_has_the_methods_that_the_config_names():
    for name in ("natural_gradient_compute_gradients", "natural_gradient_apply_gradients"):
        assert method(name) == name
        assert callable(getattr(host.load("trainer").Trainer, name))


def of_dataset(kind, points, **options):
    dataset = kind.__new__(kind)
    vars(dataset).update(options)
    return SimpleNamespace(dataset=dataset, _input_vars={"x": torch.zeros(points, 1)})


def test_the_fraction_of_adaptive_points_counts_those_of_all_constraints():
    constraints = {"inside": of_dataset(AdaptivePoints, 60, fraction=0.5), "edges": of_dataset(ResampledPoints, 40)}
    assert _adaptive_fraction(SimpleNamespace(domain=SimpleNamespace(constraints=constraints))) == 0.3
