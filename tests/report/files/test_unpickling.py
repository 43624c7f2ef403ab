"""The host's pickles, as each NumPy writes them, and pickles that would do harm."""

import io
import os
import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from modulus_relobralo.report.files.unpickling import OtherContentError, load_object

ARRAYS = {"x": np.linspace(0, 1, 5).reshape(-1, 1), "true_u": np.ones((5, 1), dtype=np.float32)}


class Attack:
    """What runs a program when it is unpickled."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

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
    np.savez(
        tmp_path / "exact", {**ARRAYS, "scalar": np.float64(2.5), "nested": [(1, "text"), OrderedDict(a=None), {2}]}
    )
    found = load_object(tmp_path / "exact.npz")
    np.testing.assert_array_equal(found["x"], ARRAYS["x"])
    assert found["true_u"].dtype == np.float32
    assert (found["scalar"], found["nested"]) == (2.5, [(1, "text"), {"a": None}, {2}])


@pytest.mark.parametrize("core", [b"cnumpy.core.multiarray\n", b"cnumpy._core.multiarray\n"])
def test_both_numpys_are_read(tmp_path, core):
    ours = (
        b"cnumpy.core.multiarray\n" if np.lib.NumpyVersion(np.__version__) < "2.0.0" else b"cnumpy._core.multiarray\n"
    )
    found = load_object(write(tmp_path / "exact.npz", ARRAYS, (ours, core)))
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
    with pytest.raises(ValueError, match=r"exact.npz cannot be read: UnpicklingError: it holds [\w.]+; only arrays"):
        load_object(path)
    assert not marker.exists()


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
    with pytest.raises(ValueError, match=r"exact.npz cannot be read: \w+: "):
        load_object(path)


def test_arrays_without_an_object_are_told_from_damage(tmp_path):
    np.savez(tmp_path / "named", x=ARRAYS["x"], y=ARRAYS["x"])
    with pytest.raises(OtherContentError, match=r"it holds x\.npy, y\.npy"):
        load_object(tmp_path / "named.npz")
    np.savez(tmp_path / "array", ARRAYS["x"])
    with pytest.raises(OtherContentError, match=r"it holds an array of shape \(5, 1\) and type float64"):
        load_object(tmp_path / "array.npz")
