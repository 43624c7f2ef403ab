"""Folders of strangers: what stands in place of a run's files costs that run, and neither time, memory nor a secret."""

import os
import struct
import subprocess
import sys

import pytest
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
from written_runs import START, write_hydra, write_log, write_run, write_training

from modulus_relobralo.report import runs, safe_files
from modulus_relobralo.report.comparison import compare
from modulus_relobralo.report.page import write_report
from modulus_relobralo.report.runs import read_run, read_runs
from modulus_relobralo.report.safe_files import check_size, parse_config

# Seconds and bytes that nothing here comes near, unless it hangs or fills the memory.
LIMIT, MEMORY = 300, 8 * 2**30
FILES = [".hydra/config.yaml", ".hydra/hydra.yaml", "bending.log", "validators/exact.npz", "events.out.tfevents.9.x"]
READ = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
from pathlib import Path
from modulus_relobralo.report import read_runs
runs, failures = read_runs(map(Path, sys.argv[1:]))
print("READ", *(run.folder.name for run in runs))
print(*failures, sep="\\n")
"""


def read_elsewhere(*folders):
    """Read runs in a process of its own; return the names of those that were, and what is said of the others."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ, *map(str, folders)], capture_output=True, text=True, timeout=LIMIT
    )
    assert done.returncode == 0, done.stderr
    first, *failures = done.stdout.splitlines()
    return first.split()[1:], [failure for failure in failures if failure]


def pipe(path):
    os.mkfifo(path)


def endless(path):
    path.symlink_to("/dev/zero")


def huge(path):
    with path.open("wb") as file:
        file.truncate(2**40)


def folder(path):
    path.mkdir()


@pytest.fixture
def good(tmp_path):
    return write_run(tmp_path / "good")


def test_only_regular_files_up_to_a_size_are_read(tmp_path, good):
    bad = {}
    (good / "monitors").mkdir()
    for make in (pipe, endless, huge, folder):
        for name in FILES:
            run = write_run(tmp_path / f"{make.__name__}-{name.replace('/', '-')}")
            (run / name).unlink(missing_ok=True)
            make(run / name)
            bad[run] = name
    # The weights are those in the event files: a table of them is not read at all.
    pipe(good / "monitors" / "weights.csv")
    names, failures = read_elsewhere(*bad, good)
    # A file of fields costs its fields.
    assert names == [*(run.name for run, name in bad.items() if "validators" in name), "good"]
    failures += [note for run in bad if run.name in names for note in read_run(run).notes]
    assert len(failures) == len(bad)
    # A folder without a regular file of Hydra's is no run, and a program without a config trains nothing.
    known = ("cannot be read: it is no regular", "are allowed", "no Hydra run directory", "no training.max_steps")
    for name in bad.values():
        assert sum(name.rpartition("/")[2] in failure for failure in failures) == 4
    assert all(any(words in failure for words in known) for failure in failures)


def test_files_of_events_count_together(tmp_path, good, monkeypatch):
    (size,) = (path.stat().st_size for path in good.glob("*tfevents*"))
    monkeypatch.setattr("modulus_relobralo.report.events.EVENTS", int(1.5 * size))
    read_run(good)
    write_training(good, start=START + 100)
    with pytest.raises(ValueError, match=r"tfevents.* cannot be read: \S+ MiB, where"):
        read_run(good)


def test_of_too_many_scalars_none_is_read(good, monkeypatch):
    monkeypatch.setattr("modulus_relobralo.report.events.MOST_TAGS", 3)
    with pytest.raises(ValueError, match="it has more than 3 scalars"):
        read_run(good)


def test_a_record_that_says_it_is_endless_is_not(tmp_path, good):
    """With the checksum that it would have."""
    length = struct.pack("<Q", 2**60)
    (path,) = good.glob("*tfevents*")
    with path.open("ab") as file:
        file.write(length + struct.pack("<I", masked_crc32c(length)) + b"x")
    names, failures = read_elsewhere(good)
    assert names == ["good"] or "tfevents" in failures[0]


BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join(9 * [f'*a{n - 1}'])}]\n" for n in range(1, 60))


