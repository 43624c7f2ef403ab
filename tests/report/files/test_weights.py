"""The monitor's file, whole, torn and not the monitor's."""

import pytest

from modulus_relobralo.report.files.weights import read_weights


def write(folder, text):
    (folder / "monitors").mkdir()
    (folder / "monitors" / "weights.csv").write_text(text, newline="")
    return folder


@pytest.mark.parametrize(
    ("text", "steps", "values"),
    [
        ("step,pde,u\r\n0,1,1\r\n10,1.5,0.5\r\n", [0, 10], [1, 0.5]),
        # A kill in the middle of a row: between cells, in the last one, in the header, before anything.
        ("step,pde,u\r\n0,1,1\r\n10,1.5", [0], [1]),
        ("step,pde,u\r\n0,1,1\r\n10,1.5,0.", [0], [1]),
        ("step,pde,u\r\n0,1,1\r\n10,1.5,\r\n20,1.75,0.25\r\n", [0, 20], [1, 0.25]),
        ("step,pd", None, None),
        ("step,pde,u\r\n", None, None),
        ("", None, None),
        # A resumed run goes back: what it writes again counts, in the order of the steps.
        ("step,pde,u\r\n0,1,1\r\n20,0,3\r\n10,1.5,0.5\r\n20,1.75,0.25\r\n", [0, 10, 20], [1, 0.5, 0.25]),
        ('step,pde,u\r\n0,nan,1\r\n10,"1.5",0.5\r\n', [0, 10], [1, 0.5]),
    ],
)
def test_rows_that_are_whole_are_read(tmp_path, text, steps, values):
    weights = read_weights(write(tmp_path, text))
    if steps is None:
        assert weights == {}
        return
    assert list(weights) == ["pde", "u"]
    assert weights["u"].steps.tolist() == steps
    assert weights["u"].values.tolist() == values


def test_without_the_file_there_are_no_weights(tmp_path):
    assert read_weights(tmp_path) == {}


def test_what_is_not_the_monitors_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"monitors/weights.csv is left out: its first column is time, not step"):
        read_weights(write(tmp_path, "time,pde\n0,1\n"))


def test_what_cannot_be_read_is_named(tmp_path):
    (tmp_path / "monitors" / "weights.csv").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"monitors/weights.csv cannot be read: IsADirectoryError"):
        read_weights(tmp_path)
    (tmp_path / "monitors" / "weights.csv").rmdir()
    (tmp_path / "monitors" / "weights.csv").write_bytes(b"step,\xff\n")
    with pytest.raises(ValueError, match=r"monitors/weights.csv cannot be read: UnicodeDecodeError"):
        read_weights(tmp_path)
