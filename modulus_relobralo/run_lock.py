"""Keeps a second process out of a folder in which one trains: their records and checkpoints would mix."""

from __future__ import annotations

import logging
from pathlib import Path

from filelock import FileLock, Timeout

logger = logging.getLogger(__name__)

NAME = ".training.lock"
"""The file in a run's folder that its process holds. It stays there, and says nothing about a run."""


def hold(folder: Path | str) -> FileLock:
    """Hold a folder for this process until the lock that is returned is released or gone.

    The operating system releases the lock of a process that was killed. Within a process a folder can be held several
    times; of several processes of one run, one is to hold it. On a file system without locks nothing is held, and the
    log says so.

    Parameters
    ----------
    folder : path
        The folder of the run, which is made if there is none.

    Raises
    ------
    RuntimeError
        If another process holds the folder.
    """
    path = Path(folder).absolute() / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, thread_local=False, is_singleton=True)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RuntimeError(
            f"Another process trains in {path.parent}: it holds {NAME}. Wait for its end or stop it, or give this run "
            "a folder of its own, in a Hydra program by `hydra.run.dir=...`."
        ) from None
    except (OSError, NotImplementedError) as error:
        logger.warning("%s cannot be locked against a second process: %s", path.parent, error)
    return lock
