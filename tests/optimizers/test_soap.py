"""SOAP against its paper, written out here in NumPy, against Adam where it is Adam, and over restarts and ranks."""

import copy
import io
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from rank_processes import RANKS, on_ranks

from modulus_relobralo import SOAP
from modulus_relobralo.options import SOAP as DEFAULTS

STEPS, FREQUENCY = 12, 3
# The library's QR decompositions are in float32.
TOLERANCE = 1e-5


def gradients(shape, count=STEPS, seed=0):
    """Return gradients of one parameter, [count, *shape], along a direction that all share."""
    generator = np.random.default_rng(seed)
    return generator.standard_normal(shape) + 0.5 * generator.standard_normal((count, *shape))


def moved(optimizer, given, start=0.0):
    """Return what `optimizer(parameters)` makes of a parameter of `start` by the gradients that are given."""
    parameter = torch.nn.Parameter(torch.full(given.shape[1:], start, dtype=torch.float64))
    made = optimizer([parameter])
    for gradient in given:
        parameter.grad = torch.from_numpy(np.array(gradient))
        made.step()
    return parameter.detach().numpy()


def paper(
    given, lr=0.1, betas=(0.9, 0.8), frequency=FREQUENCY, decay=0.0, start=0.0, sides=(True, True), first=1, rotate=True
):
    """Return the same by Algorithm 3 of arXiv:2409.11321, in the notation of which this is, for a matrix.

    As its authors' code does, the columns of Q are sorted by what they are multiplied by, and V with them; the first
    gradient starts L and R and moves nothing. `first` is the number of the first step that moves something.
    """
    W = np.full(given.shape[1:], start)
    M, V = np.zeros_like(W), np.zeros_like(W)
    L, R = ((1 - betas[1]) * product for product in (given[0] @ given[0].T, given[0].T @ given[0]))
    Q_L, Q_R = (
        np.linalg.eigh(P)[1][:, ::-1] if side and rotate else np.eye(len(P))
        for P, side in zip((L, R), sides, strict=True)
    )
    for t, G in enumerate(given[1:], start=first):
        M = betas[0] * M + (1 - betas[0]) * G
        V = betas[1] * V + (1 - betas[1]) * (Q_L.T @ G @ Q_R) ** 2
        rate = lr * np.sqrt(1 - betas[1] ** t) / (1 - betas[0] ** t)
        W = W - rate * Q_L @ (Q_L.T @ M @ Q_R / np.sqrt(V)) @ Q_R.T
        W = W - lr * decay * W
        L = betas[1] * L + (1 - betas[1]) * G @ G.T
        R = betas[1] * R + (1 - betas[1]) * G.T @ G
        if t % frequency == 0 and rotate:
            if sides[0]:
                order = np.argsort(-np.diag(Q_L.T @ L @ Q_L))
                Q_L, V = np.linalg.qr(L @ Q_L[:, order])[0], V[order]
            if sides[1]:
                order = np.argsort(-np.diag(Q_R.T @ R @ Q_R))
                Q_R, V = np.linalg.qr(R @ Q_R[:, order])[0], V[:, order]
    return W


def soap(parameters, **options):
    settings = {"lr": 0.1, "betas": [0.9, 0.8], "eps": 0.0, "precondition_frequency": FREQUENCY}
    return SOAP(parameters, **{**settings, **options})


def adam(parameters):
    return torch.optim.Adam(parameters, lr=0.1, betas=(0.9, 0.8), eps=0.0)


