"""make demo, in a short form: through the Solver, or in the loops of PhysicsNeMo."""

import contextlib
import io
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from pictures import has_colour
from programs import HOST, LOOPS, ROOT, forking_interpreter

from benchmarks import demo
from modulus_relobralo.report import read_run

OUT = "outputs/test-demo"


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    if not (HOST or LOOPS):
        pytest.skip("needs a host")
    options = ["--problems", "helmholtz", "--steps", "4", "--jobs", "2", "--out", OUT, *(["--loops"] if LOOPS else [])]
    shutil.rmtree(ROOT / OUT, ignore_errors=True)
    with pytest.MonkeyPatch.context() as patched, contextlib.redirect_stdout(io.StringIO()) as output:
        patched.setattr(sys, "argv", ["demo.py", *options])
        patched.setattr(sys, "executable", forking_interpreter(tmp_path_factory.mktemp("forking")))
        demo.main()
    yield output.getvalue()
    shutil.rmtree(ROOT / OUT, ignore_errors=True)


def test_every_training_says_that_it_starts_and_what_came_out(said):
    for choice in (demo.SUM, demo.RELOBRALO, demo.NATURAL):
        assert f"starts: Helmholtz, {choice}, 4 steps" in said
        assert re.search(rf"Helmholtz, {choice}, 4 steps: error \d", said)


def test_the_table_has_the_errors_of_the_fields(said):
    rows = re.findall(r"^ *Helmholtz +(.+?) +([\d.e-]+) +(\d+)$", said, re.M)
    assert [name for name, _, _ in rows] == [demo.SUM, demo.RELOBRALO, demo.NATURAL]
    for name, error, _ in rows:
        field = read_run(ROOT / OUT / "helmholtz" / name.replace(", ", "-")).fields["u"]
        expected = np.linalg.norm(field.predicted - field.exact) / np.linalg.norm(field.exact)
        assert float(error) == pytest.approx(expected, rel=0.01)


def test_there_is_a_picture_and_what_to_do_next(said):
    assert has_colour(ROOT / OUT / "demo.png")
    assert said.rstrip().endswith(demo.NEXT.strip())


def test_a_training_that_fails_is_named_with_its_output(tmp_path):
    training = demo.Training("helmholtz", demo.SUM, 4, tmp_path)
    (tmp_path / "output.txt").write_text("KeyError: 'x'\n")
    training.process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
    training.process.wait()
    with pytest.raises(RuntimeError, match=r"(?s)Helmholtz, Adam, sum, 4 steps failed.*KeyError: 'x'"):
        demo.finished(training)
