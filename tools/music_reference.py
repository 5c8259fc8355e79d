"""Writes `data/reference/music.json`: the population that the ten features are scaled by.

    python -m tools.music_reference FOLDER [-o FILE]

Medians and median absolute deviations of every descriptor over the folder's tracks, standard
deviations of the parts of arousal and valence, then medians and deviations of every feature's
weighted sum; with counts and the input's name.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from data.atomic import atomic_path
from features.audio.descriptors import DESCRIPTORS, describe, listen
from features.audio.load import load
from features.audio.profile import EXTRACTOR, PARTS, REFERENCE, composites, weighted, z_scores


def measure(descriptions: list[dict[str, float]], source: str) -> dict[str, Any]:
    """The reference statistics of tracks that have been described."""
    table = np.array([[d[name] for name in DESCRIPTORS] for d in descriptions])
    statistics: dict[str, Any] = {
        "descriptors": dict(zip(DESCRIPTORS, map(_location, table.T), strict=True))
    }
    z = [z_scores(d, statistics["descriptors"]) for d in descriptions]
    parts = {name: np.array([weighted(part, row) for row in z]) for name, part in PARTS.items()}
    statistics["parts"] = {name: round(float(x.std()), 6) for name, x in parts.items()}
    sums = [composites(d, statistics) for d in descriptions]
    statistics["features"] = {
        name: _location(np.array([s[name] for s in sums])) for name in sums[0]
    }
    return {"source": source, "tracks": len(descriptions), "extractor": EXTRACTOR} | statistics


def _location(x: np.ndarray) -> dict[str, float]:
    """Median and median absolute deviation."""
    median = float(np.median(x))
    return {"median": round(median, 6), "mad": round(float(np.median(np.abs(x - median))), 6)}


def main() -> None:
    from joblib import Parallel, delayed

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=REFERENCE)
    parser.add_argument("--name", help="how the file names its source (the folder's name)")
    args = parser.parse_args()
    files = sorted(
        f
        for f in args.folder.iterdir()
        if f.suffix.lower() in (".ogg", ".opus", ".mp3", ".flac", ".wav", ".m4a")
    )
    found = Parallel(n_jobs=-1)(
        delayed(lambda f: describe(listen(load(f))).values)(f) for f in files
    )
    result = measure([d for d in found if d], args.name or args.folder.name)
    if args.output.is_file():  # the fits to ratings come from elsewhere: `tools.music_fits`
        result["fits"] = json.loads(args.output.read_text(encoding="utf-8")).get("fits", {})
    with atomic_path(args.output) as temporary:
        temporary.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"{args.output}: {result['tracks']} of {len(files)} tracks")


if __name__ == "__main__":
    main()
