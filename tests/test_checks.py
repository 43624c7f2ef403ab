"""Checks of parameters, and what is said where a library of an extra is missing."""

import math
import subprocess
import sys

import pytest

from modulus_relobralo.checks import check_choice, check_count, check_number, check_positive, needed


@pytest.mark.parametrize("value", [0, -2, math.inf, math.nan])
def test_positive_refuses_other_numbers(value):
    with pytest.raises(ValueError, match=rf"Parameter `a` must be in \(0, inf\). Found `a = {value}`."):
        check_positive("a", value)


@pytest.mark.parametrize("value", [True, "1", None])
def test_positive_refuses_other_types(value):
    with pytest.raises(TypeError, match=rf"Parameter `a` must be a number in \(0, inf\). Found `a = {value!r}`."):
        check_positive("a", value)


def test_a_range_without_ends_is_open_at_both():
    with pytest.raises(TypeError, match=r"must be a number in \(-inf, inf\)"):
        check_number("a", "1", -math.inf, math.inf)


def test_a_choice_names_what_is_allowed():
    check_choice("points", "fixed", ("fixed", "resampled"))
    with pytest.raises(ValueError, match=r"`points` must be one of \['fixed', 'resampled'\]. Found `points = 'new'`."):
        check_choice("points", "new", ("fixed", "resampled"))


def test_count_refuses_zero_and_other_types():
    with pytest.raises(ValueError, match=r"Parameter `edge` must be at least 1. Found `edge = 0`."):
        check_count("edge", 0)
    for value in (2.0, True):
        with pytest.raises(TypeError, match=rf"Parameter `edge` must be an integer. Found `edge = {value}`."):
            check_count("edge", value)


@pytest.mark.parametrize(
    ("hidden", "program", "message"),
    [
        ("tensorboard", "from modulus_relobralo.loops import Records", "`loops.Records` needs tensorboard, which"),
        ("matplotlib", "import modulus_relobralo.report", "The report needs matplotlib, which"),
        ("pandas", "import modulus_relobralo.report", "The report needs pandas, which"),
        ("rich", "import modulus_relobralo.report.cli", "The report needs rich, which"),
    ],
)
def test_a_missing_library_of_the_report_is_named(hidden, program, message):
    code = f"import sys; sys.modules[{hidden!r}] = None; {program}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert done.returncode == 1
    assert message in done.stderr.splitlines()[-1]
    assert "`pip install matplotlib pandas rich tensorboard`" in done.stderr


def test_another_error_stays_what_it_is():
    with pytest.raises(ImportError, match="cannot import name"), needed("The report"):
        from modulus_relobralo.options import no_such_option  # noqa: F401
