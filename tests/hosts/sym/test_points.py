import numpy as np
import pytest
import torch
from sympy import Or, Piecewise, Symbol

from modulus_relobralo.hosts.sym import AdaptivePoints, PointwiseConstraint, Rectangle, ResampledPoints, host
from modulus_relobralo.hosts.sym.pointwise import pointwise_constraint
from modulus_relobralo.problems.shapes.primitives import EDGES

pytestmark = pytest.mark.host

RECTANGLE = ((-0.1, 2.0), (0.2, 9.3))
X = Symbol("x")
NORMAL = {axis: Symbol(f"normal_{axis}") for axis in "xy"}
CRITERIA = {"left": NORMAL["x"] < 0, "right": NORMAL["x"] > 0, "bottom": NORMAL["y"] < 0, "top": NORMAL["y"] > 0}


def points(where="interior", batch_size=60, batches=4, outvar=None, seed=0, lambda_weighting=None, **sampling):
    rectangle = Rectangle(*RECTANGLE)
    draw = {"interior": rectangle.sample_interior, "boundary": rectangle.sample_boundary}[where]
    torch.manual_seed(seed)
    return ResampledPoints(
        lambda number: draw(number, **sampling), outvar or {"u": 0}, batch_size, batches, lambda_weighting
    )


def take(dataset, number):
    stream = iter(dataset)
    return [next(stream) for _ in range(number)]


def coordinates(batch):
    return torch.cat([batch[0]["x"], batch[0]["y"]], dim=1)


def test_no_point_comes_twice():
    seen = torch.cat([coordinates(batch) for batch in take(points(), 40)])
    assert seen.shape == (40 * 60, 2)
    assert len(seen.unique(dim=0)) == len(seen)


@pytest.mark.parametrize("batches", [1, 7, 100])
def test_every_batch_covers_the_domain_and_its_areas_are_the_domain_s(batches):
    for invar, outvar, weights in take(points(batch_size=400, batches=batches), 12):
        assert invar["area"].sum() == pytest.approx(0.3 * 7.3, rel=1e-4)
        for name, (low, high) in {"x": (-0.1, 0.2), "y": (2.0, 9.3)}.items():
            assert low < invar[name].min() < low + 0.05 * (high - low)
            assert high - 0.05 * (high - low) < invar[name].max() < high
            # Mean and variance of the uniform distribution, five standard errors.
            assert abs(float(invar[name].mean()) - (low + high) / 2) < 5 * (high - low) / (12 * 400) ** 0.5
        assert {value.shape for part in (invar, outvar, weights) for value in part.values()} == {(400, 1)}


def test_every_batch_has_each_edge_s_share_of_the_points():
    shares = {"left": 7.3 / 15.2, "right": 7.3 / 15.2, "bottom": 0.3 / 15.2, "top": 0.3 / 15.2}
    drawn = take(points("boundary", 400, 50, criteria=Or(*CRITERIA.values())), 100)
    counts = {edge: [] for edge in EDGES}
    for invar, _, _ in drawn:
        counts["left"].append(int((invar["normal_x"] < 0).sum()))
        counts["right"].append(int((invar["normal_x"] > 0).sum()))
        counts["bottom"].append(int((invar["normal_y"] < 0).sum()))
        counts["top"].append(int((invar["normal_y"] > 0).sum()))
        assert float(invar["area"].sum()) == pytest.approx(15.2, rel=0.02)
        # On which edge a point lies, by its coordinates and not by its normal.
        torch.testing.assert_close(invar["x"][invar["normal_x"] < 0].max(), torch.tensor(-0.1))
        torch.testing.assert_close(invar["y"][invar["normal_y"] > 0].min(), torch.tensor(9.3))
    for edge, numbers in counts.items():
        assert sum(numbers[:50]) == pytest.approx(50 * 400 * shares[edge], rel=0.2)
        # Within a draw they differ by one.
        assert max(numbers[:50]) - min(numbers[:50]) <= 1


