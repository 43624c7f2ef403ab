"""References of the gallery: each satisfies its equation by another way of differentiating, and has converged."""

import numpy as np
import pytest
from scipy.integrate import trapezoid

from benchmarks.references import evolution, flow, heat, screened
from benchmarks.references.laplace import holed_square

KDV, KS = evolution.korteweg_de_vries, evolution.kuramoto_sivashinsky
HOLES = [(0.2, 0.1, 0.1), (-0.25, -0.2, 0.15)]


def residual(solve, period, terms):
    """Return the largest residual at an early time, over the largest u_t, by differences of eighth order in space."""
    x, t, u = solve(snapshots=2001, points=256, steps=8000)
    i, h = 200, period / len(x)
    at = u[i]

    def along(values):
        weights = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}
        return sum(w * (np.roll(values, -k) - np.roll(values, k)) for k, w in weights.items()) / h

    derivatives = [at]
    for _ in range(4):
        derivatives.append(along(derivatives[-1]))
    slope = (u[i + 1] - u[i - 1]) / (t[i + 1] - t[i - 1])
    return np.abs(slope + terms(*derivatives)).max() / np.abs(slope).max()


@pytest.mark.parametrize(
    ("solve", "period", "terms", "wrong"),
    [
        (
            KDV,
            2.0,
            lambda u, x, xx, xxx, xxxx: u * x + 0.0025 * xxx,
            lambda u, x, xx, xxx, xxxx: u * x + 0.003 * xxx,
        ),
        (
            KS,
            2 * np.pi,
            lambda u, x, xx, xxx, xxxx: 100 / 16 * u * x + 100 / 16**2 * xx + 100 / 16**4 * xxxx,
            lambda u, x, xx, xxx, xxxx: 100 / 16 * u * x + 100 / 16**2 * xx,
        ),
    ],
    ids=["korteweg_de_vries", "kuramoto_sivashinsky"],
)
def test_an_evolution_satisfies_its_equation(solve, period, terms, wrong):
    assert residual(solve, period, terms) < 1e-3
    assert residual(solve, period, wrong) > 5e-3


