"""The most memory that a call takes."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

import torch


def peak_memory(function: Callable[[], object], release: Callable[[], object]) -> float:
    """Return the most memory, in MB, that a call takes beyond what is held before, after `release` has been called."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        function()
        return (torch.cuda.max_memory_allocated() - before) / 1e6
    release()
    ctypes.CDLL(None).malloc_trim(0)  # free memory that glibc still holds would hide a call's own
    Path("/proc/self/clear_refs").write_text("5")  # sets the peak back to the present size (Linux)
    before = _status("VmRSS")
    function()
    return (_status("VmHWM") - before) / 1e3


def _status(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(field))
