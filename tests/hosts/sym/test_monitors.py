"""Weights and residuals as the host's monitors record them."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from programs import read_csv
from sympy import Function, Symbol

from modulus_relobralo import ReLoBRaLo
from modulus_relobralo.hosts.sym import host

pytestmark = pytest.mark.host


@pytest.fixture(scope="module")
def monitor_class():
    from modulus_relobralo.hosts.sym import WeightMonitor

    return WeightMonitor


class Writer:
    """Takes scalars as the host's SummaryWriter does."""

    def __init__(self):
        self.scalars = []

    def add_scalar(self, tag, value, step, new_style=False):
        self.scalars.append((tag, float(value), step))


def balance(aggregator, *losses):
    aggregator({name: torch.tensor(value) for name, value in zip(("pde", "u"), losses, strict=True)})


def solver_with(aggregator):
    return SimpleNamespace(aggregator=aggregator)


def read(folder, name="weights.csv"):
    header, rows = read_csv(folder / name)
    return [header, *rows]


@pytest.fixture
def aggregator():
    aggregator = ReLoBRaLo([], 2)
    balance(aggregator, 1.0, 1.0)
    return aggregator


def test_weights_go_to_both_files_and_back_to_the_host(monitor_class, aggregator, tmp_path):
    monitor, writer = monitor_class(solver_with(aggregator)), Writer()
    assert isinstance(monitor, host.load("domain.monitor").Monitor)
    first = monitor.save_results("weights", writer, 0, str(tmp_path))
    balance(aggregator, 1.01, 1.0)
    second = monitor.save_results("weights", writer, 10, str(tmp_path))
    # What was returned for one step is not what a later one moves.
    assert {name: float(weight) for name, weight in first.items()} == {"weight_pde": 1.0, "weight_u": 1.0}
    pde, u = aggregator.lmbda_ema.tolist()
    assert pde > 1.0 > u
    assert {name: float(weight) for name, weight in second.items()} == {"weight_pde": pde, "weight_u": u}
    assert writer.scalars == [
        ("Monitors/weights/pde", 1.0, 0),
        ("Monitors/weights/u", 1.0, 0),
        ("Monitors/weights/pde", pde, 10),
        ("Monitors/weights/u", u, 10),
    ]
    header, *rows = read(tmp_path)
    assert header == ["step", "pde", "u"]
    assert [[int(step), *map(float, weights)] for step, *weights in rows] == [
        [0, 1.0, 1.0],
        [10, pytest.approx(pde, rel=1e-8), pytest.approx(u, rel=1e-8)],
    ]


def test_a_negative_loss_is_named_when_it_is_recorded(monitor_class, aggregator, tmp_path):
    """Under CUDA graphs no other look at it is taken between two checkpoints."""
    balance(aggregator, 1.0, -2.0)
    with pytest.raises(ValueError, match="Found `u` = -2"):
        monitor_class(solver_with(aggregator)).save_results("weights", Writer(), 10, str(tmp_path))