@pytest.mark.parametrize(("solve", "error", "few"), [(KDV, 1e-10, 32), (KS, 1e-6, 64)], ids=["kdv", "ks"])
def test_an_evolution_has_converged(solve, error, few):
    _, _, fine = solve(snapshots=11)
    _, _, coarse = solve(snapshots=11, points=256, steps=10_000)
    _, _, rough = solve(snapshots=11, points=few, steps=10_000)
    assert np.linalg.norm(fine[:, ::2] - coarse) < error * np.linalg.norm(coarse)
    assert np.linalg.norm(fine[:, :: 512 // few] - rough) > 1e-3 * np.linalg.norm(rough)


def test_solitons_keep_mass_and_momentum():
    _, _, u = KDV(snapshots=11)
    np.testing.assert_allclose(u.mean(axis=1), 0, atol=1e-10)
    np.testing.assert_allclose((u**2).mean(axis=1), 0.5, atol=1e-9)
    assert np.ptp((u**3).mean(axis=1)) > 0.1


def test_a_holed_square_is_harmonic_and_meets_its_edges():
    u = holed_square(1, HOLES)
    random, turn = np.random.default_rng(0), np.linspace(0, 2 * np.pi, 77)
    along = random.uniform(-0.5, 0.5, 77)
    for a, b in ((along, 0.5), (along, -0.5), (0.5, along), (-0.5, along)):
        np.testing.assert_allclose(u(a + 0 * along, b + 0 * along), 1, atol=1e-4)
    for x, y, radius in HOLES:
        np.testing.assert_allclose(u(x + radius * np.cos(turn), y + radius * np.sin(turn)), 0, atol=1e-5)
    x, y, h = np.array([0.0, 0.4, -0.1]), np.array([0.3, -0.3, 0.05]), 1e-3
    mean = (u(x + h, y) + u(x - h, y) + u(x, y + h) + u(x, y - h)) / 4
    np.testing.assert_allclose(mean, u(x, y), atol=1e-7)
    assert np.abs((u(x + h, y) + u(x - h, y)) / 2 - u(x, y)).max() > 1e-7


def test_the_poisson_boltzmann_equation_holds_and_its_edges_are_met():
    u = screened.poisson_boltzmann(order=20, points=200)
    along, turn = np.random.default_rng(0).uniform(-1, 1, 77), np.linspace(0, 2 * np.pi, 77)
    for a, b in ((along, 1), (along, -1), (1, along), (-1, along)):
        np.testing.assert_allclose(u(a + 0 * along, b + 0 * along), 0.2, atol=1e-4)
    for x, y, radius in screened.HOLES:
        np.testing.assert_allclose(u(x + radius * np.cos(turn), y + radius * np.sin(turn)), 1, atol=1e-5)
    x, y, h = np.array([0.0, 0.9, -0.1]), np.array([0.3, -0.9, 0.05]), 1e-3
    around = u(x + h, y) + u(x - h, y) + u(x, y + h) + u(x, y - h) - 4 * u(x, y)
    source = 10 * (17 + x**2 + y**2) * np.sin(np.pi * x) * np.sin(4 * np.pi * y)
    np.testing.assert_allclose(-around / h**2 + 64 * u(x, y), source, atol=0.05)
    assert np.abs(-around / h**2 + 49 * u(x, y) - source).max() > 1


def test_the_poisson_boltzmann_equation_has_converged():
    x, y = np.random.default_rng(1).uniform(-1, 1, (2, 2000))
    there = np.all([np.hypot(x - a, y - b) > radius for a, b, radius in screened.HOLES], axis=0)
    fine, coarse, rough = (
        screened.poisson_boltzmann(order=order, points=10 * order)(x[there], y[there]) for order in (20, 14, 6)
    )
    assert np.linalg.norm(fine - coarse) < 2e-4 * np.linalg.norm(fine) < np.linalg.norm(fine - rough)


def test_a_flow_in_a_cavity_has_converged_and_has_no_sources():
    rough, better = flow.cavity(reynolds=100, cells=8), flow.cavity(reynolds=100, cells=16)
    points, coarse = rough.points, rough.velocity
    finer, fine = better.points, better.velocity
    lid = points[1] == 1
    np.testing.assert_allclose(coarse[0][lid], 4 * points[0][lid] * (1 - points[0][lid]), atol=1e-12)
    same = [int(np.hypot(*(finer - point[:, None])).argmin()) for point in points.T]
    np.testing.assert_allclose(finer[:, same], points, atol=1e-12)
    assert np.linalg.norm(fine[:, same] - coarse) < 0.03 * np.linalg.norm(coarse)
    slow = flow.cavity(reynolds=1, cells=8).velocity
    # Without inertia the flow is the same seen from the right.
    mirrored = [int(np.hypot(1 - points[0] - x, points[1] - y).argmin()) for x, y in points.T]
    assert np.abs(slow[0] - slow[0][mirrored]).max() < 0.01 < 0.1 < np.abs(coarse[0] - coarse[0][mirrored]).max()


def test_a_flow_over_a_step_has_converged_and_comes_out_as_it_goes_in():
    rough, better = flow.back_step(cells=4, levels=3), flow.back_step(cells=8, levels=4)
    x, y = np.meshgrid(np.linspace(0, 4, 33), np.linspace(0, 2, 17))
    there = (x > 2) | (y < 1)
    coarse, fine = rough(x[there], y[there]), better(x[there], y[there])
    assert np.linalg.norm(coarse - fine) < 0.03 * np.linalg.norm(fine)
    across = np.linspace(0, 2, 201)
    for place in (2.5, 3.1, 4.0):
        np.testing.assert_allclose(trapezoid(better(np.full(201, place), across)[0], across), 2 / 3, atol=2e-3)
    _, v, p = better(np.full(201, 4.0), across)
    np.testing.assert_allclose(v, 0, atol=1e-12)
    assert np.abs(p[20:-20]).max() < 0.01 < better(np.array([0.0]), np.array([0.5]))[2]
    # It turns back behind the step, which it does not where it creeps.
    behind = np.full(9, 2.2), np.linspace(1.1, 1.9, 9)
    creeping = flow.back_step(reynolds=1, cells=4, levels=3)
    assert better(*behind)[0].min() < -0.01 < creeping(*behind)[0].min()


def test_heat_over_a_long_time_satisfies_its_equation_and_has_converged():
    t, solution = evolution.heat_long_time(end=2, snapshots=101, points=(40, 160), steps=400)
    x, y, h = np.array([0.1, 0.3, 0.7]), np.array([0.2, 0.6, 0.45]), 2e-3
    u, at = solution(x, y), 20
    slope = (u[at + 1] - u[at - 1]) / (t[at + 1] - t[at - 1])
    around = [solution(x + i * h, y + j * h)[at] for i, j in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    laplacian = (sum(around) - 4 * u[at]) / h**2
    wave = np.sin(4 * np.pi * x) * np.sin(2 * np.pi * y)
    source = 5 * np.sin(u[at] ** 2) * (1 + 2 * np.sin(np.pi * t[at] / 4)) * wave
    np.testing.assert_allclose(slope, 0.001 * laplacian + source, atol=3e-3)
    assert np.abs(slope - source).max() > 0.02
    np.testing.assert_allclose(u[0], np.sin(4 * np.pi * x) * np.sin(3 * np.pi * y), atol=1e-12)
    x, y = np.random.default_rng(0).uniform(0, 1, (2, 400))
    coarse = evolution.heat_long_time(end=2, snapshots=101, points=(24, 96), steps=200)[1](x, y)
    rough = evolution.heat_long_time(end=2, snapshots=101, points=(6, 16), steps=200)[1](x, y)
    fine = solution(x, y)
    assert np.linalg.norm(coarse - fine) < 2e-3 * np.linalg.norm(fine) < np.linalg.norm(rough - fine)


def test_heat_with_holes_has_converged_and_is_of_two_symmetries():
    places, t, coarse = heat.heat_holes(size=1, around=12, steps=150)
    finer, _, fine = heat.heat_holes(size=0.5, around=16, steps=300)
    assert t[0] == 0 == np.abs(coarse[0]).max()
    same = [(i, j) for i, at in enumerate(places.T) for j in np.flatnonzero(np.hypot(*(finer.T - at).T) < 1e-9)]
    assert len(same) > 200
    one, other = (
        field[:, list(numbers)] for field, numbers in zip((coarse, fine), zip(*same, strict=True), strict=True)
    )
    assert np.linalg.norm(one - other) < 5e-3 * np.linalg.norm(other)
    for turned in ((-places[0], places[1]), (places[0], -places[1])):
        mirrored = [int(np.hypot(*(places.T - at).T).argmin()) for at in np.array(turned).T]
        np.testing.assert_allclose(places[:, mirrored], turned, atol=1e-9)
        np.testing.assert_allclose(coarse[:, mirrored], coarse, atol=5e-3)
    # Warmer at a big hole than anywhere else, and colder than what is outside of it.
    warmest = places[:, coarse[-1].argmax()]
    assert min(abs(np.hypot(*(warmest - (x, y))) - radius) for x, y, radius in heat.BIG) < 1e-9
    assert 3 < coarse[-1].max() < 5
