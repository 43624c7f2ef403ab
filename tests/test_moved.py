"""Imports under names of release 0.2: they say where to look, and every such place exists."""

import importlib
import sys

import pytest
from programs import ROOT, run

from modulus_relobralo.moved import MOVED

PACKAGE = ROOT / "modulus_relobralo"


def path_of(module):
    return PACKAGE.joinpath(*module.split("."))


def test_what_was_moved_is_gone_and_its_new_place_is_there():
    for old, new in MOVED.items():
        assert not path_of(old).exists()
        assert not path_of(old).with_suffix(".py").exists()
        assert path_of(new).with_suffix(".py").is_file() or (path_of(new) / "__init__.py").is_file()


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("from modulus_relobralo.geometry import Rectangle", "modulus_relobralo.problems"),
        ("from modulus_relobralo.derivatives import TaylorDerivatives", "modulus_relobralo.taylor"),
        ("from modulus_relobralo.optimizers.successor import Successor", "modulus_relobralo.optimizers.resumable"),
    ],
)
def test_an_import_of_an_old_name_says_the_new_one(statement, place):
    printed = run([sys.executable, "-W", "ignore", "-c", statement], ROOT, succeeds=False)
    assert f"is in `{place}` now" in printed.splitlines()[-1]


def test_a_name_that_never_was_is_missing_as_any_other():
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'modulus_relobralo\.no_such"):
        importlib.import_module("modulus_relobralo.no_such_module")
