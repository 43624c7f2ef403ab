"""The host's pickles, as each NumPy writes them, and pickles that would do harm."""

import io
import os
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from modulus_relobralo.report import arrays
from modulus_relobralo.report.arrays import load_arrays

ARRAYS = {"x": np.linspace(0, 1, 5).reshape(-1, 1), "true_u": np.ones((5, 1), dtype=np.float32)}
# Seconds and bytes that nothing here comes near, unless it hangs or fills the memory.
LIMIT, MEMORY = 300, 4 * 2**30
# Reads a file as the report does, or as NumPy does it, and says what came of it.
READ = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
import numpy as np
from pathlib import Path
from modulus_relobralo.report.arrays import load_arrays
try:
    if sys.argv[1] == "numpy":
        content = np.load(sys.argv[2], allow_pickle=True)["arr_0"].item()
        print([value["a"][0] for value in content.values()])
    else:
        print("read:", *load_arrays(Path(sys.argv[2])))
except ValueError as error:
    print("refused:", error)
"""


def read(path, by="us"):
    """Read a file in a process of its own, which may be killed by it."""
    command = [sys.executable, "-c", READ, by, str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)


class Attack:
    """What runs a program when it is unpickled."""

    def __init__(self, function, *arguments, state=None):
        self.call = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.call


def write(path, value, replaced=(b"", b"")):
    """Write a file of ``numpy.savez`` by hand, with `replaced` bytes of its pickle."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|O", "fortran_order": False, "shape": ()})
    array = np.empty((), dtype=object)
    array[()] = value
    # As NumPy does it, but for the module's name.
    content = pickle.dumps(array, protocol=3)
    assert not replaced[0] or replaced[0] in content
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("arr_0.npy", stream.getvalue() + content.replace(*replaced))
    return path


def test_what_the_host_saves_is_read(tmp_path):
    written = {
        **ARRAYS,
        "turned": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "foreign": np.arange(3, dtype=">i2"),
        "flags": np.array([True, False]),
        "names": np.array(["x", "grüße"]),
        "nothing": np.zeros((0, 2)),
        "text": "grüße",
        "list": [1, (2.5, "text"), None],
    }
    np.savez(tmp_path / "exact", written)
    found = load_arrays(tmp_path / "exact.npz")
    assert list(found) == list(written)
    for name, value in written.items():
        np.testing.assert_array_equal(found[name], value) if isinstance(value, np.ndarray) else None
    assert found["true_u"].dtype == np.float32
    assert (found["text"], found["list"]) == (written["text"], written["list"])


@pytest.mark.parametrize("core", [b"cnumpy.core.multiarray\n", b"cnumpy._core.multiarray\n"])
def test_both_numpys_are_read(tmp_path, core):
    ours = (
        b"cnumpy.core.multiarray\n" if np.lib.NumpyVersion(np.__version__) < "2.0.0" else b"cnumpy._core.multiarray\n"
    )
    found = load_arrays(write(tmp_path / "exact.npz", ARRAYS, (ours, core)))
    np.testing.assert_array_equal(found["x"], ARRAYS["x"])


@pytest.mark.parametrize(
    "attack",
    [
        lambda path: Attack(os.system, f"touch {path}"),
        lambda path: Attack(eval, f"open({str(path)!r}, 'w')"),
        lambda path: Attack(open, str(path), "w"),
        lambda path: Attack(getattr, "text", "upper"),
        # Not numpy's own tests and tools either, which run what they are given.
        lambda path: Attack(np.save, str(path), 0),
    ],
    ids=["system", "eval", "open", "getattr", "numpy.save"],
)
@pytest.mark.parametrize("nested", [False, True], ids=["alone", "in an array"])
def test_what_would_run_is_refused(tmp_path, attack, nested):
    marker = tmp_path / "it ran"
    value = attack(str(marker).replace(" ", "\\ ") if "system" in str(attack) else marker)
    path = tmp_path / "exact.npz"
    np.savez(path, {"x": np.array([value], dtype=object) if nested else value})
    with pytest.raises(ValueError, match=r"exact.npz cannot be read: ValueError: it holds [\w.]+; only arrays"):
        load_arrays(path)
    assert not marker.exists()


def as_objects(path):
    """Write an array whose type of elements says in its state that its bytes are objects."""
    fields = {"a": (np.dtype("O"), 0)}
    kind = Attack(np.dtype, "V8", False, True, state=(3, "|", None, ("a",), fields, 8, 1, 1))
    reconstruct = np.zeros(1).__reduce__()[0]
    return write(
        path, {"x": Attack(reconstruct, np.ndarray, (0,), b"b", state=(1, (1,), kind, False, b"\x01\x02\x03\x04" * 2))}
    )


def nested_key(path):
    """Write a key of 200,000 nested tuples, whose hash takes as many calls."""
    return write(path, {"KEY": ARRAYS["x"]}, (b"X\x03\x00\x00\x00KEY", b")" + 200_000 * b"\x85"))


def far_memo(path):
    """Write a place in the unpickler's table that would make it as long."""
    return write(path, {"KEY": ARRAYS["x"]}, (b"X\x03\x00\x00\x00KEY", b"X\x03\x00\x00\x00KEYr\xff\xff\xff\x7f"))


def doubled_key(path):
    """Write a key of 60 tuples, each of the one before twice, whose hash takes 2 to the power of 60 steps."""
    doubled = b")\x85q\x64" + b"".join(b"h%c\x86q%c" % (n, n + 1) for n in range(100, 160))
    return write(path, {"KEY": ARRAYS["x"]}, (b"X\x03\x00\x00\x00KEY", doubled))