def test_a_criterion_leaves_one_edge():
    for invar, _, _ in take(points("boundary", 20, 3, criteria=CRITERIA["top"]), 7):
        torch.testing.assert_close(invar["y"], torch.full((20, 1), 9.3))
        assert float(invar["area"].sum()) == pytest.approx(0.3, rel=1e-5)


def test_targets_and_weights_follow_the_points():
    dataset = points(outvar={"u": 2 * X, "v": 3}, lambda_weighting={"u": X**2, "v": 1})
    assert dataset.outvar_keys == ["u", "v"]
    assert {"x", "y", "area", "sdf"} <= set(dataset.invar_keys)
    for invar, outvar, weights in take(dataset, 9):
        torch.testing.assert_close(outvar, {"u": 2 * invar["x"], "v": torch.full((60, 1), 3.0)})
        torch.testing.assert_close(weights, {"u": invar["x"] ** 2, "v": torch.ones(60, 1)})


def test_the_seed_decides_the_points_and_numpy_s_generator_does_not():
    np.random.seed(5)
    first = [coordinates(batch) for batch in take(points(seed=1), 9)]
    np.random.seed(6)
    state = np.random.get_state()
    again, other = points(seed=1), points(seed=2)
    stream = iter(again)
    for batch in first:
        np.random.set_state(state)
        assert torch.equal(coordinates(next(stream)), batch)
        after = np.random.get_state()
        assert after[2] == state[2]
        assert (after[1] == state[1]).all()
    assert not torch.equal(coordinates(take(other, 1)[0]), first[0])


def test_two_constraints_of_one_seed_see_other_points():
    torch.manual_seed(0)
    rectangle = Rectangle(*RECTANGLE)
    one, other = (coordinates(take(ResampledPoints(rectangle.sample_interior, {"u": 0}, 9), 1)[0]) for _ in range(2))
    assert not torch.equal(one, other)


def test_workers_and_ranks_see_other_points(monkeypatch):
    manager = type("Manager", (), {"distributed": True, "rank": 0, "group_rank": lambda self, group: self.rank})
    monkeypatch.setattr(host.load("distributed"), "DistributedManager", manager)
    seen = []
    for rank, worker in [(0, 0), (1, 0), (0, 1), (1, 1), (0, 0)]:
        monkeypatch.setattr(manager, "rank", rank)
        dataset = points()
        dataset.worker_init_fn(worker)
        seen.append(coordinates(take(dataset, 1)[0]))
    assert torch.equal(seen[0], seen[-1])
    assert len(torch.cat(seen[:4]).unique(dim=0)) == 4 * 60


@pytest.mark.parametrize("static", [False, True])
def test_a_constraint_of_the_host_takes_it(static):
    """With `static`, as under CUDA graphs: the points of a step are copied into the tensors of the first."""
    u = host.Node.from_sympy(X**2, "u")
    constraint = PointwiseConstraint(
        [u], points(outvar={"u": X}), host.load("loss").PointwiseLossNorm(), 60, True, True, 0
    )
    load = constraint.load_data_static if static else constraint.load_data
    pointers, losses = set(), []
    for _ in range(6):
        load()
        constraint.forward()
        pointers.add(constraint._input_vars["x"].data_ptr())
        x = constraint._input_vars["x"].detach().double()
        losses.append(float(constraint.loss(0)["u"]))
        assert losses[-1] == pytest.approx(float(((x**2 - x) ** 2).mean()) * 0.3 * 7.3, rel=1e-4)
    assert len(set(losses)) == 6
    if static:
        assert len(pointers) == 1


@pytest.mark.parametrize(("name", "sizes"), [("batch_size", (0, 4)), ("batch_per_epoch", (5, 0))])
def test_sizes_are_checked(name, sizes):
    with pytest.raises(ValueError, match=f"Parameter `{name}` must be at least 1"):
        points(batch_size=sizes[0], batches=sizes[1])


