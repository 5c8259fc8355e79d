"""Write the pages of the Python interface: `python -m tools.api_pages [-o FOLDER]`."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

import pdoc

PUBLIC = (
    *("leitmotif", "leitmotif.pipeline", "leitmotif.score", "features", "recommender", "matcher"),
    "data",
)
"""What design and README promise; what they import can be read from there."""


def write(folder: Path) -> list[Path]:
    """One page a package, in `folder`. Returns the pages."""
    pdoc.render.configure(docformat="markdown", math=False)
    for package in map(import_module, PUBLIC):
        for name in getattr(package, "__all__", ()):  # lazy names become ones that pdoc can see
            setattr(package, name, getattr(package, name))
    pdoc.pdoc(*PUBLIC, output_directory=folder)
    return sorted(folder.rglob("*.html"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.api_pages", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("build/api"), metavar="FOLDER")
    for path in write(parser.parse_args().output):
        print(path)


if __name__ == "__main__":
    main()
