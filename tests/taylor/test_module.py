"""Derivatives of plain torch networks, in a plain loop, against nested reverse mode in float64."""

import copy
import math
import pickle

import pytest
import torch
from differentiated import all_derivatives, differentiated, gradients, worst
from torch import nn
from torch.nn.utils import prune

from modulus_relobralo.taylor import TaylorDerivatives, UnsupportedNetworkError, biharmonic, jets, laplacian
from modulus_relobralo.taylor.jets import faa_di_bruno

weight_norm = nn.utils.parametrizations.weight_norm


class Sine(nn.Module):
    def forward(self, z):
        return torch.sin(z)


def mlp(inputs=2, outputs=1, activation=nn.Tanh, width=6):
    return nn.Sequential(
        nn.Linear(inputs, width), activation(), nn.Linear(width, width), activation(), nn.Linear(width, outputs)
    )


NETWORKS = {
    "tanh": mlp,
    "sine": lambda: mlp(activation=Sine),
    "in place": lambda: mlp(activation=lambda: nn.SiLU(inplace=True)),
    "three inputs": lambda: mlp(3, 1, nn.Softplus, 5),
    "one input": lambda: mlp(1),
    "two outputs": lambda: mlp(2, 2, nn.GELU),
    "width one": lambda: mlp(width=1),
    "nested": lambda: nn.Sequential(nn.Sequential(nn.Linear(2, 5), nn.Tanh()), nn.Sequential(mlp(5)), nn.Tanh()),
    "without biases": lambda: nn.Sequential(nn.Linear(2, 6, bias=False), nn.Mish(), nn.Linear(6, 1, bias=False)),
    "linear": lambda: nn.Linear(2, 1),
    "two linear": lambda: nn.Sequential(nn.Linear(2, 4), nn.Linear(4, 1)),
    "function first": lambda: nn.Sequential(nn.Tanh(), nn.Linear(2, 4), nn.Tanh(), nn.Sigmoid(), nn.Linear(4, 1)),
    "function last": lambda: nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1), nn.Sigmoid()),
    "no linear": lambda: nn.Sequential(Sine(), nn.SiLU()),
    "weight norm": lambda: nn.Sequential(weight_norm(nn.Linear(2, 6)), nn.Tanh(), weight_norm(nn.Linear(6, 1), dim=1)),
    "shared layer": lambda: (lambda layer: nn.Sequential(nn.Linear(2, 5), layer, nn.Tanh(), layer, nn.Tanh()))(
        nn.Linear(5, 5)
    ),
}  # fmt: skip


def build(kind):
    torch.manual_seed(1)
    network = NETWORKS[kind]().double()
    first = next((m for m in network.modules() if isinstance(m, nn.Linear)), None)
    inputs = "xyz"[: first.in_features if first is not None else 2]
    points = {name: torch.rand(9, 1, dtype=torch.float64).requires_grad_() for name in inputs}
    outputs = "uvabc"[: network(torch.cat(list(points.values()), 1)).shape[1]]
    return network, points, list(outputs)


def oracle(network, points, outputs, names):
    values = network(torch.cat(list(points.values()), dim=1))
    return differentiated({name: values[:, i, None] for i, name in enumerate(outputs)}, points, names)


def taylor(network, points, outputs, names, **options):
    return TaylorDerivatives(network, list(points), outputs, names, **{"compiled": False, **options})(points)


@pytest.mark.parametrize("kind", NETWORKS)
def test_derivatives_and_gradients_agree(kind):
    network, points, outputs = build(kind)
    names = [*outputs[:2], *all_derivatives(points, outputs[:2])]
    expected, found = oracle(network, points, outputs, names), taylor(network, points, outputs, names)
    assert worst(found, expected) < 1e-10
    variables = [*network.parameters(), *points.values()]
    truth = gradients(variables, expected)
    assert (gradients(variables, found) - truth).norm() <= 1e-10 * truth.norm()


@pytest.mark.parametrize("kind", ["tanh", "three inputs", "two linear", "function first", "function last", "no linear"])
def test_operators_agree(kind):
    network, points, outputs = build(kind)
    lopsided = {f"{outputs[-1]}__x__x__y": -1.5, f"{outputs[-1]}__y__x": 0.5, f"{outputs[-1]}__x__y": 1.0}
    operators = {
        f"biharmonic_{outputs[0]}": biharmonic(outputs[0], points),
        f"laplacian_{outputs[0]}": laplacian(outputs[0], points),
        "lopsided": lopsided,
    }
    terms = oracle(network, points, outputs, [name for operator in operators.values() for name in operator])
    expected = {name: sum(c * terms[n] for n, c in operator.items()) for name, operator in operators.items()}
    found = taylor(network, points, outputs, operators, operators={"lopsided": lopsided})
    assert all((found[n] - e).norm() <= 1e-10 * max(float(e.norm()), 1e-2) for n, e in expected.items())


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_comparison_notices_a_wrong_coefficient(order, monkeypatch):
    network, points, outputs = build("tanh")
    names = [name for name in all_derivatives(points, outputs) if name.count("__") == order]
    expected = oracle(network, points, outputs, names)

    def perturbed(alpha):
        *rest, (k, blocks, count) = faa_di_bruno(alpha)
        return (*rest, (k, blocks, count * (1 + 1e-6)))

    monkeypatch.setattr(jets, "faa_di_bruno", perturbed)
    assert worst(taylor(network, points, outputs, names), expected) > 1e-9


