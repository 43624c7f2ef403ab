"""The results of a plate as figures: filled contours, directions of the principal moments, reactions along edges."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, ScalarFormatter
from matplotlib.tri import Triangulation

from modulus_relobralo.figure_style import COLOURS, DIFFERENCES, SMALL, TEXT, VALUES, WIDTH, bare, new_figure, save
from modulus_relobralo.plates.polynomial import arrays
from modulus_relobralo.plates.results.results import Results
from modulus_relobralo.plates.results.tables import unit

CONTOURED = ("w", "M_x", "M_y", "M_xy", "Q_x", "Q_y")
REINFORCED = ("M_x_bottom", "M_y_bottom", "M_x_top", "M_y_top")
CROSSES = 21
"""Along each side of the bounds."""
# Inches, of one panel.
ALONE = 0.7 * WIDTH, 0.6 * WIDTH


def triangles(results: Results) -> Triangulation:
    """Return the triangles between the points of a plate, without those that lie in holes or beyond its edges."""
    x, y = results.points["x"], results.points["y"]
    mesh = Triangulation(x, y)
    corners = mesh.triangles
    middle_x, middle_y = x[corners].mean(axis=1), y[corners].mean(axis=1)
    area = np.abs(
        (x[corners[:, 1]] - x[corners[:, 0]]) * (y[corners[:, 2]] - y[corners[:, 0]])
        - (x[corners[:, 2]] - x[corners[:, 0]]) * (y[corners[:, 1]] - y[corners[:, 0]])
    )
    beyond = results.plate.shape.level(middle_x, middle_y) <= 0
    mesh.set_mask(beyond | (area < 1e-9 * area.max()))
    return mesh


def contours(results: Results) -> Figure:
    """Return a figure with a panel of filled contours for each of `CONTOURED`."""
    return _panels(results, CONTOURED, 3)


def reinforcement(results: Results) -> Figure:
    """Return a figure of the moments that reinforcement has to bear, see `reinforcement.wood_armer`."""
    return _panels(results, REINFORCED, 2)


def _panels(results: Results, names: Sequence[str], columns: int) -> Figure:
    (x0, y0), (x1, y1) = results.plate.shape.bounds
    # As high as the plates are, with room for titles and axes.
    height = 2 * (0.8 + 5.7 / columns * float(np.clip((y1 - y0) / (x1 - x0), 0.4, 1.5)))
    figure, mesh = new_figure(WIDTH, height), triangles(results)
    for ax, name in zip(figure.subplots(len(names) // columns, columns).flat, names, strict=True):
        values, bounded = results.fields[name], results.bounded(name)
        values = np.clip(values, values[bounded].min(), values[bounded].max())
        signed = values.min() < -1e-3 * np.abs(values).max()
        limit = float(np.abs(values).max()) or 1.0
        levels = np.linspace(-limit if signed else min(0.0, float(values.min())), limit, 21)
        drawn = ax.tricontourf(mesh, values, levels=levels, cmap=DIFFERENCES if signed else VALUES)
        numbers = ScalarFormatter()
        numbers.set_powerlimits((-3, 4))
        bar = figure.colorbar(drawn, ax=ax, shrink=0.8, ticks=MaxNLocator(5), format=numbers)
        bar.ax.yaxis.get_offset_text().set_fontsize(SMALL)
        bar.ax.tick_params(labelsize=SMALL)
        _finish(ax, results, f"{name} [{unit(name)}]")
    figure.suptitle(fill(str(results.verdict).replace(" %", "\N{NO-BREAK SPACE}%"), 110), fontsize=TEXT)
    return figure


def trajectories(results: Results) -> Figure:
    """Return a figure of crosses along the directions of the principal moments, as long as these are large."""
    figure = new_figure(*ALONE)
    ax = figure.subplots()
    mesh_x, mesh_y = results.points["x"], results.points["y"]
    largest = float(max(np.abs(results.fields[name][results.bounded(name)]).max() for name in ("M_1", "M_2"))) or 1.0
    (x0, y0), (x1, y1) = results.plate.shape.bounds
    places = arrays(results.plate.shape.points(CROSSES))
    nearest = [int(np.hypot(mesh_x - x, mesh_y - y).argmin()) for x, y in zip(places["x"], places["y"], strict=True)]
    angle = np.radians(results.fields["angle"][nearest])
    for name, turn in (("M_1", 0.0), ("M_2", np.pi / 2)):
        moment = np.clip(results.fields[name][nearest], -largest, largest)
        half = 0.5 * max(x1 - x0, y1 - y0) / CROSSES * np.abs(moment) / largest
        d_x, d_y = half * np.cos(angle + turn), half * np.sin(angle + turn)
        for sign, color, said in ((1, COLOURS[0], "sagging"), (-1, COLOURS[1], "hogging")):
            some = moment * sign > 0
            ends = (
                [mesh_x[nearest][some] + k * d_x[some] for k in (-1, 1)],
                [mesh_y[nearest][some] + k * d_y[some] for k in (-1, 1)],
            )
            lines = ax.plot(*map(np.array, ends), color=color, linewidth=1.2)
            if lines and said not in ax.get_legend_handles_labels()[1]:
                lines[0].set_label(said)
    _finish(ax, results, f"principal moments, at most {largest:.4g} N m/m")
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=SMALL, frameon=False)
    return figure


def reactions(results: Results) -> Figure:
    """Return a figure of the reactions, drawn across the edges, and of the forces at the corners."""
    figure = new_figure(*ALONE)
    ax = figure.subplots()
    largest = float(max(np.abs(along["reaction"]).max() for along in results.edges.values())) or 1.0
    (x0, y0), (x1, y1) = results.plate.shape.bounds
    reach = 0.2 * max(x1 - x0, y1 - y0) / largest
    for name, along in results.edges.items():
        tip_x, tip_y = (along[k] + reach * along["reaction"] * along[f"normal_{k}"] for k in "xy")
        outline = np.append(along["x"], tip_x[::-1]), np.append(along["y"], tip_y[::-1])
        ax.fill(*outline, color=COLOURS[0], alpha=0.3, linewidth=0)
        most = int(np.abs(along["reaction"]).argmax())
        if along["reaction"][most]:
            text = f"{name}: {along['reaction'][most]:.4g}"
            ax.annotate(text, (tip_x[most], tip_y[most]), ha="center", fontsize=SMALL)
    for x, y, force in results.corners.values():
        ax.annotate(f"{force:.4g} N", (x, y), ha="center", fontsize=SMALL, color=COLOURS[1])
    # Names at the tips.
    ax.margins(0.1)
    _finish(ax, results, "reactions [N/m], outwards against the load")
    return figure


def draw(results: Results, folder: Path) -> list[Path]:
    """Write ``fields.png``, ``principal_moments.png``, ``reinforcement.png`` and ``reactions.png``."""
    made = {
        "fields": contours,
        "principal_moments": trajectories,
        "reinforcement": reinforcement,
        "reactions": reactions,
    }
    return [save(figure(results), folder / f"{name}.png") for name, figure in made.items()]


def _finish(ax: Axes, results: Results, title: str) -> None:
    for along in results.edges.values():
        ax.plot(along["x"], along["y"], color="black", linewidth=1)
    ax.set_title(title, fontsize=TEXT, loc="left")
    ax.set_xlabel("x [m]", fontsize=SMALL)
    ax.set_ylabel("y [m]", fontsize=SMALL)
    ax.set_aspect("equal")
    bare(ax)


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