def adaptive(batch_size=400, batches=16, **options):
    rectangle = Rectangle(*RECTANGLE)
    torch.manual_seed(0)
    dataset = AdaptivePoints(rectangle.sample_interior, {"u": 2 * X}, batch_size, batches, **options)
    dataset.residuals = lambda batch: (batch[0]["y"][:, 0] > 9.0).float()
    return dataset


def test_adaptive_points_lie_where_the_residual_is_and_keep_the_integral():
    share = []
    for invar, outvar, weights in take(adaptive(), 25):
        share.append(float((invar["y"] > 9.0).float().mean()))
        assert float(invar["area"].sum()) == pytest.approx(0.3 * 7.3, rel=0.05)
        assert float((invar["area"] * (invar["y"] > 9.0)).sum()) == pytest.approx(0.3 * 0.3, rel=0.25)
        torch.testing.assert_close(outvar, {"u": 2 * invar["x"]})
        assert {value.shape for part in (invar, outvar, weights) for value in part.values()} == {(400, 1)}
    assert np.mean(share) == pytest.approx(0.5 + 0.5 * 0.3 / 7.3, abs=0.01)
    evenly = [float((batch[0]["y"] > 9.0).float().mean()) for batch in take(adaptive(fraction=0.0), 25)]
    assert np.mean(evenly) == pytest.approx(0.3 / 7.3, abs=0.01)


def test_adaptive_points_ask_for_residuals_after_every_so_many_steps():
    dataset, asked = adaptive(20, 3, every=4), []
    dataset.residuals = lambda batch: asked.append(len(batch[0]["x"])) or torch.ones(20)
    drawn = torch.cat([coordinates(batch) for batch in take(dataset, 8)])
    assert asked == [20] * 6
    assert len(drawn[:80].unique(dim=0)) <= 60
    assert not set(map(tuple, drawn[:80].tolist())) & set(map(tuple, drawn[80:].tolist()))


def test_adaptive_points_are_of_their_own_stream():
    first = [coordinates(batch) for batch in take(adaptive(), 3)]
    stream = iter(adaptive())
    for batch in first:
        np.random.seed(1)
        assert torch.equal(coordinates(next(stream)), batch)
        assert np.random.uniform() == np.random.RandomState(1).uniform()


def linear(**sampling):
    """u = 4 y on a rectangle, where u = 0 is asked for above y = 0 and u = 4 y below: residuals of 4 y and of 0."""
    y = Symbol("y")
    outvar, weights = {"u": 0}, {"u": Piecewise((4.0, y > 0), (0.0, True))}
    nodes = [host.Node.from_sympy(4 * y, "u")]
    torch.manual_seed(0)
    return pointwise_constraint(
        "interior", nodes, Rectangle((-1, -1), (1, 1)), outvar, 400, lambda_weighting=weights, **sampling
    )


def test_constraint_with_adaptive_points_sees_the_residuals_of_its_network():
    constraint, means = linear(points="adaptive"), []
    for _ in range(20):
        constraint.load_data()
        means.append(float((constraint._input_vars["y"] > 0).float().mean()))
        constraint.forward()
        # The integral of 4 (4 y)^2 over the upper half, 2 by 1.
        assert float(constraint.loss(0)["u"]) == pytest.approx(4 * 16 / 3 * 2, rel=0.05)
    assert np.mean(means) == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize(
    ("sampling", "message"),
    [
        ({"num_workers": 1}, "`points = 'adaptive'` needs `num_workers = 0`.*Found `num_workers = 1`"),
        ({"quasirandom": True}, "`points = 'adaptive'` allows no `quasirandom` beside it"),
        ({"fraction": 1.0}, r"Parameter `fraction` must be in \[0, 1\). Found `fraction = 1`"),
        ({"every": 0}, "Parameter `every` must be at least 1"),
    ],
    ids=repr,
)
def test_adaptive_points_refuse(sampling, message):
    with pytest.raises(ValueError, match=message):
        linear(points="adaptive", **sampling)
