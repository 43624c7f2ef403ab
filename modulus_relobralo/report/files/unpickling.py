"""Reads the host's pickled arrays and runs nothing else that a pickle may hold: folders of strangers are safe."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

# Where numpy.savez puts what has no name.
MEMBER = "arr_0.npy"
# All that a pickle may call: the host stores arrays. NumPy 2 moved its modules, what it makes of them is the same.
ALLOWED = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("collections", "OrderedDict"): dict,
    ("builtins", "set"): set,
    ("builtins", "frozenset"): frozenset,
    **{
        (f"numpy.{core}.multiarray", name): function
        for core in ("core", "_core")
        for name, function in (
            ("_reconstruct", np.zeros(1).__reduce__()[0]),
            ("scalar", np.float64(1).__reduce__()[0]),
        )
    },
}


class OtherContentError(ValueError):
    """An archive of NumPy's that holds something else than one object."""


class ArrayUnpickler(pickle.Unpickler):
    """An unpickler that knows NumPy's arrays, types of elements and scalars, and Python's plain containers."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what is allowed under that name; raise for everything else, before it is imported."""
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(
                f"it holds {module}.{name}; only arrays, numbers and plain containers are read"
            )
        return ALLOWED[module, name]


def load_object(path: Path) -> Any:
    """Return the object that ``numpy.savez(path, value)`` stored, as the host's validators do.

    Raises
    ------
    ValueError
        If the file cannot be read, or its object is made of more than arrays, numbers, texts and plain containers.
    OtherContentError
        If it holds arrays, but no object.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if MEMBER not in archive.namelist():
                raise OtherContentError(f"it holds {', '.join(archive.namelist()) or 'nothing'}")
            with archive.open(MEMBER) as file:
                return _read_object(file)  # type: ignore[arg-type]
    except OtherContentError:
        raise
    # Whatever a damaged file makes of NumPy and of the unpickler: their errors are of many kinds.
    except Exception as error:
        raise ValueError(f"{path} cannot be read: {type(error).__name__}: {error}") from error


def _read_object(file: BinaryIO) -> Any:
    version = npy.read_magic(file)
    headers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in headers:
        raise ValueError(f"a header of version {version}")
    shape, _, dtype = headers[version](file)
    if shape != () or dtype != np.dtype(object):
        raise OtherContentError(f"it holds an array of shape {shape} and type {dtype}")
    return ArrayUnpickler(file).load().item()
