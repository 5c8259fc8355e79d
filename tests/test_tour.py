"""The notebook that shows newcomers around runs from top to bottom."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]


def test_every_cell_of_the_tour_runs_and_says_something():
    tour = nbformat.read(ROOT / "docs" / "tour.ipynb", as_version=4)
    NotebookClient(tour, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    cells = [cell for cell in tour.cells if cell.cell_type == "code"][1:]
    assert [cell.source for cell in cells if not cell.outputs] == []
    assert len(cells[-1].outputs[0].text.splitlines()) == 3
