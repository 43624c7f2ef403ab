"""What titles say of the settings of runs: the names of options, and what differs from what comes with them."""

import pytest
from several_runs import runs_in
from written_runs import write_run

from modulus_relobralo.report.comparison import compare
from modulus_relobralo.report.settings import select, settings

METHOD = "${modulus_relobralo.method:natural_gradient,optimizer}"
ADAM = {"_target_": "torch.optim.Adam", "_params_": {"compute_gradients": "adam"}, "lr": 1e-3}
NATURAL = {
    "_target_": "modulus_relobralo.NaturalGradient",
    "_params_": {"compute_gradients": METHOD},
    "lr": 1.0,
    "damping": 1e-4,
}


def titles(*runs):
    """Return the settings in words of runs, each the optimizer's option, its entries and what was overridden."""
    configs = [{"optimizer": entries, "training": {"max_steps": 20}} for _, entries, _ in runs]
    return settings(configs, [{"optimizer": option} for option, *_ in runs], [names for *_, names in runs])


def test_an_option_is_called_by_its_name():
    assert titles(("adam", ADAM, ()), ("natural_gradient", NATURAL, ())) == ["adam", "natural_gradient"]
    # As it is when the command says so.
    assert titles(("adam", ADAM, ["optimizer"]), ("natural_gradient", NATURAL, ["optimizer"]))[0] == "adam"


def test_what_differs_from_the_defaults_is_said():
    slow = {**ADAM, "lr": 1e-4}
    runs = [("adam", ADAM, ()), ("adam", slow, ["optimizer.lr"]), ("natural_gradient", NATURAL, ())]
    assert titles(*runs) == ["adam, lr 0.001", "adam, lr 0.0001", "natural_gradient"]
    # In a file of the program, which no command shows: among runs of one option it differs.
    runs = [("adam", ADAM, ()), ("adam", slow, ()), ("natural_gradient", NATURAL, ())]
    assert titles(*runs) == ["adam, lr 0.001", "adam, lr 0.0001", "natural_gradient"]


def test_an_option_that_follows_from_the_config_is_not_said_beside_it():
    configs = [{"optimizer": ADAM, "grid": 1}, {"optimizer": NATURAL, "grid": 2}]
    choices = [{"config_name": "first", "optimizer": "adam"}, {"config_name": "", "optimizer": "natural_gradient"}]
    assert settings(configs, choices, [(), ()]) == ["first", ""]
    assert settings(configs, choices, [(), ["optimizer"]]) == ["first, adam", "natural_gradient"]
    assert settings(configs, choices, [["grid"], ["grid"]]) == ["first, grid 1", "grid 2"]
    # What a command gave and all have is not.
    assert settings([{"grid": 1}, {"grid": 1}], choices, [["grid"], ()]) == ["first", ""]
    # Of runs that all chose alike everything is said that differs.
    assert settings(configs, choices[:1] * 2, [(), ()])[0].endswith("lr 0.001, grid 1")


def test_without_names_of_options_a_class_is_called_by_its_own():
    words = settings(
        [{"optimizer": {"_target_": "a.b.Adam"}}, {"optimizer": {"_target_": "c.SOAP"}}], [{}, {}], [(), ()]
    )
    assert words == ["target Adam", "target SOAP"]


def test_titles_of_reports_have_no_paths_and_no_resolvers(tmp_path):
    for option in ("adam", "natural_gradient"):
        # As `--config-name article optimizer=natural_gradient training.max_steps=20` leaves it.
        folder = write_run(tmp_path / option, overrides=[f"optimizer={option}", "training.max_steps=20"])
        (folder / ".hydra" / "hydra.yaml").write_text(
            f"hydra: {{job: {{name: wave, config_name: article}}, overrides: {{task: [optimizer={option}]}}, runtime: "
            f"{{choices: {{loss: sum, optimizer: {option}, hydra/output: {option}, article/loss@loss: {option}}}}}}}\n"
        )
        config = folder / ".hydra" / "config.yaml"
        text = f"{{_target_: modulus_relobralo.{option}, _params_: {{compute_gradients: '${{a.b:{option}}}'}}}}"
        config.write_text(config.read_text().partition("optimizer:")[0] + f"optimizer: {text}\n")
    assert [found.title for found in compare(runs_in(tmp_path))] == ["wave, adam", "wave, natural_gradient"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${b.c}", 3),
        ("${b}", {"c": 3}),
        ("${a}", None),
        ("${b.missing}", None),
        ("???", None),
        ("x${b.c}", "x${b.c}"),
        ("${oc.env:HOME}", "${oc.env:HOME}"),
        ("${.c}", None),
    ],
)
def test_an_entry_may_refer_to_another_one_and_to_nothing_else(value, expected):
    assert select({"a": value, "b": {"c": 3}}, "a") == expected
