"""The article's runs as a list of trainings."""

from collections import Counter

import article
import pytest
import sweep

pytestmark = pytest.mark.host


def test_the_protocol_is_what_its_page_says():
    full = article.full()
    assert len(full) == 200 + 12
    assert len({training.run_dir for training in full}) == 200 + 12
    assert {training.seed for training in full} == set(range(10))
    assert Counter((t.problem, t.steps, t.loss, bool(t.parameters)) for t in full[:200]) == {
        (problem, steps, loss, tuned): 10
        for problem in ("helmholtz", "kirchhoff")
        for steps in (8_000, 20_000)
        for loss, tuned in [
            ("sum", False),
            ("relobralo", False),
            ("relobralo_grad", False),
            ("relobralo_builtin", False),
            ("relobralo_builtin", True),
        ]
    }
    assert Counter((t.problem, t.steps, t.loss, t.parameters) for t in full[200:]) == {
        (problem, 8_000, loss, ()): 3
        for problem in ("helmholtz", "kirchhoff")
        for loss in ("lr_annealing", "soft_adapt")
    }
    # those on which the claims are made come first
    assert {training.steps for training in full[:100]} == {8_000}
    assert not {training.seed for training in full} & {100, 101}


def test_the_host_s_own_class_gets_the_article_s_values_under_its_names():
    values = {t.problem: dict(t.parameters) for t in article.full() if t.parameters}
    assert values == {
        "helmholtz": {"alpha": 0.999, "tau": 0.01, "beta": 0.99},
        "kirchhoff": {"alpha": 0.999, "tau": 0.1, "beta": 0.99},
    }


def test_commands_name_the_article_s_config_and_nothing_else_of_its_setting():
    commands = sweep.commands(article.full(), [])
    assert len(commands) == 10
    for command in commands:
        assert command[command.index("--config-name") + 1] == "article"
        changed = {part.split("=")[0] for part in command if "=" in part} - {"loss", "custom.seed"}
        named = {name for name in changed if name.partition(".")[0] in ("custom", "optimizer", "batch_size", "arch")}
        assert not named


def test_quick_runs_lie_in_a_folder_of_their_own():
    assert not {t.run_dir for t in article.quick()} & {t.run_dir for t in article.full()}
    assert {t.steps for t in article.quick()} == {400}
