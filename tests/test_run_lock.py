"""A folder is held by one process at a time, and by none that is gone."""

import signal
import sys

import pytest
from filelock import FileLock
from programs import start

from modulus_relobralo.loops import Records
from modulus_relobralo.run_lock import NAME, hold

PROGRAM = """
import sys
from modulus_relobralo.run_lock import hold
lock = hold(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def held_by_another(tmp_path):
    with start([sys.executable, "-c", PROGRAM, tmp_path / "run"], tmp_path) as process:
        assert process.stdout.readline() == "held\n"
        yield process


def test_a_second_process_is_refused_until_the_first_is_killed(held_by_another, tmp_path):
    for use in (hold, Records):
        with pytest.raises(RuntimeError, match=f"Another process trains in {tmp_path / 'run'}: it holds {NAME}"):
            use(tmp_path / "run")
    hold(tmp_path / "another run").release()
    held_by_another.send_signal(signal.SIGKILL)
    held_by_another.wait()
    hold(tmp_path / "run").release()


def test_one_process_can_hold_a_folder_several_times(tmp_path):
    first, second = hold(tmp_path), hold(tmp_path)
    second.release()
    assert first.is_locked
    first.release()
    assert not first.is_locked


def test_records_hold_their_folder_until_they_are_closed(tmp_path):
    records = Records(tmp_path)
    lock = FileLock(tmp_path / NAME, thread_local=False, is_singleton=True)
    assert lock.is_locked
    records.close()
    assert not lock.is_locked


def test_a_file_system_without_locks_is_said_and_not_in_the_way(tmp_path, monkeypatch, caplog):
    def acquire(self, **options):
        raise NotImplementedError("no flock here")

    monkeypatch.setattr(FileLock, "acquire", acquire)
    lock = hold(tmp_path)
    assert "cannot be locked against a second process: no flock here" in caplog.text
    lock.release()
