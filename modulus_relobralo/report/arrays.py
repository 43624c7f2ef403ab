"""The host's npz files, which hold their arrays in a pickle: what it may make is checked before it is read.

Nothing in a pickle is run.
"""

from __future__ import annotations

import pickle
import pickletools
import re
import zipfile
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from modulus_relobralo.report.safe_files import ARRAYS, LONGEST, MIB, read_bytes

# Where numpy.savez puts what has no name.
MEMBER, OTHER = "arr_0.npy", "not the host's dictionary of arrays"
# The signature of a file in an archive, and how many of them are read of.
ENTRY, MOST_ENTRIES = b"PK\x01\x02", 1000
NUMBERS = re.compile(r"[biufcSU]\d{1,6}|O8?")
STEPS = {
    *("PROTO", "FRAME", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1"),
    *("BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "EMPTY_TUPLE", "TUPLE"),
    *("TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_LIST", "APPEND", "APPENDS", "EMPTY_DICT", "SETITEM", "SETITEMS", "BINPUT"),
    *("LONG_BINPUT", "MEMOIZE", "BINGET", "LONG_BINGET", "GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD"),
}
"""The steps of a pickle that arrays, numbers and texts need."""
MOST_STEPS = 10_000
"""A dictionary of 100 arrays takes 3,000. Python takes 200,000 tuples in each other for a key, and its stack ends."""


class _Type:
    """Stands for a NumPy type of elements until its state is known."""

    def __init__(self, text: Any, *_: Any) -> None:
        if not isinstance(text, str) or not NUMBERS.fullmatch(text):
            raise ValueError(f"elements of type {text if isinstance(text, str) else type(text).__name__:.40}")
        self.dtype = np.dtype(text)

    def __setstate__(self, state: Any) -> None:
        # A state with fields, subarrays or metadata is how a type of bytes is made one of objects, whose bytes NumPy
        # would then follow as addresses.
        version, order, *made, size, alignment, _ = state
        if made != [None, None, None] or version != 3 or order not in ("<", ">", "|", "="):
            raise ValueError("elements with a state of their own")
        if size not in (-1, self.dtype.itemsize) or not isinstance(alignment, int):
            raise ValueError("elements of another size")
        self.dtype = self.dtype.newbyteorder(order)


class _Array:
    """Stands for an array until its state is known."""

    value: Any = None

    def __init__(self, *_: Any) -> None: ...

    def __setstate__(self, state: Any) -> None:
        version, shape, kind, fortran, content = state
        numbers = isinstance(shape, tuple) and len(shape) < 32 and all(type(n) is int and n >= 0 for n in shape)
        if version != 1 or not isinstance(kind, _Type) or not numbers:
            raise ValueError("an array with a state of its own")
        if kind.dtype == object:
            if shape != () or not isinstance(content, list):
                raise ValueError("an array of objects")
            (self.value,) = content
        elif not isinstance(content, bytes) or len(content) != prod(shape) * kind.dtype.itemsize:
            raise ValueError("an array of another size")
        else:
            self.value = np.frombuffer(content, kind.dtype).reshape(shape, order="F" if fortran else "C")


# All that a pickle may call. NumPy 2 moved its modules, what it writes is the same.
MADE = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _Array for core in ("core", "_core")},
}


class _Unpickler(pickle.Unpickler):
    """Makes what stands for arrays, and plain containers, numbers and texts."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for NumPy's; raise for everything else, before it is imported."""
        if (module, name) not in MADE:
            raise ValueError(f"it holds {module}.{name}; only arrays, numbers and texts are read")
        return MADE[module, name]


def load_arrays(path: Path) -> dict[str, Any]:
    """Return the dictionary of arrays that ``numpy.savez(path, {...})`` stored, as the host's validators do.

    What else it holds by a name is left as it is: texts, numbers, lists.

    Raises
    ------
    ValueError
        If the file cannot be read or holds anything else.
    """
    content = read_bytes(path, ARRAYS)
    try:
        found = _unpickle(_member(content))
        if not isinstance(found, dict):
            raise ValueError(f"it holds a {type(found).__name__}, {OTHER}")
        if not all(isinstance(name, str) and len(name) <= LONGEST for name in found):
            raise ValueError("a name is no text, or a long one")
        values = {name: value.value if isinstance(value, _Array) else value for name, value in found.items()}
        if sum(8 * value.size for value in values.values() if isinstance(value, np.ndarray)) > ARRAYS:
            raise ValueError(f"its arrays are larger than {ARRAYS // MIB} MiB")
        return values
    # Whatever a damaged file makes of zipfile, NumPy and the unpickler: their errors are of many kinds.
    except Exception as error:
        raise ValueError(f"{path} cannot be read: {type(error).__name__}: {error}") from error


def _member(content: bytes) -> bytes:
    """Return the pickle in an archive."""
    if content.count(ENTRY) > MOST_ENTRIES:
        raise ValueError("it holds too many files")
    with zipfile.ZipFile(BytesIO(content)) as archive:
        if MEMBER not in archive.namelist():
            raise ValueError(f"it holds {', '.join(archive.namelist())[:LONGEST] or 'nothing'}, {OTHER}")
        if archive.getinfo(MEMBER).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError("it is compressed in another way than NumPy does it")
        with archive.open(MEMBER) as file:
            member = BytesIO(file.read(ARRAYS + 1))
    if member.getbuffer().nbytes > ARRAYS:
        raise ValueError(f"it is larger than {ARRAYS // MIB} MiB")
    version = npy.read_magic(member)
    headers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in headers:
        raise ValueError(f"a header of version {version}")
    shape, _, dtype = headers[version](member)
    if shape != () or dtype != np.dtype(object):
        raise ValueError(f"it holds an array of shape {shape} and type {dtype}, {OTHER}")
    return member.read()


def _unpickle(pickled: bytes) -> Any:
    """Return what a pickle makes, if its steps are those of arrays, numbers and texts."""
    memo: dict[Any, bool] = {}
    argument: Any
    made = ""
    for number, (step, argument, _) in enumerate(pickletools.genops(pickled)):
        name = step.name
        if name not in STEPS:
            raise ValueError(f"it has a step {name}; only arrays, numbers and texts are read")
        # Python would make a table as long as the largest place in it.
        if number > MOST_STEPS or (name == "LONG_BINPUT" and argument > MOST_STEPS):
            raise ValueError("it has too many steps")
        if name in ("BINPUT", "LONG_BINPUT", "MEMOIZE"):
            memo[len(memo) if argument is None else argument] = made.startswith("TUPLE")
        elif name not in ("PROTO", "FRAME"):
            made = name
        # Forty tuples, each of the one before twice, take as a key 2 to the power of 40 steps.
        if name in ("BINGET", "LONG_BINGET") and memo.get(argument, True):
            raise ValueError("it has a tuple in two places")
    found = _Unpickler(BytesIO(pickled)).load()
    return found.value if isinstance(found, _Array) else found