def test_a_config_that_grows_is_not_read(tmp_path, good):
    texts = {
        "aliases": BOMB,
        "itself": "a: &a [*a]\n",
        "merged": "a: &a {b: 1}\n<<: *a\n",
        "brackets": "a: " + 20_000 * "[",
        "dashes": "a:\n" + 20_000 * "- ",
        "long": f"a: [{20_000 * 'x,'}]\n",
        "longer": 2**18 * "#",
    }
    bad = {name: write_run(tmp_path / name) for name in texts}
    for number, (name, text) in enumerate(texts.items()):
        with (bad[name] / ".hydra" / ("config.yaml", "hydra.yaml")[number % 2]).open("a") as file:
            file.write(text)
    read, failures = read_elsewhere(*bad.values(), good)
    # A long one is only that.
    assert read == ["long", "good"]
    assert len(failures) == len(bad) - 1
    assert all("yaml cannot be read: " in failure for failure in failures)


def test_memory_that_is_not_enough_costs_one_run(tmp_path, good, monkeypatch):
    bad = write_run(tmp_path / "bad")
    read = runs.read_events

    def fill(folder):
        if folder == bad:
            raise MemoryError
        return read(folder)

    monkeypatch.setattr(runs, "read_events", fill)
    found, (failure,) = read_runs([bad, good])
    assert [run.folder for run in found] == [good]
    assert "bad cannot be read: MemoryError" in failure


SECRET = "RELOBRALO_TEST_SECRET"


def test_nothing_is_looked_up_for_a_config(tmp_path):
    asked = f"${{oc.env:{SECRET}}}"
    for number, name in enumerate((asked, f"x{asked}y")):
        folder = write_run(tmp_path / f"run{number}", problem=f"'{asked}'", seed=f"'{name}'", options=f"mine: '{name}'")
        with (folder / ".hydra" / "config.yaml").open("a") as file:
            file.write(f"stop_criterion: {{metric: '{asked}'}}\n")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "modulus_relobralo.report", str(tmp_path), "--out", tmp_path / "out"],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        env={**os.environ, SECRET: "very-secret-value"},
    )
    assert done.returncode == 0, done.stderr
    for text in (done.stdout, (tmp_path / "out" / "report.md").read_text()):
        assert "very-secret" not in text
        assert f"oc.env:{SECRET}" in text


def test_of_a_config_tags_are_texts_and_dates_may_be_wrong():
    assert parse_config("a: !!python/object/apply:os.getcwd []\nb: !mine {c: 1}\nd: 1.0e-05") == {
        "a": "tag:yaml.org,2002:python/object/apply:os.getcwd",
        "b": "!mine",
        "d": 1e-5,
    }
    with pytest.raises(ValueError, match="ValueError: "):
        parse_config("a: 2020-13-45")


@pytest.mark.parametrize("value", ["0x" + "f" * 5000, "1" + ":59" * 3000])
def test_of_an_integer_that_python_does_not_write_the_config_is_not_read(value):
    with pytest.raises(ValueError, match="4300 digits"):
        parse_config(f"seed: {value}")


def test_a_name_may_be_no_unicode(tmp_path):
    # A pickle, YAML and a file system may hold what a file in UTF-8 and a figure cannot.
    for number in (1, 2):
        write_run(tmp_path / f"run{number}", seed=number, options=f'mine: "{number} \\ud800"', exact={})
        write_run(tmp_path / f"same{number}", "sum", problem='"\\udc80"', exact={})
    (report,) = [write_report(compare(read_runs(tmp_path.iterdir())[0]), tmp_path / "out")]
    assert report.read_text().count("\N{REPLACEMENT CHARACTER}") >= 3
    assert len(list((tmp_path / "out").rglob("losses.png"))) == 3


def test_a_log_may_be_short_and_limits_are_said(tmp_path, monkeypatch):
    write_hydra(tmp_path)
    write_log(tmp_path, "bending", "[step: 20] finished training!")
    assert read_run(tmp_path).status == "finished"
    with pytest.raises(ValueError, match=r"\S+ MiB, where \S+ are allowed"):
        check_size([tmp_path / "bending.log"], 10)
    assert safe_files.EVENTS == 128 * 2**20
