import os

import pytest
import torch
from filelock import FileLock
from programs import HOST, LOOPS, install

# Programs that tests run are not read for doctests: they import the host by a name of its own.
collect_ignore_glob = ["hosts/sym/train_*.py"]
# Where there is no host: the files that import what needs one. Single tests that do are marked `host`.
collect_ignore_glob += [] if LOOPS else ["hosts/physicsnemo/*", "examples/test_physicsnemo.py"]
if not HOST:
    collect_ignore_glob += [
        "benchmarks/test_plates.py",
        "hosts/sym/test_aggregators.py",
        "hosts/sym/test_architectures.py",
        "hosts/sym/test_builders.py",
        "hosts/sym/test_loops.py",
        "hosts/sym/test_natural_gradient.py",
        "hosts/sym/test_equation_detection.py",
        "hosts/sym/test_points.py",
        "hosts/sym/test_pointwise.py",
        "hosts/sym/test_precision.py",
        "hosts/sym/test_plates.py",
        "hosts/sym/test_residuals.py",
        "hosts/sym/test_monitors.py",
        "hosts/sym/test_nodes.py",
    ]


def pytest_report_header():
    return f"host: {'physicsnemo' if LOOPS else HOST or 'none, tests that need one are left out'}"


def pytest_collection_modifyitems(items):
    # Files with trainings first: what is left at the end is short, and all workers end together.
    items.sort(key=lambda item: item.get_closest_marker("host") is None)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def wheel_python(tmp_path_factory):
    """Return an interpreter that sees this one's packages and, of this project, only its wheel."""
    return install_once(tmp_path_factory, "wheel")


@pytest.fixture(scope="session")
def editable_python(tmp_path_factory):
    """Return an interpreter that sees this one's packages and, of this project, only an editable install."""
    return install_once(tmp_path_factory, "editable", "--editable")


def install_once(tmp_path_factory, name, *options):
    """Return the interpreter of an installation that all workers of a session share."""
    # Workers have folders of their own in the session's; pytest clears all away.
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            folder.mkdir()
            install(folder, *options)
    return folder / "venv" / "bin" / "python"
