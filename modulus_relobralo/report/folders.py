"""Which folders hold trainings: Hydra's run directories, and the windows in those of a SequentialSolver."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from modulus_relobralo.report.files.hydra import HYDRA
from modulus_relobralo.report.files.tensorboard import FILES, has_events


def find_trainings(folder: Path) -> list[Path]:
    """Return the folders of trainings in `folder` and below, run directories in the order of their names.

    A run directory is one training, unless it holds several in folders of its own, as the host's SequentialSolver
    leaves them: then it is these, in the order of their times. Such a folder is also found by itself.
    """
    found = [path.parent.parent for path in sorted(folder.rglob(HYDRA.as_posix()))]
    if not found and folder.is_dir() and has_events(folder) and find_home(folder):
        return [folder]
    return [training for home in found for training in find_windows(home) or [home]]


def find_windows(home: Path) -> list[Path]:
    """Return the trainings that the run directory `home` holds in folders of its own; none if it is one itself."""
    if has_events(home):
        return []
    windows = {path.parent for path in home.rglob(FILES) if find_home(path.parent) == home}
    return sorted(windows, key=lambda folder: (min(map(_time, folder.glob(FILES))), folder))


def find_home(folder: Path) -> Path | None:
    """Return the Hydra run directory that `folder` is, or is in."""
    return next((place for place in (folder, *folder.parents) if (place / HYDRA).is_file()), None)


def unique(folders: Iterable[Path]) -> list[Path]:
    """Return `folders` without those that are the same by another path, relative, absolute or through a link."""
    known: dict[Path, Path] = {}
    for folder in folders:
        known.setdefault(folder.resolve(), folder)
    return list(known.values())


def _time(path: Path) -> tuple[int, int]:
    """Return what TensorBoard's file name says of its time: the second, and the number in the process."""
    found = re.search(r"tfevents\.(\d+)(?:.*?\.\d+\.(\d+))?", path.name)
    return (int(found[1]), int(found[2] or 0)) if found else (0, 0)
