"""Our Solver at a last step that no frequency of the host's meets, and in eval mode, by the examples."""

import numpy as np
import pytest
from example_runs import train
from tensorboard.backend.event_processing.event_accumulator import TENSORS, EventAccumulator

pytestmark = pytest.mark.host
# Of validators, monitors, losses and networks in a run of 7 steps.
STEPS = [0, 5, 7]
ERROR = "Validators/exact/l2_relative_error_w"


def recorded(folder):
    """Return by tag the steps and the values of every event file in `folder`, by TensorBoard's own means."""
    found = {}
    for path in sorted(folder.glob("*tfevents*")):
        events = EventAccumulator(str(path), size_guidance={TENSORS: 0}).Reload()
        for tag in events.Tags()["tensors"]:
            values = [(event.step, event.tensor_proto.float_val) for event in events.Tensors(tag)]
            found.setdefault(tag, []).extend((step, value[0]) for step, value in values if value)
    return found


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    train(folder, "kirchhoff", "training.max_steps=7", "loss=relobralo")
    return folder


def test_the_last_step_is_recorded_and_saved(trained):
    values = recorded(trained / "run")
    for tag in (ERROR, "Train/loss_kirchhoff", "Train/loss_aggregated", "Monitors/weights/w"):
        assert [step for step, _ in values[tag]] == STEPS
    with np.load(trained / "run" / "validators" / "exact.npz", allow_pickle=True) as file:
        field = file["arr_0"].item()
    exact, predicted = field["true_w"], field["pred_w"]
    # As the host divides it.
    expected = np.sqrt(np.mean((exact - predicted) ** 2) / np.var(exact, ddof=1))
    assert values[ERROR][-1][1] == pytest.approx(expected, rel=1e-5)
    assert values[ERROR][-1][1] != pytest.approx(values[ERROR][-2][1], rel=1e-5)


def test_an_evaluation_is_of_the_last_step_and_runs_with_monitors(trained):
    before = recorded(trained / "run")[ERROR]
    output = train(trained, "kirchhoff", "training.max_steps=7", "loss=relobralo", "run_mode=eval")
    *old, (step, error) = recorded(trained / "run")[ERROR]
    assert (old, step) == (before, 7)
    assert error == pytest.approx(before[-1][1], rel=1e-5)
    assert "relative L2 error of w" in output


def test_where_the_stop_criterion_ends_it(tmp_path):
    # Any loss is a gain of less than 1e30, so that the criterion is met at the second look or the third.
    often = [f"stop_criterion.{option}" for option in ("metric=loss", "freq=1", "patience=1", "min_delta=1e30")]
    train(tmp_path, "kirchhoff", "training.max_steps=40", "loss=sum", "stop_criterion.mode=min", *often)
    steps = [step for step, _ in recorded(tmp_path / "run")[ERROR]]
    assert steps[0] == 0
    assert 0 < steps[-1] < 5
