import shutil
import uuid
from pathlib import Path

import pytest

from benchmarks.records import ROOT


@pytest.fixture
def folder():
    """Return a new folder for runs, relative to the root: the host writes nowhere else."""
    name = Path("outputs", f"test-{uuid.uuid4().hex}")
    yield name
    shutil.rmtree(ROOT / name, ignore_errors=True)
