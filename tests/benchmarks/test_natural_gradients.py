"""The protocol of natural gradients as a list of trainings."""

from collections import Counter

import natural_gradients
import pytest
import sweep
from protocol import HEADLINE

pytestmark = pytest.mark.host


def test_the_protocol_is_what_its_page_says():
    full = natural_gradients.full()
    assert len(full) == 100 == len({training.run_dir for training in full})
    assert Counter((t.setting, t.problem, t.terms, t.loss) for t in full) == {
        (*case, loss): 10 for case in natural_gradients.STEPS for loss in HEADLINE
    }
    assert not {training.seed for training in full} & {100, 101, 102}


def test_commands_name_the_optimizer_where_the_config_has_another():
    for command in sweep.commands(natural_gradients.full(), []):
        config = command[command.index("--config-name") + 1]
        assert config == ("article" if "/article/" in next(p for p in command if "sweep.dir" in p) else "config")
        assert ("optimizer=natural_gradient" in command) == (config == "article")
        # Fewer points than the article's on the plate only: the rows of its two boundary conditions would be as many.
        fewer = "batch_size.interior=400" in command
        assert fewer == (config == "article" and "kirchhoff.py" in command[1])


def test_quick_runs_lie_in_a_folder_of_their_own():
    assert not {t.run_dir for t in natural_gradients.quick()} & {t.run_dir for t in natural_gradients.full()}
    assert {t.steps for t in natural_gradients.quick()} == {natural_gradients.QUICK_STEPS}