def test_against_torch_func():
    network, points, _ = build("sine")
    plate = TaylorDerivatives(network, "xy", "w", ["w", "w__x__y", "biharmonic_w"], compiled=False)
    x = torch.cat(list(points.values()), dim=1)

    def value(point):
        return network(point)[0]

    hessian = torch.func.hessian(value)
    fourth = torch.func.vmap(torch.func.hessian(lambda point: hessian(point).trace()))(x)
    found = plate(x)
    assert list(found) == ["w", "w__x__y", "biharmonic_w"]
    torch.testing.assert_close(found["w"], network(x), rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(found["w__x__y"][:, 0], torch.func.vmap(hessian)(x)[:, 0, 1], rtol=1e-10, atol=1e-13)
    torch.testing.assert_close(
        found["biharmonic_w"][:, 0], fourth.diagonal(dim1=1, dim2=2).sum(1), rtol=1e-10, atol=1e-12
    )


def test_points_by_name_or_side_by_side_and_names_of_several_columns():
    network = mlp(4, 3)
    names = ["u__t__x", "u"]
    derivatives = TaylorDerivatives(network, {"t": 1, "shape": 2, "x": 1}, {"pair": 2, "u": 1}, names, compiled=False)
    x = torch.rand(5, 4)
    found = derivatives(x)
    by_name = derivatives({"x": x[:, 3:], "shape": x[:, 1:3], "t": x[:, :1], "unused": x})
    assert all(torch.equal(found[name], by_name[name]) for name in names)
    t, other = x[:, :1].requires_grad_(), x[:, 3:].requires_grad_()
    value = network(torch.cat([t, x[:, 1:3].detach(), other], 1))[:, 2:]
    expected = differentiated({"u": value}, {"t": t, "x": other}, names)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("number", [0, 1])
def test_few_points(number):
    network, points, outputs = build("tanh")
    points = {name: value[:number].detach().requires_grad_() for name, value in points.items()}
    expected = oracle(network, points, outputs, ["u__x__y", "u"])
    found = taylor(network, points, outputs, ["u__x__y", "u"])
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-14)
    assert found["u"].shape == (number, 1)


def test_frozen_parameters():
    network, points, outputs = build("tanh")
    network.requires_grad_(False)
    found = taylor(network, points, outputs, ["u__x__x"])["u__x__x"]
    expected = oracle(network, points, outputs, ["u__x__x"])["u__x__x"]
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-13)
    network[0].weight.requires_grad_(True)
    found = taylor(network, points, outputs, ["u__x__x"])["u__x__x"].square().sum()
    expected = oracle(network, points, outputs, ["u__x__x"])["u__x__x"].square().sum()
    torch.testing.assert_close(
        torch.autograd.grad(found, network[0].weight), torch.autograd.grad(expected, network[0].weight)
    )


def test_autocast_and_half_precision_of_points_leave_derivatives_in_single_precision():
    derivatives = TaylorDerivatives(mlp(), "xy", "w", ["w__x__x"], compiled=False)
    x = torch.rand(5, 2).half()
    expected = derivatives(x.float())["w__x__x"]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(derivatives(x)["w__x__x"], expected)


def test_network_in_other_precision_later():
    network, points, outputs = build("weight norm")
    derivatives = TaylorDerivatives(network, list(points), outputs, ["u__x__x"], compiled=False)
    expected = derivatives(points)["u__x__x"]
    network.float()
    single = derivatives({name: value.float() for name, value in points.items()})["u__x__x"]
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match=r"must be of the network's torch.float32. Found torch.float64"):
        derivatives(points)
    network.half()
    with pytest.raises(UnsupportedNetworkError, match=r"torch.float32 or torch.float64 \(found torch.float16"):
        derivatives({name: value.half() for name, value in points.items()})


