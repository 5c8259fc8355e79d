"""Writes data/reference/video.json: `python -m tools.video_reference FOLDER…`."""

from __future__ import annotations

import argparse
from pathlib import Path

from data.media import VIDEO_SUFFIXES
from features.video import read_timeline
from features.video.reference import PATH
from leitmotif.show.progress import progress_bar
from tools.video_reference.population import build


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.video_reference", description=__doc__)
    parser.add_argument(
        "folders", nargs="+", type=Path, metavar="FOLDER", help="folders of ordinary clips"
    )
    parser.add_argument(
        "--shots", type=Path, required=True, help="CSV of film shots, column 'duration' (seconds)"
    )
    parser.add_argument(
        "--liris", type=Path, required=True, help="folder of the LIRIS-ACCEDE discrete tables"
    )
    parser.add_argument("-o", "--output", type=Path, default=PATH, help="the file (%(default)s)")
    args = parser.parse_args()
    clips = [f for d in args.folders for f in sorted(d.glob("*"))]
    files = [f for f in clips if f.suffix.lower() in VIDEO_SUFFIXES]
    if not files:
        parser.error(f"{', '.join(map(str, args.folders))}: no video file there")
    timelines = []
    with progress_bar("reference") as progress:
        for k, file in enumerate(files):
            progress(file.name, k, len(files))
            timelines.append(read_timeline(file))
    made_from = {
        "clips_from": [f.name for f in args.folders],
        "shot_lengths_from": args.shots.name,
        "ratings_from": args.liris.name,
    }
    reference = build(timelines, args.shots, args.liris, made_from)
    reference.write(args.output)
    counts = reference.made_from
    print(f"{args.output}: {counts['clips']} clips, {counts['scenes']} scenes")
    for name, fit in (("arousal", reference.arousal), ("valence", reference.valence)):
        s = fit.score
        print(f"{name}: held-out r {s['r']:.3f} ({s['r_low']:.3f} to {s['r_high']:.3f})")


if __name__ == "__main__":
    main()
