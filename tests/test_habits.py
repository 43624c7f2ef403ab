"""What a healthy repository has: the commands that CI runs exist, and versions are stated alike."""

import re

import pytest
import yaml
from programs import ROOT

SETUP = (ROOT / "setup.cfg").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
FILES = [".pre-commit-config.yaml", ".readthedocs.yaml", "CITATION.cff"]
FILES += [str(path.relative_to(ROOT)) for path in sorted((ROOT / ".github").glob("*/*.yml"))]


@pytest.mark.parametrize("file", FILES)
def test_it_is_yaml(file):
    assert yaml.safe_load((ROOT / file).read_text())


def test_what_ci_runs_is_a_command_of_the_makefile():
    text = "\n".join((ROOT / file).read_text() for file in FILES)
    named = set(re.findall(r"(?:run: |- )make ([a-z-]+)", text))
    assert {"test", "test-lowest", "docs"} <= named <= TARGETS


def test_ruff_is_pinned_alike():
    (pinned,) = re.findall(r"ruff==([\d.]+)", SETUP)
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [hook["rev"] for hook in hooks if "ruff" in hook["repo"]] == [f"v{pinned}"]


def test_every_command_says_what_it_is():
    silent = {"bench-gpu"} & TARGETS
    help_ = set(re.findall(r"^([a-z-]+):[^\n]*## ", (ROOT / "Makefile").read_text(), re.M))
    assert TARGETS - help_ <= silent


def test_a_source_archive_has_what_the_tests_read():
    manifest = (ROOT / "MANIFEST.in").read_text()
    for name in ("SECURITY.md", "CODE_OF_CONDUCT.md", ".pre-commit-config.yaml", "graft .github"):
        assert name in manifest
