"""The problems that the plugin knows nothing of as a list of trainings, and what a row keeps of several variables."""

from collections import Counter
from types import SimpleNamespace

import accuracy
import numpy as np
import pytest
import reuse
import sweep
from protocol import GRADIENTS, HEADLINE, TUNING_SEEDS

pytestmark = pytest.mark.host


def test_the_protocol_is_what_its_page_says():
    full = reuse.full()
    assert len(full) == 4 * 3 * (10 + 3) == len({training.run_dir for training in full})
    assert Counter((t.problem, t.loss) for t in full) == {
        (problem, loss): 10 if loss in (*HEADLINE, GRADIENTS) else 3
        for problem in reuse.PROBLEMS
        for loss in (*HEADLINE, GRADIENTS, "relobralo_builtin", "lr_annealing", "soft_adapt")
    }
    assert not {training.seed for training in full} & set(TUNING_SEEDS)


def test_each_command_starts_the_script_of_its_problem():
    commands = sweep.commands(reuse.quick(), [])
    assert [command[1] for command in commands] == [f"examples/reuse/{problem}.py" for problem in reuse.PROBLEMS]
    assert {command[command.index("--config-name") + 1] for command in commands} == {"config"}
    assert all((reuse.ROOT / command[1]).is_file() for command in commands)


def test_a_row_keeps_the_last_error_of_every_variable(monkeypatch):
    steps = np.array([0, 100])
    errors = {
        name: SimpleNamespace(steps=steps, values=np.array([1.0, last])) for name, last in (("k", 0.2), ("u", 0.1))
    }
    run = SimpleNamespace(
        errors=errors, diverged=False, status="finished", last_step=100, seconds=1.0, step_seconds=0.01, seed=0
    )
    monkeypatch.setattr(accuracy, "mean_square", lambda run, variable: 0.5)
    row = accuracy.make_row(reuse.quick()[0], run)
    assert (row["relative L2 error"], row["relative L2 error of u"]) == (0.2, 0.1)
    run.diverged = True
    row = accuracy.make_row(reuse.quick()[0], run)
    assert row["relative L2 error"] is row["relative L2 error of u"] is None