CHANGES = {
    "weights": lambda network: network[0].weight.data.mul_(2),
    "a layer": lambda network: network.__setitem__(2, nn.Linear(6, 6).double()),
    "an activation": lambda network: network.__setitem__(1, nn.SiLU()),
    "one layer more": lambda network: network.insert(2, nn.Sequential(nn.Linear(6, 6).double(), nn.GELU())),
    "weight norm": lambda network: weight_norm(network[2]).parametrizations.weight.original0.data.mul_(3),
    "a bias": lambda network: setattr(network[0], "bias", None),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_network_that_changes_is_followed(change):
    network, points, outputs = build("tanh")
    derivatives = TaylorDerivatives(network, list(points), outputs, ["u__x__x", "u"], compiled=False)
    before = derivatives(points)
    CHANGES[change](network)
    found, expected = derivatives(points), oracle(network, points, outputs, ["u__x__x", "u"])
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-13)
    assert not torch.allclose(found["u"], before["u"])


REFUSED = {
    "relu": (lambda network: network.__setitem__(1, nn.ReLU()), r"ReLU\(\) is not smooth enough"),
    "dropout": (lambda network: network.insert(2, nn.Dropout(0.1)), "Dropout"),
    "batch norm": (lambda network: network.insert(2, nn.BatchNorm1d(6)), "BatchNorm1d has no Taylor-mode rule"),
    "forward hook": (lambda network: network[2].register_forward_hook(lambda *a: None), r"`2 \(Linear\)` has hooks"),
    "hook on an activation": (lambda network: network[1].register_forward_pre_hook(lambda *a: None), "has hooks"),
    "hook on the network": (lambda network: network.register_forward_hook(lambda *a: None), "has hooks"),
    "backward hook": (lambda network: network[0].register_full_backward_hook(lambda *a: None), "has hooks"),
    "spectral norm": (
        lambda network: nn.utils.parametrizations.spectral_norm(network[2]),
        "_SpectralNorm.* has no Taylor-mode rule",
    ),
    "orthogonal": (lambda network: nn.utils.parametrizations.orthogonal(network[2]), "_Orthogonal"),
    "two parametrizations": (lambda network: nn.utils.parametrizations.spectral_norm(weight_norm(network[2])), "rule"),
    "weight norm by hooks": (lambda network: nn.utils.weight_norm(network[2]), "has hooks"),
    "pruned": (lambda network: prune.l1_unstructured(network[2], "weight", 2), "has hooks"),
    "other forward": (
        lambda network: setattr(network[2], "forward", lambda z: z),
        r"forward pass of `2 \(Linear\)` was replaced",
    ),
    "derived class": (lambda network: network.__setitem__(2, type("Other", (nn.Linear,), {})(6, 6)), "Other"),
    "half": (lambda network: network[2].half(), r"the parameter weight of `2 \(Linear\)` must be of torch.float32"),
}


@pytest.mark.filterwarnings("ignore:.*weight_norm.*deprecated")
@pytest.mark.parametrize("kind", REFUSED)
def test_what_has_no_rule_is_refused_at_once_and_when_it_comes_later(kind):
    change, message = REFUSED[kind]
    network, points, outputs = build("tanh")
    derivatives = TaylorDerivatives(network, list(points), outputs, ["u__x"], compiled=False)
    change(network)
    with pytest.raises(UnsupportedNetworkError, match=message):
        derivatives(points)
    with pytest.raises(UnsupportedNetworkError, match=message):
        TaylorDerivatives(network, list(points), outputs, ["u__x"])


class Custom(nn.Module):
    def forward(self, x):
        return x[:, :1]


@pytest.mark.parametrize("network", [Custom(), type("Other", (nn.Sequential,), {})(nn.Linear(2, 1)), nn.Tanh()])
def test_other_networks_are_refused(network):
    with pytest.raises(UnsupportedNetworkError, match=r"has no Taylor-mode rule \(known: torch.nn.Sequential"):
        TaylorDerivatives(network, "xy", "w", ["w__x"])


def test_copies_pickles_and_state():
    network, points, outputs = build("tanh")
    state = {name: value.clone() for name, value in network.state_dict().items()}
    derivatives = TaylorDerivatives(network, list(points), outputs, ["u__x__x"], compiled=False)
    expected = derivatives(points)["u__x__x"]
    assert network.state_dict().keys() == state.keys()
    assert [name.removeprefix("network.") for name in derivatives.state_dict()] == list(state)
    copied, pickled = copy.deepcopy(derivatives), pickle.loads(pickle.dumps(derivatives))
    network[0].weight.data.mul_(2)
    assert torch.equal(copied(points)["u__x__x"], expected)
    assert torch.equal(pickled(points)["u__x__x"], expected)
    assert not torch.allclose(derivatives(points)["u__x__x"], expected)
    network.load_state_dict(state)
    assert torch.equal(derivatives(points)["u__x__x"], expected)


def test_in_a_training_loop_with_the_network_s_own_optimiser():
    torch.manual_seed(0)
    network = mlp(width=16)
    derivatives = TaylorDerivatives(network, "xy", "w", ["laplacian_w", "w"], compiled=False)
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    x = torch.rand(64, 2)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = (derivatives(x)["laplacian_w"] - torch.sin(math.pi * x[:, :1])).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    assert losses[-1] < 0.2 * losses[0]


