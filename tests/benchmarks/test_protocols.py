"""The protocols as lists of trainings: what their pages say, and that no two share a folder."""

import itertools
from collections import Counter
from types import SimpleNamespace

import pytest

from benchmarks import launching
from benchmarks.protocols import accuracy, article, natural_gradients, optimizers, reuse
from benchmarks.protocols.schemes import GRADIENTS, HEADLINE, PROBLEMS, RIVALS, TUNING_SEEDS
from benchmarks.records import KEYS, ROOT, key_of
from benchmarks.training import TERMS

pytestmark = pytest.mark.host

MODULES = (accuracy, article, natural_gradients, optimizers, reuse)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_no_two_trainings_share_a_folder_or_a_row_or_see_a_tuning_seed(module):
    full, quick = module.full(), module.quick()
    for trainings in (full, quick):
        assert len({training.run_dir for training in trainings}) == len(trainings)
        assert len({key_of(training.protocol, training.key()) for training in trainings}) == len(trainings)
        assert not {training.seed for training in trainings} & {*TUNING_SEEDS, 102}
    assert not {training.run_dir for training in quick} & {training.run_dir for training in full}
    assert {training.protocol for training in full} == {module.__name__.rpartition(".")[2]} <= KEYS.keys()
    assert all((ROOT / training.script).is_file() for training in full)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_what_a_row_is_known_by_is_what_is_trained(module):
    for training in module.full():
        given = dict(override.split("=", 1) for override in training.overrides)
        assert given["training.max_steps"] == str(training.steps)
        assert float(given.get("optimizer.lr", training.rate or 0)) == (training.rate or 0)
        assert given.get("optimizer", training.optimizer) == training.optimizer
        assert given.get("custom.per_edge", "false") == str(TERMS.get(training.terms, False)).lower()
        assert {name.removeprefix("loss.") for name in given if name.startswith("loss.")} == dict(
            training.parameters
        ).keys()


def test_every_scheme_is_compared_in_every_scaled_case():
    at_defaults = [t for t in accuracy.full() if not t.parameters and t.rate == accuracy.RATE]
    for problem, terms in itertools.product(PROBLEMS, TERMS):
        of_case = [t for t in at_defaults if (t.problem, t.terms) == (problem, terms)]
        assert {t.loss for t in of_case} == {*HEADLINE, GRADIENTS, *RIVALS}
        assert len({t.overrides for t in of_case}) == 1
        seeds = Counter(t.loss for t in of_case)
        assert seeds["sum"] == seeds[GRADIENTS] == 10
        assert seeds["relobralo"] == (10 if terms == "aggregated" else 5)


def test_the_article_s_protocol_is_what_its_page_says():
    full = article.full()
    assert len(full) == 200 + 12
    assert Counter((t.problem, t.steps, t.loss, bool(t.parameters)) for t in full[:200]) == {
        (problem, steps, loss, given): 10
        for problem in PROBLEMS
        for steps in (8_000, 20_000)
        for loss, given in [*((loss, False) for loss in article.LOSSES), ("relobralo_builtin", True)]
    }
    assert Counter((t.problem, t.steps, t.loss, t.parameters) for t in full[200:]) == {
        (problem, 8_000, loss, ()): 3 for problem in PROBLEMS for loss in ("lr_annealing", "soft_adapt")
    }
    # those on which the claims are made come first
    assert {training.steps for training in full[:100]} == {8_000}
    assert {t.steps for t in article.quick()} == {400}


def test_the_host_s_own_class_gets_the_article_s_values_under_its_names():
    values = {t.problem: dict(t.parameters) for t in article.full() if t.parameters}
    assert values == {
        "helmholtz": {"alpha": 0.999, "tau": 0.01, "beta": 0.99},
        "kirchhoff": {"alpha": 0.999, "tau": 0.1, "beta": 0.99},
    }


def test_commands_name_the_article_s_config_and_nothing_else_of_its_setting():
    commands = launching.commands(article.full(), [])
    assert len(commands) == 10
    for command in commands:
        assert command[command.index("--config-name") + 1] == "article"
        changed = {part.split("=")[0] for part in command if "=" in part} - {"loss", "custom.seed"}
        named = {name for name in changed if name.partition(".")[0] in ("custom", "optimizer", "batch_size", "arch")}
        assert not named


