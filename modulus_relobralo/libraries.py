"""The libraries of the extra ``[report]``, and what is said where one of them is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needed(what: str) -> Iterator[None]:
    """Say what to install, should an import in this context find a library missing.

    Parameters
    ----------
    what : str
        What needs it, the beginning of the sentence.

    Raises
    ------
    ModuleNotFoundError
        If a module is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        library = str(error.name).partition(".")[0]
        raise ModuleNotFoundError(
            f"{what} needs {library}, which is not installed. Install the extra [report]: "
            "`pip install matplotlib pandas rich tensorboard`.",
            name=error.name,
        ) from error
