"""Measure the arc on music videos, for the model card: `python -m tools.arc_card FOLDER`.

Also writes the averages of these videos that ship. FOLDER is laid out like MuVi-Sync.
"""

from __future__ import annotations

import sys

from data.muvi_sync import read_seconds
from leitmotif.learning.arc_protocol import evaluate_arc, markdown
from recommender import averages
from recommender.card import CARD, write_measured


def main() -> None:
    folder = sys.argv[1]
    averages.write_shipped(read_seconds(folder))
    evaluation = evaluate_arc(folder)
    if evaluation is None:
        sys.exit(f"{folder}: no window is long enough.")
    write_measured(CARD, markdown(evaluation))


if __name__ == "__main__":
    main()
