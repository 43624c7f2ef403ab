"""The race to an error: its plate, its clock, its entries, and what is made of its records."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from omegaconf import OmegaConf
from pictures import has_colour
from sympy import lambdify, symbols

from benchmarks.documents import race
from benchmarks.peers import clock as clocks
from benchmarks.peers import plate
from benchmarks.peers.entries import ENTRIES, Entry
from benchmarks.protocols import time_to_error
from benchmarks.records import ROOT
from modulus_relobralo.plates import sinusoidal_deflection

ENTRY = Entry("a code, Adam", "code", "code", ((1.0, ()),), "2 x 64, tanh")


def closed_solution(points):
    solution = sinusoidal_deflection(plate.SIDE, plate.SIDE, plate.D, plate.P0)
    return lambdify(symbols("x y"), solution)(*points.T)


def test_the_error_of_the_exact_deflection_is_nothing_and_of_others_what_they_are_off():
    assert plate.relative_error(closed_solution) < 1e-12
    assert plate.relative_error(lambda points: closed_solution(points)[:, None]) < 1e-12
    assert plate.relative_error(lambda points: 1.01 * closed_solution(points)) == pytest.approx(0.01)
    assert plate.relative_error(lambda points: np.zeros(len(points))) == 1.0
    # A plate of other axes, which a mistake of coordinates would be.
    assert plate.relative_error(lambda points: closed_solution(points + 0.1)) > 0.01


def test_a_prediction_that_numpy_would_broadcast_is_refused():
    with pytest.raises(ValueError, match=r"a value for each of 10201 points. Found \(1, 10201\)"):
        plate.relative_error(lambda points: closed_solution(points)[None])


def test_the_plate_is_that_of_the_article_s_config():
    folder = ROOT / "examples" / "kirchhoff" / "conf"
    config = OmegaConf.merge(*(OmegaConf.load(folder / name) for name in ("config.yaml", "article.yaml")))
    custom, weights = config.custom, config.loss.weights
    assert (custom.a, custom.b, custom.D, custom.nu, custom.p0) == (plate.SIDE, plate.SIDE, plate.D, plate.NU, plate.P0)
    assert (config.batch_size.interior, config.batch_size.edge, custom.grid) == (plate.INTERIOR, plate.EDGE, plate.GRID)
    assert weights.kirchhoff == plate.PDE_WEIGHT
    assert (weights.w, weights.M_n) == pytest.approx((plate.EDGE_WEIGHT, plate.EDGE_WEIGHT))


def test_a_name_is_one_entry_and_a_part_of_a_name_are_many():
    names = [entry.name for entry in time_to_error.choose(["PINA, Adam", "randngd"])]
    assert names == ["PINA, Adam", "randngd, Nystrom", "randngd, direct"]
    assert time_to_error.choose([""]) == list(ENTRIES)
    assert time_to_error.choose(["PINN, Adam"]) == []


@pytest.fixture
def now(monkeypatch):
    """The time, which passes when a test says so."""
    time = SimpleNamespace(seconds=100.0)
    monkeypatch.setattr(
        clocks, "time", SimpleNamespace(perf_counter=lambda: time.seconds, time=lambda: 1e9 + time.seconds)
    )
    return time


def make_clock(record, limit=10.0):
    told = ["--record", str(record), "--limit", str(limit), "--started", str(1e9 + 97.0)]
    return clocks.Clock(clocks.arguments("").parse_args(told), ["numpy"])


def off_by(factor, now=None, takes=0.0):
    def predict(points):
        if now:
            now.seconds += takes
        return (1 + factor) * plate.exact(points)

    return predict


def test_measuring_the_error_takes_no_time_and_a_small_error_ends_it(now, tmp_path):
    clock = make_clock(tmp_path / "record.jsonl")
    clock.start()
    assert not clock.look(0, off_by(1.0, now, takes=50.0))
    now.seconds += 2.0
    assert clock.seconds == pytest.approx(2.0)
    assert not clock.look(7, off_by(0.5, now, takes=50.0))
    # Too early for the next.
    now.seconds += 0.01
    assert not clock.look(8, off_by(1e-6))
    now.seconds += 1.0
    assert clock.look(9, off_by(0.9e-4))
    clock.finish("end of training")
    header, *lines = clocks.read_record(tmp_path / "record.jsonl")
    assert header == {"set-up": 3.0, "versions": {"numpy": np.__version__}}
    assert [(line.get("seconds"), line.get("step")) for line in lines[:-1]] == [(0.0, 0), (2.0, 7), (3.01, 9)]
    assert lines[-1] == {"ended": "target"}


@pytest.mark.parametrize(("factor", "passed", "reason"), [(0.1, 10.0, "limit"), (np.nan, 1.0, "diverged")])
def test_what_else_ends_it(now, tmp_path, factor, passed, reason):
    clock = make_clock(tmp_path / "record.jsonl")
    clock.start()
    now.seconds += passed
    assert clock.look(5, off_by(factor))
    assert clocks.read_record(tmp_path / "record.jsonl")[-1] == {"ended": reason}


def test_a_second_process_goes_on_from_the_time_and_the_steps_of_the_first(now, tmp_path):
    record = tmp_path / "record.jsonl"
    first = make_clock(record, limit=4.0)
    first.start()
    now.seconds += 4.0
    assert first.look(20, off_by(0.1))
    second = make_clock(record)
    second.start()
    now.seconds += 1.0
    assert not second.look(3, off_by(0.1))
    assert clocks.read_record(record)[-1] == {"seconds": 5.0, "step": 23, "error": 0.1}
    with record.open("a") as file:
        file.write('{"seconds": 5.')
    assert clocks.read_record(record)[-1]["step"] == 23


def lines(*errors):
    return [{"seconds": 2.0 * number, "step": 10 * number, "error": error} for number, error in enumerate(errors)]


def test_a_row_has_the_first_time_below_each_target_and_the_best_error():
    record = [{"set-up": 1.5, "versions": {"torch": "2"}}, *lines(1.0, 0.009, 0.02, 0.0009, 0.003), {"ended": "limit"}]
    row = time_to_error.make_row(ENTRY, 600.0, 0, record)
    assert [row[name] for name in time_to_error.COLUMNS] == [2.0, 6.0, None]
    assert (row["best error"], row["best after"], row["ended"], row["last step"]) == (0.0009, 6.0, "limit", 40)
    assert row["times"] == [0.0, 2.0, 4.0, 6.0, 8.0]
    # Two processes, and one error that was not a number.
    record += [{"set-up": 2.0, "versions": {}}, {"seconds": 9.0, "step": 50, "error": None}, {"ended": "diverged"}]
    row = time_to_error.make_row(ENTRY, 600.0, 0, record)
    assert (row["set-up"], row["ended"], row["last step"]) == (3.5, "diverged", 40)


def test_a_program_that_failed_has_a_row():
    row = time_to_error.make_row(ENTRY, 600.0, 0, [])
    assert (row["ended"], row["best error"]) == ("failed", None)
    assert race.line(row)["best error"] == race.NOT_REACHED


def test_the_page_says_how_long_each_took_and_with_which_setting():
    record = [{"set-up": 3.0, "versions": {"torch": "2.0"}}, *lines(1.0, 0.005)]
    text = race.body([time_to_error.make_row(ENTRY, limit, 0, record) for limit in (600.0, 90.0)])
    assert text.count("| a code, Adam | 2 | - | - | 0.005 (2 s) | failed | 10 | 3 |") == 2
    assert text.count("- a code, Adam: 2 x 64, tanh. torch 2.0.") == 1
    assert text.index("after 90 s") < text.index("after 600 s")


def test_the_figure_names_who_came_near_and_has_the_others_in_grey(tmp_path):
    row = time_to_error.make_row(ENTRY, 600.0, 0, lines(*np.geomspace(1.0, 0.005, 20)))
    longer = {**row, "limit": 900.0}
    assert has_colour(race.draw(tmp_path / "race.png", [row]))
    assert not has_colour(race.draw(tmp_path / "race.png", [{**row, "best error": 0.9}, longer]))


def test_entries_have_names_programs_and_environments():
    assert len({entry.slug for entry in ENTRIES}) == len(ENTRIES)
    peers = ROOT / "benchmarks" / "peers"
    assert all((peers / f"{entry.program}.py").is_file() for entry in ENTRIES)
    environments = {entry.environment for entry in ENTRIES} - {""}
    assert environments == {path.stem for path in (peers / "requirements").glob("*.txt")}
    (built,) = re.findall(r"^PEERS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert environments == set(built.split())


def test_a_missing_environment_is_named_with_what_makes_it():
    with pytest.raises(FileNotFoundError, match=r"no .*\.venv-peer-code/bin/python. `make bench-time-to-error` builds"):
        time_to_error.check_environments([ENTRY])


def test_an_entry_s_processes_follow_one_another_until_the_target_is_reached(monkeypatch, folder):
    told, code = [], [0]

    def start(entry, record, limit, seed, options):
        told.append((limit, *options))
        with record.open("a") as file:
            file.write(json.dumps({"ended": "target" if options == ("b",) else "limit"}) + "\n")
        return SimpleNamespace(poll=lambda: 0, kill=lambda: None, wait=lambda: 0, returncode=code[0])

    monkeypatch.setattr(time_to_error, "start", start)
    monkeypatch.setattr(time_to_error, "FOLDER", folder)
    entry = Entry("staged", "", "solver", ((0.25, ("a",)), (0.5, ("b",)), (1.0, ("c",))), "")
    assert time_to_error.train(entry, 100.0, 0, "staged")[-1] == {"ended": "target"}
    assert told == [(25.0, "a"), (50.0, "b")]
    # One that fails is the last, and its row says so, whatever the one before has reached.
    code[0] = 1
    assert time_to_error.train(entry, 100.0, 0, "staged")[-1] == {"ended": "failed"}
    assert told[2:] == [(25.0, "a")]