def test_the_optimizers_protocol_is_what_its_page_says():
    full = optimizers.full()
    assert len(full) == 5 * 2 * (3 * 10 + 5 + 2 * 3)
    assert {training.steps for training in full} == {4_000}
    assert Counter((t.optimizer, t.loss) for t in full) == {
        (optimizer, loss): 5 * (10 if loss in (*HEADLINE, GRADIENTS) else 5 if loss == "relobralo_builtin" else 3)
        for optimizer in ("adam", "soap")
        for loss in (*HEADLINE, GRADIENTS, "relobralo_builtin", "lr_annealing", "soft_adapt")
    }
    assert Counter((t.setting, t.problem, t.terms) for t in full) == dict.fromkeys(optimizers.CASES, 82)


def test_commands_differ_in_the_optimizer_and_its_rate_only():
    commands = launching.commands(optimizers.trainings(lambda loss: range(2)), [])
    assert len(commands) == 10
    for command in commands:
        config = command[command.index("--config-name") + 1]
        changed = dict(part.split("=", 1) for part in command if "=" in part)
        of_article = "/article/" in changed["hydra.sweep.dir"]
        assert config == ("article" if of_article else "first_order")
        rates = {("adam", True): "0.001", ("soap", True): "0.003", ("adam", False): "0.003", ("soap", False): "0.003"}
        assert changed["optimizer.lr"] == rates[changed["optimizer"], of_article]
        # The article's points are those of its config; the scaled setting's are those of the other comparison.
        assert ("batch_size.interior" in changed) == (not of_article)
    terms = Counter("custom.per_edge=true" in command for command in commands)
    assert terms == {True: 2, False: 8}


def test_of_equal_time_are_adams_with_the_steps_that_take_as_long(monkeypatch):
    equal = optimizers.trainings(lambda loss: range(2))
    seconds = {"adam": 0.010, "soap": 0.0123}
    monkeypatch.setattr(
        optimizers,
        "read_run",
        lambda folder: SimpleNamespace(step_seconds=seconds["soap" if "-soap-" in str(folder) else "adam"]),
    )
    longer = optimizers.equal_time(equal)
    assert {(t.optimizer, t.steps) for t in longer} == {("adam", 4_900)}
    assert all("training.max_steps=4900" in t.overrides for t in longer)
    assert Counter((t.setting, t.problem, t.terms, t.loss, t.seed) for t in longer) == Counter(
        (t.setting, t.problem, t.terms, t.loss, t.seed) for t in equal if t.optimizer == "adam"
    )
    assert not {t.run_dir for t in longer} & {t.run_dir for t in equal}
    # A SOAP that is no slower has had its comparison.
    seconds["soap"] = 0.009
    assert optimizers.equal_time(equal) == []


def test_the_protocol_of_natural_gradients_is_what_its_page_says():
    full = natural_gradients.full()
    assert Counter((t.setting, t.problem, t.terms, t.loss) for t in full) == {
        (*case, loss): 10 for case in natural_gradients.STEPS for loss in HEADLINE
    }
    for command in launching.commands(full, []):
        config = command[command.index("--config-name") + 1]
        assert config == ("article" if "/article/" in next(p for p in command if "sweep.dir" in p) else "config")
        # The examples' own configs have it.
        assert ("optimizer=natural_gradient" in command) == (config == "article")
        # Fewer points than the article's on the plate only: the rows of its two boundary conditions would be as many.
        assert ("batch_size.interior=400" in command) == ("kirchhoff.py" in command[1])
        # Smaller networks came into the examples' own configs later.
        assert ("arch.fully_connected.layer_size=32" in command) == (config == "config")


def test_the_protocol_of_reuse_is_what_its_page_says():
    assert Counter((t.problem, t.loss) for t in reuse.full()) == {
        (problem, loss): 10 if loss in (*HEADLINE, GRADIENTS) else 3
        for problem in reuse.PROBLEMS
        for loss in (*HEADLINE, GRADIENTS, "relobralo_builtin", "lr_annealing", "soft_adapt")
    }
    commands = launching.commands(reuse.quick(), [])
    assert [command[1] for command in commands] == [f"examples/reuse/{problem}.py" for problem in reuse.PROBLEMS]
    assert all(command[command.index("--config-name") + 1] == "first_order" for command in commands)


def test_a_ratio_counts_the_steps_with_new_eigenvectors_as_often_as_they_come():
    from benchmarks.steps import soap_step

    first = soap_step.WARMUP
    soap = [9.0 if step % 5 == 0 else 1.0 for step in range(first, first + 50)]
    assert soap_step.mean_ratio(soap, [2.0] * 50, 5) == pytest.approx((4 * 0.5 + 4.5) / 5)
    # And a single slow step, as of a busy machine, does not.
    assert soap_step.mean_ratio([*soap[:-1], 1e6], [2.0] * 50, 5) == pytest.approx((4 * 0.5 + 4.5) / 5)