def doubled_type(path):
    """Write lists of the same kind in place of a type's name, which nobody should print."""
    doubled = b"(]q\x64" + b"".join(b"](h%ch%ceq%c" % (n, n, n + 1) for n in range(100, 160)) + b"t"
    return write(path, {"x": ARRAYS["x"]}, (b"X\x02\x00\x00\x00f8", doubled))


def deep_list(path):
    return write(path, {"x": "VALUE"}, (b"X\x05\x00\x00\x00VALUE", 4_000 * b"]" + 3_999 * b"a"))


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (as_objects, "elements of type V8"),
        (nested_key, "too many steps"),
        (far_memo, "too many steps"),
        (doubled_key, "a tuple in two places"),
        (doubled_type, "elements of type tuple"),
        (deep_list, "read: x"),
    ],
)
def test_what_would_kill_the_reader_does_not(tmp_path, attack, said):
    done = read(attack(tmp_path / "exact.npz"))
    assert (done.returncode, done.stderr) == (0, "")
    assert said in done.stdout


def test_a_key_is_a_text(tmp_path):
    short = write(tmp_path / "exact.npz", {"KEY": 1}, (b"X\x03\x00\x00\x00KEY", b")" + 9_000 * b"\x85"))
    with pytest.raises(ValueError, match="a name is no text, or a long one"):
        load_arrays(short)


@pytest.mark.parametrize("attack", [as_objects, nested_key])
def test_these_attacks_kill_numpys_own_reader(tmp_path, attack):
    """The control: what is refused above ends a process by a signal."""
    assert read(attack(tmp_path / "exact.npz"), by="numpy").returncode < 0


@pytest.mark.parametrize(
    "state",
    [
        (3, "|", None, ("a",), {"a": (np.dtype("O"), 0)}, 8, 1, 27),
        (3, "<", (np.dtype("O"), 1), None, None, 8, 1, 27),
        (3, "<", None, None, None, 16, -1, 0),
        (4, "<", None, None, None, -1, -1, 0, {}),
    ],
)
def test_a_type_of_numbers_is_not_made_another(tmp_path, state):
    kind = Attack(np.dtype, "f8", False, True, state=state)
    content = Attack(np.zeros(1).__reduce__()[0], np.ndarray, (0,), b"b", state=(1, (1,), kind, False, bytes(8)))
    with pytest.raises(ValueError, match=r"elements with a state of their own|elements of another size|unpack"):
        load_arrays(write(tmp_path / "exact.npz", {"x": content}))


@pytest.mark.parametrize("shape", [(2,), (-1, -1), (True,), (2**62, 4)])
def test_an_array_has_the_size_of_its_bytes(tmp_path, shape):
    content = Attack(
        np.zeros(1).__reduce__()[0], np.ndarray, (0,), b"b", state=(1, shape, np.dtype("f8"), False, bytes(8))
    )
    with pytest.raises(ValueError, match=r"an array of another size|an array with a state"):
        load_arrays(write(tmp_path / "exact.npz", {"x": content}))


def test_what_is_large_only_when_it_is_read_is_not(tmp_path, monkeypatch):
    np.savez(tmp_path / "shared", dict.fromkeys(map(str, range(50)), np.zeros(1000)))
    np.savez_compressed(tmp_path / "zeros", {"x": np.zeros(10_000)})
    np.savez(tmp_path / "flags", {"x": np.zeros(20_000, dtype=bool)})
    assert all(load_arrays(tmp_path / f"{name}.npz") for name in ("shared", "zeros", "flags"))
    monkeypatch.setattr(arrays, "ARRAYS", 60_000)
    # Fifty names of one array, zeros that are compressed, bytes that become numbers of eight.
    for name, said in (("shared", "its arrays are"), ("zeros", "it is larger than"), ("flags", "its arrays are")):
        assert (tmp_path / f"{name}.npz").stat().st_size < 60_000
        with pytest.raises(ValueError, match=said):
            load_arrays(tmp_path / f"{name}.npz")


def test_the_attack_is_one(tmp_path):
    np.savez(tmp_path / "exact", {"x": Attack(open, str(tmp_path / "marker"), "w")})
    np.load(tmp_path / "exact.npz", allow_pickle=True)["arr_0"]
    assert (tmp_path / "marker").exists()


def cut(path):
    path.write_bytes(path.read_bytes()[:100])


def torn_pickle(path):
    with zipfile.ZipFile(path) as archive:
        content = archive.read("arr_0.npy")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("arr_0.npy", content[:-20])


@pytest.mark.parametrize("damage", [cut, torn_pickle, lambda path: path.write_text(""), lambda path: path.unlink()])
def test_what_is_no_such_file_is_named(tmp_path, damage):
    path = tmp_path / "exact.npz"
    np.savez(path, ARRAYS)
    damage(path)
    with pytest.raises((ValueError, FileNotFoundError), match=r"exact.npz"):
        load_arrays(path)


@pytest.mark.parametrize(
    ("content", "named", "said"),
    [
        ((), ARRAYS, r"x\.npy, true_u\.npy"),
        ((ARRAYS["x"],), {}, r"an array of shape \(5, 1\) and type float64"),
        (([1, 2],), {}, r"an array of shape \(2,\) and type int64"),
        ((np.array([[1]], dtype=object)[0, 0:1].reshape(()),), {}, "a int"),
    ],
)
def test_what_else_an_archive_holds_is_said(tmp_path, content, named, said):
    np.savez(tmp_path / "other", *content, **named)
    with pytest.raises(ValueError, match=f"it holds {said}, not the host's dictionary of arrays"):
        load_arrays(tmp_path / "other.npz")
