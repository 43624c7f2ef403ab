"""The rows of results: known by their key, each with its circumstances, and all of those that were published."""

import json
import multiprocessing
import re
import sys
from collections import Counter

import pytest

from benchmarks import records
from benchmarks.records import CIRCUMSTANCES, KEYS, RESULTS, ROOT, key_of, read_rows, write_rows

NAMES = sorted(path.stem for path in RESULTS.iterdir())


def row(network, value, **given):
    return {"network": network, "adam ms": value, **given}


def test_a_row_takes_the_place_of_that_with_its_key(tmp_path):
    write_rows("soap_step", [row("a", 1.0, date="then"), row("b", 2.0, date="then")], tmp_path)
    path = write_rows("soap_step", [row("c", 3.0), row("a", 4.0)], tmp_path)
    found = read_rows("soap_step", tmp_path)
    assert [(line["network"], line["adam ms"]) for line in found] == [("a", 4.0), ("b", 2.0), ("c", 3.0)]
    assert [line["date"] == "then" for line in found] == [False, True, False]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_row_of_the_same_numbers_keeps_its_circumstances(tmp_path):
    write_rows("soap_step", [row("a", 1.0, date="then")], tmp_path)
    write_rows("soap_step", [row("a", 1.0)], tmp_path)
    assert read_rows("soap_step", tmp_path)[0]["date"] == "then"


def write_twenty(name, folder):
    for number in range(20):
        write_rows("soap_step", [{"network": f"{name}-{number}"}], folder)


def test_programs_that_write_beside_each_other_lose_no_row(tmp_path):
    writers = [multiprocessing.get_context("fork").Process(target=write_twenty, args=(name, tmp_path)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(read_rows("soap_step", tmp_path)) == 40


def test_circumstances_name_the_command_and_the_commit(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["x", "--seeds", "0 1"])
    found = records.circumstances()
    assert tuple(found) == CIRCUMSTANCES
    assert found["command"].startswith("python ")
    assert found["command"].endswith("--seeds '0 1'")
    assert re.fullmatch(r"[0-9a-f]{7,}(, changed)?|unknown", found["commit"])
    # Outside of a repository nobody knows.
    monkeypatch.setattr(records, "ROOT", ROOT.parent / "nowhere")
    assert records.commit() == "unknown"


@pytest.mark.parametrize("name", NAMES)
def test_every_published_row_has_its_circumstances_and_a_key_of_its_own(name):
    rows = read_rows(name)
    assert rows
    for published in rows:
        assert all(published[part] for part in CIRCUMSTANCES)
    assert max(Counter(key_of(name, published) for published in rows).values()) == 1


def test_all_published_runs_are_there():
    # The runs of five protocols before they were merged: no fewer, whatever is added.
    assert set(NAMES) <= set(KEYS)
    published = {"accuracy": 260, "article": 124, "natural_gradients": 100, "optimizers": 203, "reuse": 116}
    assert sum(published.values()) == 803
    for name, number in published.items():
        assert len(read_rows(name)) >= number


def test_no_module_of_the_benchmarks_is_named_like_a_room_of_the_package():
    rooms = {path.name for path in (ROOT / "modulus_relobralo").iterdir() if path.is_dir()}
    assert not rooms & {path.stem for path in (ROOT / "benchmarks").glob("*.py")}


def test_rows_are_json_of_one_line_each():
    for name in NAMES:
        for line in (RESULTS / f"{name}.jsonl").read_text().splitlines():
            assert isinstance(json.loads(line), dict)
