"""The comparison of the optimizers as a list of trainings, and what a step's time is made of."""

import importlib
from collections import Counter
from types import SimpleNamespace

import optimizers
import pytest
import sweep
from protocol import GRADIENTS, HEADLINE

pytestmark = pytest.mark.host


@pytest.fixture(scope="module")
def equal():
    return optimizers.trainings(lambda loss: range(2), 4_000, optimizers.OptimizerTraining.folder)


def test_the_protocol_is_what_its_page_says():
    full = optimizers.full()
    assert len(full) == 5 * 2 * (3 * 10 + 5 + 2 * 3) == len({training.run_dir for training in full})
    assert {training.steps for training in full} == {4_000}
    assert Counter((t.optimizer, t.loss) for t in full) == {
        (optimizer, loss): 5 * (10 if loss in (*HEADLINE, GRADIENTS) else 5 if loss == "relobralo_builtin" else 3)
        for optimizer in ("adam", "soap")
        for loss in (*HEADLINE, GRADIENTS, "relobralo_builtin", "lr_annealing", "soft_adapt")
    }
    assert Counter((t.setting, t.problem, t.terms) for t in full) == dict.fromkeys(optimizers.CASES, 82)
    assert not {training.seed for training in full} & {100, 101, 102}


def test_commands_differ_in_the_optimizer_and_its_rate_only(equal):
    commands = sweep.commands(equal, [])
    assert len(commands) == 10
    for command in commands:
        config = command[command.index("--config-name") + 1]
        changed = dict(part.split("=", 1) for part in command if "=" in part)
        article = "/article/" in changed["hydra.sweep.dir"]
        assert config == ("article" if article else "first_order")
        assert changed["training.max_steps"] == "4000"
        rates = {("adam", True): "0.001", ("soap", True): "0.003", ("adam", False): "0.003", ("soap", False): "0.003"}
        assert changed["optimizer.lr"] == rates[changed["optimizer"], article]
        # The article's points are those of its config; the scaled setting's are those of the other comparison.
        assert ("batch_size.interior" in changed) == (not article)
    terms = Counter("custom.per_edge=true" in command for command in commands)
    assert terms == {True: 2, False: 8}


def test_of_equal_time_are_adams_with_the_steps_that_take_as_long(equal, monkeypatch):
    seconds = {"adam": 0.010, "soap": 0.0123}
    monkeypatch.setattr(
        optimizers,
        "read_run",
        lambda folder: SimpleNamespace(step_seconds=seconds["soap" if "-soap-" in str(folder) else "adam"]),
    )
    longer = optimizers.equal_time(equal)
    assert {(t.optimizer, t.steps) for t in longer} == {("adam", 4_900)}
    assert Counter((t.setting, t.problem, t.terms, t.loss, t.seed) for t in longer) == Counter(
        (t.setting, t.problem, t.terms, t.loss, t.seed) for t in equal if t.optimizer == "adam"
    )
    assert not {t.run_dir for t in longer} & {t.run_dir for t in equal}
    # A SOAP that is no slower has had its comparison.
    seconds["soap"] = 0.009
    assert optimizers.equal_time(equal) == []


def test_quick_runs_lie_in_a_folder_of_their_own():
    assert not {t.run_dir for t in optimizers.quick()} & {t.run_dir for t in optimizers.full()}
    assert {t.steps for t in optimizers.quick()} == {400}


def test_a_ratio_counts_the_steps_with_new_eigenvectors_as_often_as_they_come():
    soap_step = importlib.import_module("soap_step")  # with the host
    first = soap_step.WARMUP
    soap = [9.0 if step % 5 == 0 else 1.0 for step in range(first, first + 50)]
    assert soap_step.mean_ratio(soap, [2.0] * 50, 5) == pytest.approx((4 * 0.5 + 4.5) / 5)
    # And a single slow step, as of a busy machine, does not.
    assert soap_step.mean_ratio([*soap[:-1], 1e6], [2.0] * 50, 5) == pytest.approx((4 * 0.5 + 4.5) / 5)
