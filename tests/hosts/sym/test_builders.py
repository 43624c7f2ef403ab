import pytest
import torch
from sympy import Symbol

from modulus_relobralo.geometry.rectangle import EDGES, for_each_edge
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.builders import constraints_on_rectangle

pytestmark = pytest.mark.host

LOWER, UPPER = (-0.1, 2.0), (0.2, 9.3)
ON_EDGE = {"left": ("x", -0.1), "right": ("x", 0.2), "bottom": ("y", 2.0), "top": ("y", 9.3)}
ALIKE = {edge: {"u": 0} for edge in EDGES}
NORMALS = {"left": (-1, 0), "right": (1, 0), "bottom": (0, -1), "top": (0, 1)}


def constrain(conditions, per_edge=False, interior=32, edge=16, **sampling):
    rectangle = host.load("geometry.primitives_2d").Rectangle(LOWER, UPPER)
    u = host.load("node").Node.from_sympy(Symbol("x") * Symbol("y"), "u")
    sampling = sampling or {"batch_per_epoch": 1}
    return constraints_on_rectangle([u], rectangle, ({"u": 0}, interior), (conditions, edge), per_edge, sampling)


def sampled(constraint):
    constraint.load_data()
    return {name: value.detach() for name, value in constraint._input_vars.items()}


def test_one_value_serves_all_edges():
    assert for_each_edge("walls", 3) == {"left": 3, "right": 3, "bottom": 3, "top": 3}


def test_a_mapping_is_brought_into_the_order_of_the_edges():
    given = {"top": 4, "left": 1, "right": 2, "bottom": 3}
    assert list(for_each_edge("walls", given).items()) == [("left", 1), ("right", 2), ("bottom", 3), ("top", 4)]


@pytest.mark.parametrize(
    ("value", "found"),
    [({}, "none"), ({"left": 1, "top": 2}, "left, top"), (dict.fromkeys([*EDGES, "front"], 0), "top, front")],
)
def test_a_mapping_must_name_each_edge(value, found):
    with pytest.raises(ValueError, match=rf"name each of left, right, bottom, top. Found `walls` for .*{found}"):
        for_each_edge("walls", value)


@pytest.mark.parametrize("sampling", [{"batch_per_epoch": 3}, {"fixed_dataset": False}], ids=["fixed", "resampled"])
def test_each_edge_gets_its_points_and_outward_normals(sampling):
    constraints = constrain(ALIKE, per_edge=True, **sampling)
    assert list(constraints) == ["interior", *EDGES]
    for edge, (coordinate, value) in ON_EDGE.items():
        points = sampled(constraints[edge])
        assert points["x"].shape == (16, 1)
        torch.testing.assert_close(points[coordinate], torch.full((16, 1), value))
        along = "y" if coordinate == "x" else "x"
        assert len(points[along].unique()) == 16
        normals = torch.cat([points["normal_x"], points["normal_y"]], dim=1)
        torch.testing.assert_close(normals, torch.tensor([NORMALS[edge]], dtype=normals.dtype).expand(16, 2))


@pytest.mark.parametrize("sampling", [{"batch_per_epoch": 2}, {"fixed_dataset": False}], ids=["fixed", "resampled"])
def test_shared_points_lie_on_all_edges_by_length(sampling):
    constraints = constrain(ALIKE, edge=2000, **sampling)
    assert list(constraints) == ["interior", "edges"]
    points = sampled(constraints["edges"])
    n_x, n_y = points["normal_x"], points["normal_y"]
    counts = {"left": n_x < 0, "right": n_x > 0, "bottom": n_y < 0, "top": n_y > 0}
    lengths = {"left": 7.3, "right": 7.3, "bottom": 0.3, "top": 0.3}
    assert sum(int(there.sum()) for there in counts.values()) == 8000
    for edge, there in counts.items():
        coordinate, value = ON_EDGE[edge]
        expected = 8000 * lengths[edge] / 15.2
        assert abs(int(there.sum()) - expected) < 5 * expected**0.5
        torch.testing.assert_close(points[coordinate][there], torch.full_like(points[coordinate][there], value))


def test_interior_points_lie_inside():
    points = sampled(constrain(ALIKE)["interior"])
    assert points["x"].shape == (32, 1)
    assert (points["x"] > LOWER[0]).all()
    assert (points["x"] < UPPER[0]).all()
    assert (points["y"] > LOWER[1]).all()
    assert (points["y"] < UPPER[1]).all()


def test_edges_with_equal_conditions_share_a_constraint():
    conditions = {"left": {"u": 0}, "right": {"u": 0}, "bottom": {"u": 1}, "top": {"u": 0}}
    constraints = constrain(conditions)
    assert list(constraints) == ["interior", "left_right_top", "bottom"]
    assert len(sampled(constraints["left_right_top"])["x"]) == 48
    assert (sampled(constraints["bottom"])["normal_y"] == -1).all()


def test_terms_of_an_edge_end_in_its_name():
    constraints = constrain(ALIKE, per_edge=True)
    names = {name: [str(key) for key in constraint.output_names] for name, constraint in constraints.items()}
    assert names == {"interior": ["u"], **{edge: [f"u_{edge}"] for edge in EDGES}}


@pytest.mark.parametrize("points", [{"interior": 0}, {"edge": 0}])
def test_there_must_be_points(points):
    with pytest.raises(ValueError, match=rf"Parameter `{next(iter(points))}` must be at least 1"):
        constrain(ALIKE, **points)