def test_tensorboard_reads_them(monitor_class, aggregator, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(tmp_path / "events") as writer:
        monitor_class(solver_with(aggregator)).save_results("weights", writer, 7, str(tmp_path))
    events = EventAccumulator(str(tmp_path / "events")).Reload()
    tags = events.Tags()["tensors"]
    assert sorted(tags) == ["Monitors/weights/pde", "Monitors/weights/u"]
    (event,) = events.Tensors("Monitors/weights/u")
    assert (event.step, list(event.tensor_proto.float_val)) == (7, [1.0])


def test_a_scripted_aggregator_is_read_too(monitor_class, tmp_path):
    with pytest.warns(FutureWarning, match="torch.jit.script"):
        scripted = torch.jit.script(ReLoBRaLo([], 2))
    balance(scripted, 1.0, 1.0)
    assert list(monitor_class(solver_with(scripted)).save_results("w", Writer(), 0, str(tmp_path))) == [
        "weight_pde",
        "weight_u",
    ]


def test_a_resumed_run_continues_the_file(monitor_class, aggregator, tmp_path):
    first = monitor_class(solver_with(aggregator))
    for step in (0, 10, 20, 30):
        first.save_results("weights", Writer(), step, str(tmp_path))
    # A kill in the middle of a line.
    with (tmp_path / "weights.csv").open("a") as file:
        file.write("40,0.9")
    resumed = monitor_class(solver_with(aggregator))
    for step in (20, 30):
        resumed.save_results("weights", Writer(), step, str(tmp_path))
    header, *rows = read(tmp_path)
    assert header == ["step", "pde", "u"]
    assert [row[0] for row in rows] == ["0", "10", "20", "30"]


def test_a_file_with_the_terms_in_another_order_is_continued_by_name(monitor_class, aggregator, tmp_path):
    """As versions before 0.3 wrote it."""
    (tmp_path / "weights.csv").write_text("step,u,pde\n0,0.25,1.75\n5,9,9\n")
    monitor_class(solver_with(aggregator)).save_results("weights", Writer(), 5, str(tmp_path))
    header, *rows = read(tmp_path)
    assert header == ["step", "pde", "u"]
    assert rows == [["0", "1.75", "0.25"], ["5", "1", "1"]]
    assert not (tmp_path / "weights.old.csv").exists()


def test_a_file_with_other_terms_is_kept(monitor_class, aggregator, tmp_path):
    (tmp_path / "weights.csv").write_text("step,other\n0,1\n")
    monitor_class(solver_with(aggregator)).save_results("weights", Writer(), 5, str(tmp_path))
    assert read(tmp_path, "weights.old.csv") == [["step", "other"], ["0", "1"]]
    assert [row[0] for row in read(tmp_path)] == ["step", "5"]


def test_an_empty_file_is_started(monitor_class, aggregator, tmp_path):
    (tmp_path / "weights.csv").touch()
    monitor_class(solver_with(aggregator)).save_results("weights", Writer(), 5, str(tmp_path))
    assert [row[0] for row in read(tmp_path)] == ["step", "5"]


def test_every_window_of_a_sequence_has_a_file_of_its_own(monitor_class, aggregator, tmp_path):
    monitor = monitor_class(solver_with(aggregator))
    for window in ("window_0000", "window_0001"):
        (tmp_path / window).mkdir()
        for step in (0, 10):
            monitor.save_results("weights", Writer(), step, str(tmp_path / window))
        assert [row[0] for row in read(tmp_path / window)] == ["step", "0", "10"]


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_without_our_aggregator_nothing_is_written_and_the_log_says_so_once(monitor_class, mode, tmp_path, caplog):
    # In eval mode the host makes no aggregator at all.
    other = {"train": {"aggregator": torch.nn.Identity()}, "eval": {}}
    solver = SimpleNamespace(**other[mode])
    monitor, writer = monitor_class(solver), Writer()
    with caplog.at_level("INFO"):
        assert [monitor.save_results("weights", writer, step, str(tmp_path)) for step in (0, 1)] == [{}, {}]
    assert caplog.text.count("weights.csv: not written") == 1
    assert writer.scalars == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("factor", [0.0, 2.0])
def test_the_root_mean_square_of_a_residual(factor, tmp_path):
    from modulus_relobralo.hosts.sym import Node, Rectangle, residual_monitor

    x, y = Symbol("x"), Symbol("y")
    u = Function("u")(x, y)
    nodes = [
        Node.from_sympy(x**2 + y**2, "u"),
        # 4 - 4 + factor x, and 4 + y.
        Node.from_sympy(u.diff(x, 2) + u.diff(y, 2) - 4 + factor * x, "pde"),
        Node.from_sympy(u.diff(x, 2) + u.diff(y, 2) + y, "other"),
    ]
    points = Rectangle((0, 0), (1, 1)).sample_interior(50)
    writer = Writer()
    monitor = residual_monitor(nodes, points, ["pde", "other"])
    monitor.save_results("residuals", writer, 7, f"{tmp_path}/")
    assert writer.scalars == [
        ("Monitors/residuals/pde", pytest.approx(factor * np.sqrt(np.mean(points["x"] ** 2)), rel=1e-5, abs=1e-6), 7),
        ("Monitors/residuals/other", pytest.approx(np.sqrt(np.mean((4 + points["y"]) ** 2)), rel=1e-5), 7),
    ]
