"""The page on plates: its code does what it says."""

import re

import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf
from programs import ROOT

from modulus_relobralo.plates.supports import EdgeCondition, EdgeSupport

PAGE = (ROOT / "docs" / "how-to" / "plates.md").read_text()


@pytest.fixture
def plate():
    """Return the first plate of the page."""
    names = {}
    exec(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0], names)
    return names["plate"]


def test_the_first_plate_of_the_page(plate):
    assert list(plate.edges) == ["left", "right", "bottom", "top", "duct"]
    assert plate.edges["duct"] is EdgeCondition.FREE
    assert plate.conditions["top"] == {"spring": 0, "M_n": 0}
    assert plate.edges["top"] == EdgeSupport(k_w=2e7)


def test_the_file_of_the_page_is_its_first_plate(plate):
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    other = instantiate(OmegaConf.create(text).plate, _convert_="all")
    assert text.startswith("# @package custom\n")
    assert (other.shape, other.edges, other.equations) == (plate.shape, plate.edges, plate.equations)
    # The control: a thicker one is another.
    thicker = instantiate(OmegaConf.create(text.replace("h: 0.2", "h: 0.25")).plate, _convert_="all")
    assert thicker.equations != plate.equations


def test_the_table_of_edges_is_complete():
    for condition in EdgeCondition:
        row = next(line for line in PAGE.splitlines() if f'`"{condition.value}"`' in line)
        for quantity in condition.support.conditions:
            assert f"{quantity} = 0" in row, (condition, quantity)
    assert all(f"{name}=" in PAGE for name in vars(EdgeSupport()))
