"""The fields of a plate as a file that ParaView opens."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from modulus_relobralo.plates.results.figures import triangles
from modulus_relobralo.plates.results.results import Results


def write_vtk(results: Results, path: Path) -> Path:
    """
    Write the fields over the triangles of a plate as an unstructured grid, ``.vtu``.

    Raises
    ------
    ModuleNotFoundError
        If the package vtk, which both hosts bring, is not installed.
    """
    try:
        from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray
        from vtkmodules.vtkCommonCore import vtkPoints
        from vtkmodules.vtkCommonDataModel import VTK_TRIANGLE, vtkCellArray, vtkUnstructuredGrid
        from vtkmodules.vtkIOXML import vtkXMLUnstructuredGridWriter
    except ImportError:
        raise ModuleNotFoundError("A file for ParaView needs the package vtk: pip install vtk.") from None
    mesh = triangles(results)
    places, cells, grid = vtkPoints(), vtkCellArray(), vtkUnstructuredGrid()
    flat = np.stack([mesh.x, mesh.y, np.zeros_like(mesh.x)], axis=1)
    places.SetData(numpy_to_vtk(flat, deep=True))
    corners = mesh.get_masked_triangles()
    sizes = np.full((len(corners), 1), 3)
    cells.SetCells(
        len(corners), numpy_to_vtkIdTypeArray(np.hstack([sizes, corners]).astype(np.int64).ravel(), deep=True)
    )
    grid.SetPoints(places)
    grid.SetCells(VTK_TRIANGLE, cells)
    for name, values in results.fields.items():
        array = numpy_to_vtk(np.ascontiguousarray(values), deep=True)
        array.SetName(name)
        grid.GetPointData().AddArray(array)
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = vtkXMLUnstructuredGridWriter()
    writer.SetFileName(str(path))
    writer.SetInputData(grid)
    writer.Write()
    return path
