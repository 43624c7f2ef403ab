"""What the README and the documentation promise: every block of code runs, or says why it is not run."""

import ast
import re
import shlex
import sysconfig
from pathlib import Path

import pytest
from documents import MEASURED, PAGES, blocks, code_sides, commands, run_blocks
from example_runs import AUTODIFF, SMALL
from omegaconf import OmegaConf
from programs import HOST, ROOT, run_script

from modulus_relobralo.hosts.sym import host

# The languages of blocks, and those that are run or read by a test below.
RUN, READ, DATA = {"python", "bash"}, {"diff", "yaml"}, {"bibtex", "{toctree}"}
# Pages whose code has a test file of its own.
OWN = {"docs/reference/migration.md": "tests/test_migration.py"}
# A command of a page that another file runs, with what comes of it.
ELSEWHERE = ("docs/how-to/restarts.md", "hydra.run.dir=outputs/wave ", "tests/examples/test_examples.py")
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
SHORT = [AUTODIFF, *SMALL, "training.max_steps=4"]


def page_of(name):
    return PAGES[NAMES.index(name)]


def pages_with(language, *without):
    pages = zip(NAMES, PAGES, strict=True)
    return [name for name, page in pages if page not in MEASURED and name not in without and run_blocks(page, language)]


def test_every_block_is_run_or_read_or_says_why_not():
    found = {block.language for page in PAGES for block in blocks(page.read_text())}
    assert found <= RUN | READ | DATA
    marks = sum(len(re.findall("^<!-- not run:", page.read_text(), re.M)) for page in PAGES)
    assert marks == sum(bool(block.reason) for page in PAGES for block in blocks(page.read_text()))


def test_a_block_without_a_mark_counts_as_run():
    page = "```bash\nmake x\n```\n\n<!-- not run: hours -->\n```bash\nmake y\n```\n"
    assert [block.reason for block in blocks(page)] == ["", "hours"]


@pytest.mark.parametrize("name", pages_with("diff"))
def test_both_sides_of_a_diff_are_code(name):
    for text in run_blocks(page_of(name), "diff"):
        for side in code_sides(text):
            try:
                ast.parse(side)
            except SyntaxError:
                assert OmegaConf.create(side), side


@pytest.mark.parametrize("name", pages_with("yaml"))
def test_yaml_is_a_config(name):
    for text in run_blocks(page_of(name), "yaml"):
        assert OmegaConf.create(text)


@pytest.mark.parametrize("name", pages_with("python", *OWN))
def test_python_runs_from_the_first_block_of_a_page_to_the_last(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    code = run_blocks(page_of(name), "python")
    names = {}
    if any(".hosts.sym" in text for text in code):
        if not HOST:
            pytest.skip("needs Modulus Sym or PhysicsNeMo Sym")
        names = of_a_script()
    for text in code:
        exec(text, names)


def of_a_script():
    """What a script of the host has: the pages say that these are of it."""
    network = host.load("models.fully_connected").FullyConnectedArch([host.Key("x"), host.Key("y")], [host.Key("w")])
    small = {"arch_type": "fully_connected", "layer_size": 8, "nr_layers": 2}
    cfg = OmegaConf.create({"arch": {"fully_connected": small}})
    return {"cfg": cfg, "network": network, "domain": host.Domain()}


def short_form(command):
    """Return a command's program and arguments, with few steps of a small network."""
    program, *arguments = shlex.split(re.sub(r"custom\.seed=(\d)[\d,]+", r"custom.seed=\1", command))
    if program != "python":
        return [Path(sysconfig.get_path("scripts"), program), *arguments]
    script, *options = arguments
    if "/pytorch/" in script:
        return [str(ROOT / script), *options, "--steps", "2"]
    only = []
    if any("hydra/launcher" in option for option in options):
        # Other launchers start processes of their own: that the options are theirs is all that is looked at, of the
        # first job, because Hydra shows no config of several.
        options = [re.sub(r"=([^,\[{]+),.*", r"=\1", option) for option in options if option != "--multirun"]
        only = ["--cfg", "all"]
    # The host names folders after the overrides, and those of the short form make names that are too long.
    places = {"hydra.run.dir": f"outputs/{abs(hash(command))}", "hydra.sweep.subdir": "${hydra:job.num}"}
    named = [f"{key}={value}" for key, value in places.items() if not any(key in option for option in options)]
    return [str(ROOT / script), *options, *SHORT, *named, *only]


@pytest.mark.host
@pytest.mark.parametrize("name", pages_with("bash"))
def test_commands_run_in_the_order_of_a_page(name, tmp_path):
    page, text, _ = ELSEWHERE
    for command in commands(page_of(name)):
        if name == page and text in f"{command} ":
            continue
        script, *arguments = short_form(command)
        run_script(script, arguments, tmp_path)


def test_what_other_files_run_is_named_there():
    for name, file in (*OWN.items(), (ELSEWHERE[0], ELSEWHERE[2])):
        assert Path(name).name in (ROOT / file).read_text()


def test_every_make_target_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = "\n".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE))
    assert {"demo", "test", "env", "docs"} <= named <= targets
