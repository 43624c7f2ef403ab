import pytest
import torch
from omegaconf import OmegaConf
from sympy import Symbol, exp, pi, sin

from modulus_relobralo.hosts.sym import host
from modulus_relobralo.plates import EdgeCondition, KirchhoffPlate, RectangularPlate, sinusoidal_deflection

pytestmark = pytest.mark.host

X, Y = Symbol("x"), Symbol("y")
A, B, D, NU, P = 3.0, 2.0, 1.5, 0.2, 0.7
# x^2, whose conditions are constant along each edge; the rest keeps its derivatives from becoming constants, which
# autograd cannot differentiate.
PARABOLA = X**2 + 1e-9 * exp(X + Y)
MIXED = {"left": "clamped", "right": "clamped", "bottom": "simply_supported", "top": "simply_supported"}


def losses(plate, w, p=P, per_edge=False, **sampling):
    """Return the host's loss terms where an expression stands in for the network."""
    nodes = [*KirchhoffPlate(D=D, nu=NU, p=p).make_nodes(), host.load("node").Node.from_sympy(w, "w")]
    domain = host.load("domain").Domain()
    sampling = sampling or {"batch_per_epoch": 1}
    for name, constraint in plate.constraints(nodes, interior=1024, edge=32, per_edge=per_edge, **sampling).items():
        domain.add_constraint(constraint, name)
    domain.load_data()
    terms = domain.compute_losses(0)
    assert domain.get_num_losses() == len(terms)
    return {name: term.item() for name, term in terms.items()}


def per_edge_terms(*kinds):
    return {f"{kind}_{edge}" for edge in ("left", "right", "bottom", "top") for kind in kinds}


@pytest.mark.parametrize(
    ("edges", "pooled", "separate"),
    [
        ("simply_supported", {"w", "M_n"}, per_edge_terms("w", "M_n")),
        ("clamped", {"w", "slope_n"}, per_edge_terms("w", "slope_n")),
        (
            MIXED,
            {"w", "M_n", "slope_n"},
            per_edge_terms("w") | {"slope_n_left", "slope_n_right", "M_n_bottom", "M_n_top"},
        ),
    ],
    ids=["simply_supported", "clamped", "mixed"],
)
def test_loss_terms(edges, pooled, separate):
    plate = RectangularPlate(A, B, edges)
    assert set(losses(plate, PARABOLA)) == {"kirchhoff"} | pooled
    assert set(losses(plate, PARABOLA, per_edge=True)) == {"kirchhoff"} | separate
    assert len(separate) == 8


def test_terms_of_each_edge_are_the_integrals_along_it():
    """For w = x^2: M_x = -2 D, M_y = -2 D nu, slope 2 x; each squared and integrated by hand."""
    supported = losses(RectangularPlate(A, B), PARABOLA, per_edge=True)
    clamped = losses(RectangularPlate(A, B, "clamped"), PARABOLA, per_edge=True)
    assert supported["kirchhoff"] == pytest.approx(P**2 * A * B, rel=1e-5)
    assert supported["w_left"] == pytest.approx(0, abs=1e-9)
    assert supported["w_right"] == pytest.approx(A**4 * B, rel=1e-5)
    assert supported["M_n_left"] == pytest.approx((2 * D) ** 2 * B, rel=1e-5)
    assert supported["M_n_right"] == pytest.approx((2 * D) ** 2 * B, rel=1e-5)
    assert supported["M_n_bottom"] == pytest.approx((2 * D * NU) ** 2 * A, rel=1e-5)
    assert supported["M_n_top"] == pytest.approx((2 * D * NU) ** 2 * A, rel=1e-5)
    assert clamped["slope_n_right"] == pytest.approx(4 * A**2 * B, rel=1e-5)
    for edge in ("left", "bottom", "top"):
        assert clamped[f"slope_n_{edge}"] == pytest.approx(0, abs=1e-9)


def test_pooled_terms_are_the_sums_over_the_edges():
    """The moments of w = x^2 are constant along each edge, so that the pooled sum is exact wherever the points lie."""
    pooled = losses(RectangularPlate(A, B), PARABOLA)
    assert pooled["M_n"] == pytest.approx(2 * (2 * D) ** 2 * B + 2 * (2 * D * NU) ** 2 * A, rel=1e-5)


@pytest.mark.parametrize("per_edge", [False, True])
@pytest.mark.parametrize("sampling", [{"batch_per_epoch": 2}, {"fixed_dataset": False}], ids=["fixed", "resampled"])
def test_all_losses_vanish_for_the_exact_deflection(per_edge, sampling):
    plate, load = RectangularPlate(A, B), P * sin(pi * X / A) * sin(pi * Y / B)
    exact = sinusoidal_deflection(A, B, D, P)
    assert max(losses(plate, exact, load, per_edge, **sampling).values()) < 1e-9
    wrong = losses(plate, 1.01 * exact, load, per_edge, **sampling)
    assert wrong["kirchhoff"] == pytest.approx((0.01 * P) ** 2 * A * B / 4, rel=0.5)


def test_every_term_of_each_edge_reaches_the_network():
    arch = host.load("models.fully_connected").FullyConnectedArch(
        input_keys=[host.load("key").Key("x"), host.load("key").Key("y")],
        output_keys=[host.load("key").Key("w")],
        layer_size=8,
        nr_layers=2,
    )
    nodes = [*KirchhoffPlate(D=D, nu=NU, p=P).make_nodes(), arch.make_node("plate")]
    domain = host.load("domain").Domain()
    plate = RectangularPlate(A, B, MIXED)
    for name, constraint in plate.constraints(nodes, 8, 8, per_edge=True, batch_per_epoch=1).items():
        domain.add_constraint(constraint, name)
    assert len(domain.get_saveable_models()) == 1
    domain.load_data()
    for name, term in domain.compute_losses(0).items():
        gradients = torch.autograd.grad(term, list(arch.parameters()), retain_graph=True, allow_unused=True)
        size = sum(float(gradient.abs().sum()) for gradient in gradients if gradient is not None)
        assert 0 < size < float("inf"), name


def test_edges_from_a_config():
    config = OmegaConf.create("edges: {left: clamped, right: clamped, bottom: simply_supported, top: simply_supported}")
    assert RectangularPlate(A, B, config.edges).edges == RectangularPlate(A, B, MIXED).edges
    assert RectangularPlate(A, B, MIXED).edges["left"] is EdgeCondition.CLAMPED
    assert set(RectangularPlate(A, B, EdgeCondition.CLAMPED).edges.values()) == {EdgeCondition.CLAMPED}


def test_unknown_condition():
    with pytest.raises(
        ValueError, match=r"Parameter `edges` must hold simply_supported or clamped. Found 'free' on the top edge."
    ):
        RectangularPlate(A, B, {**MIXED, "top": "free"})


def test_every_edge_needs_a_condition():
    with pytest.raises(ValueError, match=r"Parameter `edges` must be one for all edges, or name each of left, right"):
        RectangularPlate(A, B, {"left": "clamped"})


@pytest.mark.parametrize(("a", "b", "wrong"), [(0, 1, "a"), (1, -1, "b")])
def test_lengths_must_be_positive(a, b, wrong):
    with pytest.raises(ValueError, match=rf"Parameter `{wrong}` must be in \(0, inf\)"):
        RectangularPlate(a, b)
