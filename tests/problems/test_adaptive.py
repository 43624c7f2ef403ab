import numpy as np
import pytest

from modulus_relobralo.problems.adaptive import Candidates

OFFSETS = (np.arange(4000) + 0.5) / 4000


def square(number, seed=0):
    return np.random.default_rng(seed).uniform(size=(number, 2))


def bump(points):
    """A residual that is large near one point."""
    return np.exp(-100 * ((points - 0.3) ** 2).sum(axis=1))


@pytest.mark.parametrize("fraction", [0.0, 0.5, 0.9])
def test_integrals_are_those_of_the_candidates_on_the_average_over_draws(fraction):
    points = square(500)
    areas, values = np.random.default_rng(1).uniform(0.5, 1.5, 500), np.cos(5 * points[:, 0]) + 3 * points[:, 1]
    candidates = Candidates(points, areas, bump(points), fraction)
    sums, without = [], []
    for offset in OFFSETS:
        chosen, stands_for = candidates.draw(40, offset)
        sums.append(stands_for @ values[chosen])
        without.append(areas[chosen] @ values[chosen] * 500 / 40)
    assert np.mean(sums) == pytest.approx(areas @ values, rel=2e-3)
    # With the areas as they were, the integral would be that of the density.
    assert (np.mean(without) == pytest.approx(areas @ values, rel=2e-2)) == (fraction == 0)


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.75])
def test_fraction_follows_the_residual_and_the_others_lie_evenly(fraction):
    points = square(4000)
    near = ((points - 0.3) ** 2).sum(axis=1) < 0.04
    candidates = Candidates(points, np.full(4000, 1 / 4000), near.astype(float), fraction)
    counts = [near[candidates.draw(400, offset)[0]].sum() for offset in OFFSETS]
    assert np.mean(counts) == pytest.approx(400 * (fraction + (1 - fraction) * near.mean()), rel=1e-2)


@pytest.mark.parametrize(("columns", "gain"), [(1, 10), (2, 3), (3, 1.5)])
def test_draws_are_spread_more_evenly_than_at_random(columns, gain):
    """The error of an integral is that of a stratified sample, which gains less in more dimensions."""
    points = np.random.default_rng(2).uniform(size=(8000, columns))
    values, areas = np.sin(3 * points).prod(axis=1), np.full(8000, 1 / 8000)
    candidates, generator = Candidates(points, areas, np.ones(8000), 0.5), np.random.default_rng(3)
    exact = areas @ values

    def error(draws):
        return np.sqrt(np.mean([(weights @ values[chosen] - exact) ** 2 for chosen, weights in draws]))

    spread = error([candidates.draw(250, generator.uniform()) for _ in range(200)])
    random = error([(generator.integers(8000, size=250), np.full(250, 1 / 250)) for _ in range(200)])
    assert spread < random / gain


def test_what_is_the_same_at_all_candidates_is_no_coordinate():
    points = square(100)
    wider = np.column_stack([points[:, 0], np.full(100, 7.0), points[:, 1]])
    one, other = (Candidates(each, np.ones(100), bump(points), 0.5).draw(30, 0.1)[0] for each in (points, wider))
    assert sorted(one) == sorted(other)
    chosen, areas = Candidates(np.ones((5, 2)), np.ones(5), np.ones(5), 0.5).draw(10, 0.5)
    assert sorted(chosen) == sorted([*range(5)] * 2)
    assert areas.sum() == pytest.approx(5)


@pytest.mark.parametrize(
    "residuals", [np.zeros(50), np.full(50, np.nan), np.array([np.inf, np.nan, *np.ones(48)])], ids=["0", "nan", "some"]
)
def test_residuals_that_say_nothing_leave_the_points_evenly_spread(residuals):
    chosen, areas = Candidates(square(50), np.ones(50), residuals, 0.9).draw(50, 0.5)
    assert sorted(chosen) == list(range(50))
    assert areas == pytest.approx(np.ones(50))


@pytest.mark.parametrize("fraction", [1.0, -0.1, 2, float("nan")])
def test_refuses_fractions(fraction):
    with pytest.raises(ValueError, match=f"Parameter `fraction` must be in .*Found `fraction = {fraction:g}`"):
        Candidates(square(5), np.ones(5), np.ones(5), fraction)
