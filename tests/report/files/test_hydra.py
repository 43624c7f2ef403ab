"""Configs that a training may have, and others."""

import pytest
from written_runs import write_hydra

from modulus_relobralo.report.files.hydra import read_settings


def test_names_and_numbers_are_read(tmp_path):
    write_hydra(tmp_path, "relobralo", max_steps=40, problem="bending")
    settings = read_settings(tmp_path)
    assert (settings.problem, settings.scheme) == ("bending", "relobralo")
    assert (settings.max_steps, settings.summary_freq) == (40, 10)
    assert settings.config.custom.seed == 3


def test_without_a_choice_of_a_loss_the_scheme_is_unknown(tmp_path):
    write_hydra(tmp_path)
    (tmp_path / ".hydra" / "hydra.yaml").write_text("hydra: {runtime: {choices: {}}}\n")
    settings = read_settings(tmp_path)
    assert (settings.problem, settings.scheme) == (tmp_path.name, "unknown")


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (None, r"is no training: .hydra/config.yaml has no training.max_steps"),
        ("", r"is no training: .hydra/config.yaml has no training.max_steps"),
        ("custom: {seed: 1}", r"has no training.max_steps"),
        ("training: {max_steps: 10}", r"has no training.summary_freq"),
        ("training: text", r"has no training.max_steps"),
        ("training: {max_steps: '???', summary_freq: 1}", r"has no training.max_steps"),
        ("training: {max_steps: '${hydra:job.num}', summary_freq: 1}", r"has no training.max_steps"),
        ("training: {max_steps: many, summary_freq: 1}", r"must be a number of steps. Found 'many'"),
        ("training: {max_steps: -1, summary_freq: 1}", r"must be a number of steps. Found -1"),
        ("- a list", r"config.yaml cannot be read: it is no mapping"),
        ("training: {", r"config.yaml cannot be read: \w+"),
        ("!!python/object/apply:os.system [exit 1]", r"config.yaml cannot be read: ConstructorError"),
    ],
)
def test_what_is_no_training_is_named(tmp_path, config, reason):
    write_hydra(tmp_path)
    path = tmp_path / ".hydra" / "config.yaml"
    path.unlink() if config is None else path.write_text(config)
    with pytest.raises(ValueError, match=reason):
        read_settings(tmp_path)
