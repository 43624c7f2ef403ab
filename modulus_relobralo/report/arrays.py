"""The arrays of the host's npz files, which hold them in a pickle that is followed and not loaded."""

from __future__ import annotations

import pickletools
import re
import zipfile
from collections.abc import Callable
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from modulus_relobralo.report.safe_files import ARRAYS, MIB, read_bytes

# Where numpy.savez puts what has no name.
MEMBER = "arr_0.npy"
# The signature of a file in an archive, and how many of them are read of.
ENTRY, MOST_ENTRIES = b"PK\x01\x02", 1000
# Steps of a pickle: a dictionary of 100 arrays takes about 3,000.
MOST_STEPS = 100_000
NUMBERS = re.compile(r"[biufcSU]\d{1,6}|O8?")


class OtherContentError(ValueError):
    """An archive of NumPy's that holds something else than the host's dictionary of arrays."""


class _Name(NamedTuple):
    """What a pickle would call."""

    module: str
    name: str


class _Type:
    """Stands for a NumPy type of elements until its state is known."""

    def __init__(self, text: Any, *_: Any) -> None:
        if not isinstance(text, str) or not NUMBERS.fullmatch(text):
            raise ValueError(f"elements of type {text!r:.40}")
        self.dtype = np.dtype(text)

    def build(self, state: Any) -> None:
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

    def build(self, state: Any) -> None:
        version, shape, kind, fortran, content = state
        if version != 1 or not isinstance(kind, _Type) or not all(type(n) is int and n >= 0 for n in shape):
            raise ValueError("an array with a state of its own")
        if kind.dtype == object:
            if shape != () or not isinstance(content, list):
                raise ValueError("an array of objects")
            (self.value,) = content
        elif not isinstance(content, bytes) or len(content) != prod(shape) * kind.dtype.itemsize:
            raise ValueError("an array of another size")
        else:
            self.value = np.frombuffer(content, kind.dtype).reshape(shape, order="F" if fortran else "C")


def _scalar(kind: _Type, content: bytes) -> _Array:
    made = _Array()
    made.build((1, (), kind, False, content))
    return made


# All that a pickle may call. NumPy 2 moved its modules, what it writes is the same.
_MADE: dict[_Name, Callable[..., Any]] = {
    _Name("numpy", "ndarray"): _Array,
    _Name("numpy", "dtype"): _Type,
    **{_Name(f"numpy.{core}.multiarray", "_reconstruct"): _Array for core in ("core", "_core")},
    **{_Name(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_VALUES = {
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the dictionary of arrays that ``numpy.savez(path, {...})`` stored, as the host's validators do.

    What else it holds by a name is left as it is: texts, numbers, lists. No pickle is loaded: its steps are followed
    one by one, and only those are known that numbers and texts need.

    Raises
    ------
    ValueError
        If the file cannot be read or holds anything else.
    OtherContentError
        If it holds arrays, but no such dictionary.
    """
    content = read_bytes(path, ARRAYS)
    try:
        found = _follow(_member(content))
        if not isinstance(found, dict):
            raise OtherContentError(f"it holds a {type(found).__name__}")
        if sum(8 * value.size for value in found.values() if isinstance(value, np.ndarray)) > ARRAYS:
            raise ValueError(f"its arrays are larger than {ARRAYS // MIB} MiB")
        return found
    except OtherContentError:
        raise
    # Whatever a damaged file makes of zipfile, NumPy and pickletools: their errors are of many kinds.
    except Exception as error:
        raise ValueError(f"{path} cannot be read: {type(error).__name__}: {error}") from error


def _member(content: bytes) -> bytes:
    """Return the pickle in an archive."""
    if content.count(ENTRY) > MOST_ENTRIES:
        raise ValueError("it holds too many files")
    with zipfile.ZipFile(BytesIO(content)) as archive:
        if MEMBER not in archive.namelist():
            raise OtherContentError(f"it holds {', '.join(archive.namelist()) or 'nothing'}")
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
        raise OtherContentError(f"it holds an array of shape {shape} and type {dtype}")
    return member.read()


def _follow(pickled: bytes) -> Any:
    """Return what a pickle makes, of what is known."""
    stack: list[Any] = []
    marks: list[int] = []
    memo: dict[int, Any] = {}

    def since_mark() -> list[Any]:
        first = marks.pop()
        taken = stack[first:]
        del stack[first:]
        return taken

    argument: Any
    for number, (step, argument, _) in enumerate(pickletools.genops(pickled)):
        name = step.name
        if number > MOST_STEPS:
            raise ValueError("it has too many steps")
        if name in ("PROTO", "FRAME"):
            continue
        if name in _VALUES:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in ("EMPTY_DICT", "EMPTY_LIST"):
            stack.append({} if name == "EMPTY_DICT" else [])
        elif name in ("BINPUT", "LONG_BINPUT", "MEMOIZE"):
            memo[len(memo) if argument is None else argument] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[argument])
        elif name == "MARK":
            marks.append(len(stack))
        elif name in _TUPLES:
            stack[-_TUPLES[name] :] = [tuple(stack[-_TUPLES[name] :])]
        elif name == "TUPLE":
            stack.append(tuple(since_mark()))
        elif name in ("APPEND", "APPENDS"):
            taken = since_mark() if name == "APPENDS" else [stack.pop()]
            _known(stack[-1], list).extend(taken)
        elif name in ("SETITEM", "SETITEMS"):
            taken = since_mark() if name == "SETITEMS" else [stack.pop(-2), stack.pop()]
            _set_items(_known(stack[-1], dict), taken)
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            called = argument.split(" ") if name == "GLOBAL" else [stack.pop(-2), stack.pop()]
            stack.append(_allowed(*called))
        elif name == "REDUCE":
            arguments = _known(stack.pop(), tuple)
            stack.append(_MADE[_known(stack.pop(), _Name)](*arguments))
        elif name == "BUILD":
            state = _known(stack.pop(), tuple)
            made = stack[-1]
            if not isinstance(made, _Array | _Type):
                raise ValueError(f"a state for a {type(made).__name__}")
            made.build(state)
        elif name == "STOP":
            return _plain(stack.pop())
        else:
            raise ValueError(f"it has a step {name}; only arrays, numbers and texts are read")
    raise ValueError("it has no end")


def _allowed(module: Any, name: Any) -> _Name:
    found = _Name(str(module), str(name))
    if found not in _MADE:
        raise ValueError(f"it holds {'.'.join(found)}; only arrays, numbers and texts are read")
    return found


def _known(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise ValueError(f"a {type(value).__name__} where a {kind.__name__} belongs")
    return value


def _set_items(target: dict[str, Any], taken: list[Any]) -> None:
    # No key but a text: Python asks a nested tuple for its hash without an end.
    for key, value in zip(taken[::2], taken[1::2], strict=True):
        target[_known(key, str)] = _plain(value)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, _Array) else value
