import pytest
import torch
from programs import HOST, install

# Where there is no host: the files that import what needs one. Single tests that do are marked `host`.
if not HOST:
    collect_ignore_glob = [
        "derivatives/*",
        "plates/*",
        "waves/*",
        "hosts/sym/test_builders.py",
        "hosts/sym/test_monitor.py",
        "hosts/sym/test_natural_gradient.py",
        "hosts/sym/test_residuals.py",
        "hosts/sym/test_taylor_nodes.py",
    ]


def pytest_report_header():
    return f"host: {HOST or 'none, tests that need one are left out'}"


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def wheel_python(tmp_path_factory):
    """Return an interpreter that sees this one's packages and, of this project, only its wheel."""
    return install(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def editable_python(tmp_path_factory):
    """Return an interpreter that sees this one's packages and, of this project, only an editable install."""
    return install(tmp_path_factory.mktemp("editable"), "--editable")
