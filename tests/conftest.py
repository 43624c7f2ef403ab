import pytest
import torch
from programs import install


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