def test_transforms_of_torch_func():
    network, points, outputs = build("tanh")
    x = torch.cat(list(points.values()), 1).detach()
    derivatives = TaylorDerivatives(network, "xy", outputs, ["u__x__x"])  # its compiled rules step aside

    def residual(parameters, point):
        return torch.func.functional_call(derivatives, parameters, (point[None],))["u__x__x"][0, 0]

    rows = torch.func.vmap(torch.func.jacrev(residual), in_dims=(None, 0))(dict(derivatives.named_parameters()), x)
    for i, value in enumerate(oracle(network, points, outputs, ["u__x__x"])["u__x__x"]):
        for name, parameter in network.named_parameters():
            expected = torch.autograd.grad(value, parameter, retain_graph=True, allow_unused=True)[0]
            expected = torch.zeros_like(parameter) if expected is None else expected
            torch.testing.assert_close(rows[f"network.{name}"][i], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.skipif(
    tuple(map(int, torch.__version__.split(".")[:2])) < (2, 4),
    reason="torch.compile did not trace modules' dictionaries",
)
def test_torch_compile_takes_the_whole_module_and_sees_changes():
    network, points, outputs = build("tanh")
    derivatives = TaylorDerivatives(network, list(points), outputs, ["u__x"])
    compiled = torch.compile(derivatives, fullgraph=True, backend="eager")
    expected = oracle(network, points, outputs, ["u__x"])
    torch.testing.assert_close(compiled(points), expected, rtol=1e-10, atol=1e-13)
    network[1] = Sine()
    expected = oracle(network, points, outputs, ["u__x"])
    torch.testing.assert_close(compiled(points), expected, rtol=1e-10, atol=1e-13)


X = torch.rand(5, 1)


@pytest.mark.parametrize(
    ("options", "points", "message"),
    [
        ({"names": ["w__q"]}, None, r"Parameter `names` must name derivatives of order 1 to 4 .* Found `\['w__q'\]`"),
        ({"names": ["w__x__x__x__x__x"]}, None, "order 1 to 4"),
        ({"names": ["v"]}, None, r"Found `\['v'\]`"),
        ({"inputs": ["x", "x"]}, None, r"Parameter `inputs` must hold one or more different names. Found `\['x', "),
        ({"inputs": {"x": 1.0, "y": 1}}, None, "Parameter `inputs` must map names to numbers of columns"),
        ({"outputs": []}, None, "Parameter `outputs` must hold one or more different names"),
        ({"outputs": ["w", "v"]}, None, "Parameter `outputs` must name all 1 columns of the network"),
        ({"inputs": ["x", "y", "z"]}, None, "Parameter `inputs` must name all 2 columns that the network takes"),
        ({"operators": {"bad": {"w__x": 1.0}}}, None, "Operator `bad` must be a sum of derivatives of order 2 to 4"),
        ({}, {"x": X}, "Parameter `points` must hold a tensor"),
        ({}, {"x": X, "y": X[:, 0]}, "Parameter `points` must hold a tensor"),
        ({}, {"x": X, "y": torch.rand(5, 2)}, "Parameter `points` must hold a tensor"),
        ({}, torch.rand(5, 3), r"Parameter `points` must be of shape \[points, 2\]. Found \(5, 3\)"),
        ({}, torch.rand(2), r"Found \(2,\)"),
        ({}, torch.ones(5, 2, dtype=torch.int64), r"of the network's torch.float32. Found torch.int64"),
        ({}, torch.rand(5, 2, dtype=torch.float64), r"Found torch.float64"),
    ],
)  # fmt: skip
def test_wrong_input_is_named(options, points, message):
    with pytest.raises(ValueError, match=message):
        TaylorDerivatives(mlp(), **{"inputs": "xy", "outputs": "w", "names": ["w__x"], "compiled": False, **options})(
            points
        )


def test_leading_dimensions_of_points_are_those_of_the_results():
    """As under an integral constraint of the hosts: [integrals, points, columns]."""
    names = ["w", "w__x__y", "biharmonic_w"]
    derivatives = TaylorDerivatives(mlp(), "xy", "w", names, compiled=False)
    x = torch.rand(2, 3, 4, 2)
    flat, found = derivatives(x.reshape(-1, 2)), derivatives(x)
    by_name = derivatives({"x": x[..., :1], "y": x[..., 1:]})
    for name in names:
        assert found[name].shape == (2, 3, 4, 1)
        assert torch.equal(found[name].reshape(-1, 1), flat[name])
        assert torch.equal(by_name[name], found[name])
    assert derivatives(x[:0])["w__x__y"].shape == (0, 3, 4, 1)
