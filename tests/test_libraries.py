"""What is said where a library of an extra is missing."""

import subprocess
import sys

import pytest

from modulus_relobralo.libraries import needed


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
