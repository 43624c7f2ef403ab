"""The notebooks: what is committed is whole, and they run from the first cell to the last."""

import re

import pytest
from example_runs import AUTODIFF, EXAMPLES, FIELD, SMALL
from programs import TIMEOUT, forking_interpreter

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

LIMIT = 500_000
SHORT = f'STEPS = 10\nSEED = 3\nOPTIONS = "{" ".join([AUTODIFF, *SMALL])}"\nimport sys\nsys.executable = '
# The cell of STEPS leaves nothing, nor does that of the imports and figures.
SILENT = 2


def path_of(example):
    return EXAMPLES / example / f"{example}.ipynb"


def cells_of(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def figures_in(cells):
    return [output for cell in cells for output in cell.outputs if "image/png" in output.get("data", {})]


@pytest.mark.parametrize("example", FIELD)
def test_a_notebook_is_committed_with_all_its_outputs(example):
    path = path_of(example)
    assert path.stat().st_size < LIMIT
    cells = cells_of(nbformat.read(path, 4))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [cell.outputs for cell in cells]
    assert outputs.count([]) == SILENT
    assert not [output for entry in outputs for output in entry if output.output_type == "error"]
    # the loss terms without balance; with it, those and the weights; the field
    assert len(figures_in(cells)) == 4
    assert not re.search(r"/(home|root|tmp|work|usr)/", path.read_text())


@pytest.mark.host
@pytest.mark.parametrize("example", FIELD)
def test_a_notebook_runs_from_the_first_cell_to_the_last(example, tmp_path):
    for name in (f"{example}.py", "conf"):
        (tmp_path / name).symlink_to(EXAMPLES / example / name)
    notebook = nbformat.read(path_of(example), 4)
    (parameters,) = (cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    assert "STEPS = " in parameters.source
    assert "OPTIONS = " in parameters.source
    parameters.source = SHORT + repr(forking_interpreter(tmp_path))
    for cell in cells_of(notebook):
        cell.outputs = []
    client = nbclient.NotebookClient(notebook, timeout=TIMEOUT, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    assert len(figures_in(cells_of(notebook))) == 4
    table = "".join(output["data"]["text/plain"] for output in cells_of(notebook)[-1].outputs)
    assert re.search(r"relobralo.* 10 ", table)
    assert re.search(r"sum .* 10 ", table)