@pytest.mark.parametrize("shape", [(3, 3), (3, 2), (1, 4)])
def test_steps_are_those_of_the_paper(shape):
    if shape == (1, 4):
        # The other eigenvectors of a matrix of rank 1 are anybody's choice: only its short side has a basis.
        found, expected = (
            moved(lambda parameters: soap(parameters, max_precondition_dim=3), gradients(shape)),
            paper(gradients(shape), sides=(True, False)),
        )
    else:
        found, expected = moved(soap, gradients(shape)), paper(gradients(shape))
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(
    "wrong",
    [{"frequency": FREQUENCY + 1}, {"rotate": False}, {"first": 2}, {"sides": (True, False)}, {"betas": (0.9, 0.9)}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_steps_are_not_those_of_another_method(wrong):
    """What the test above would notice; `first` is how releases of the library before 4 correct the bias."""
    found, other = moved(soap, gradients((3, 3))), paper(gradients((3, 3)), **wrong)
    assert np.abs(found - other).max() > 100 * TOLERANCE


def test_weight_decay_is_decoupled():
    found = moved(lambda parameters: soap(parameters, weight_decay=0.5), gradients((3, 3)), start=2.0)
    np.testing.assert_allclose(found, paper(gradients((3, 3)), decay=0.5, start=2.0), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("shape", "longest"), [((), 10), ((4,), 10), ((1,), 10), ((5, 4), 3)], ids=["scalar", "vector", "one", "too long"]
)
def test_vectors_scalars_and_matrices_of_too_long_sides_are_trained_as_by_adam(shape, longest):
    given = gradients(shape)
    found = moved(lambda parameters: soap(parameters, max_precondition_dim=longest), given)
    # The first gradient moves nothing and is not in Adam's averages either.
    np.testing.assert_allclose(found, moved(adam, given[1:]), rtol=1e-12)


def test_a_matrix_is_not_trained_as_by_adam():
    given = gradients((5, 4))
    assert np.abs(moved(soap, given) - moved(adam, given[1:])).max() > 0.01


def test_one_side_that_is_too_long_is_left_in_its_own_basis():
    found = moved(lambda parameters: soap(parameters, max_precondition_dim=3), gradients((2, 5)))
    np.testing.assert_allclose(found, paper(gradients((2, 5)), sides=(True, False)), rtol=0, atol=TOLERANCE)


# ----- in a loop


class Network(torch.nn.Module):
    """A network with what networks of physics have: a scalar that is trained, and parameters that are not used."""

    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
        self.conductivity = torch.nn.Parameter(torch.tensor(0.5))
        self.unused = torch.nn.Parameter(torch.ones(3, 3))
        self.frozen = torch.nn.Parameter(torch.ones(2), requires_grad=False)

    def forward(self, x):
        return self.conductivity * self.layers(x)


def problem(seed=0):
    torch.manual_seed(seed)
    return Network(), torch.randn(64, 2)


def train(network, optimizer, x, steps):
    """Return the losses before the steps."""
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = (network(x) - x.prod(dim=1, keepdim=True)).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


def values(network):
    return [parameter.detach().clone() for parameter in network.parameters()]


def test_what_has_no_gradient_stays_and_a_scalar_is_trained():
    network, x = problem()
    optimizer = SOAP(network.parameters(), lr=1e-2)
    losses = train(network, optimizer, x, 100)
    assert losses[-1] < 0.2 * losses[0]
    assert network.unused.equal(torch.ones(3, 3))
    assert network.frozen.equal(torch.ones(2))
    assert network.unused not in optimizer.state
    assert network.conductivity.item() != 0.5


def test_a_parameter_whose_first_gradient_comes_later_starts_then():
    network, x = problem()
    optimizer = SOAP(network.parameters(), lr=1e-2)
    train(network, optimizer, x, 2 * DEFAULTS.precondition_frequency)
    network.unused.grad = torch.eye(3)
    optimizer.step()
    assert torch.isfinite(network.unused).all()
    assert (network.unused.diagonal() < 1.0).all()


def test_a_closure_is_called_once_and_its_value_returned():
    network, x = problem()
    optimizer = SOAP(network.parameters())
    calls = []

    def closure():
        optimizer.zero_grad()
        loss = network(x).square().mean()
        loss.backward()
        calls.append(loss.item())
        return loss

    assert optimizer.step(closure).item() == calls[0]
    assert len(calls) == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("before", [1, 17])
def test_a_resumed_one_goes_on_bit_for_bit(dtype, before):
    network, x = problem()
    network, x = network.to(dtype), x.to(dtype)
    optimizer = SOAP(network.parameters(), lr=1e-2, precondition_frequency=5)
    train(network, optimizer, x, before)
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    file.seek(0)
    # As the hosts load it; nothing but tensors, numbers, lists and names.
    state = torch.load(file, weights_only=True)
    twin = copy.deepcopy(network)
    resumed = SOAP(twin.parameters(), lr=1e-2, precondition_frequency=5)
    resumed.load_state_dict(state)
    assert train(twin, resumed, x, 20) == train(network, optimizer, x, 20)
    assert all(map(torch.equal, values(twin), values(network)))
    # And one that has loaded nothing goes elsewhere.
    fresh = copy.deepcopy(network)
    train(fresh, SOAP(fresh.parameters(), lr=1e-2, precondition_frequency=5), x, 3)
    train(network, optimizer, x, 3)
    assert not all(map(torch.equal, values(fresh), values(network)))


def work(rank):
    network, x = problem()
    alone = copy.deepcopy(network)
    mine = x[rank::RANKS]
    # The parameter without a gradient is one to wait for, were it not said.
    together = torch.nn.parallel.DistributedDataParallel(network, find_unused_parameters=True)
    train(together, SOAP(network.parameters(), lr=1e-2), mine, 40)
    train(alone, SOAP(alone.parameters(), lr=1e-2), mine, 40)
    return {"together": values(network), "alone": values(alone)}


def test_several_ranks_have_the_same_parameters(tmp_path):
    first, second = on_ranks(work, tmp_path)
    assert all(map(torch.equal, first["together"], second["together"]))
    assert not all(map(torch.equal, first["alone"], second["alone"]))


# ----- what is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": -1.0}, "Parameter `lr` must be in [0, inf). Found `lr = -1.0`."),
        ({"eps": -1e-8}, "Parameter `eps` must be in [0, inf). Found `eps = -1e-08`."),
        ({"weight_decay": -0.1}, "Parameter `weight_decay` must be in [0, inf). Found `weight_decay = -0.1`."),
        ({"betas": [0.9]}, "Parameter `betas` must hold two numbers. Found `betas = [0.9]`."),
        ({"betas": [0.9, 1.5]}, "Parameter `betas[1]` must be in [0, 1]. Found `betas[1] = 1.5`."),
        ({"betas": (1.0, 0.9)}, "Parameter `betas` must hold numbers in [0, 1). Found `betas = [1.0, 0.9]`."),
        (
            {"precondition_frequency": 0},
            "Parameter `precondition_frequency` must be at least 1. Found `precondition_frequency = 0`.",
        ),
        (
            {"max_precondition_dim": 0},
            "Parameter `max_precondition_dim` must be at least 1. Found `max_precondition_dim = 0`.",
        ),
    ],
)
def test_a_value_out_of_range_is_named(options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        SOAP([torch.nn.Parameter(torch.zeros(2))], **options)


def test_without_its_library_it_says_what_to_install_and_the_rest_works():
    code = """if True:
        import sys
        sys.modules["pytorch_optimizer"] = None
        import torch
        from hydra.utils import instantiate
        from modulus_relobralo import LBFGS, NaturalGradient
        import modulus_relobralo.optimizers
        try:
            instantiate({"_target_": "modulus_relobralo.SOAP"}, [torch.nn.Parameter(torch.ones(1))])
        except Exception as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600)
    output = done.stdout
    assert "SOAP (`optimizer: soap`) needs the library pytorch-optimizer" in output
    assert 'pip install --no-deps "pytorch-optimizer>=4"' in output
