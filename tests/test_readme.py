"""The README's promises that can be checked by reading it; its code and commands run in test_documents.py."""

import re

import yaml
from documents import run_blocks
from programs import ROOT

from modulus_relobralo.version import __version__

README = (ROOT / "README.md").read_text()
ORDER = [
    "Which one to use",
    "Your own equation, solved in a minute or two of one core",
    "Install it in your project",
    "Hosts",
    "The examples",
    "Limits",
    "Citation",
]


def test_it_is_short():
    assert len(README.splitlines()) <= 150


def test_it_has_its_order():
    assert re.findall(r"^## (.*)$", README, re.M) == ORDER


def test_the_table_of_choices_is_short():
    rows = re.findall(r"^\|.*", README.split("## Which one to use")[1].split("## ")[0], re.M)[2:]
    assert 4 <= len(rows) <= 5
    for row in rows:
        assert re.search(r"`make [a-z-]+`|\]\(docs/", row.split("|")[-2]), row


def test_the_limits_are_five():
    assert README.split("## Limits")[1].split("## ")[0].count("\n- ") == 5


def test_the_diff_changes_one_line():
    (diff,) = run_blocks(ROOT / "README.md", "diff")
    changed = [line for line in diff.splitlines() if line[0] in "+-"]
    assert changed == ["-  - loss: sum", "+  - loss: relobralo"]


def test_every_example_is_named():
    folders = {path.name for path in (ROOT / "examples").iterdir() if path.is_dir() and path.name[0] not in "._"}
    assert folders == set(re.findall(r"\]\(examples/(\w+)/", README))
    scripts = re.findall(r"`python (examples/\S+\.py)", README)
    assert len(scripts) == len(folders)
    assert all((ROOT / script).is_file() for script in scripts)


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == __version__
    assert {author["family-names"] for author in citation["references"][0]["authors"]} == {"Bischof", "Kraus"}


def test_the_changelog_begins_with_this_version():
    versions = re.findall(r"^## \[(.*?)\](?: - (\d{4}-\d\d-\d\d))?$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    released = [(version, date) for version, date in versions if version != "Unreleased"]
    assert released[0][0] == __version__
    assert all(date for _, date in released)
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert str(citation["date-released"]) == released[0][1]
