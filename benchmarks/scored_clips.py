"""Where does a film's own music rank? `python benchmarks/scored_clips.py FOLDER`.

FOLDER holds videos with music, named SOURCE__NAME.EXT. Every film is placed before the soundtracks
of all films of other sources and its own: by the profile that it asks for, by the arc (both begin
at 0:00), and by arc and profile as `matcher.arc` weighs them where the place is known. Printed is
the mean percentile of the own soundtrack (0 best, .5 chance), by source, with a 95 % interval.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from data.errors import InputError  # noqa: E402
from features.audio import analyze  # noqa: E402
from leitmotif import pipeline  # noqa: E402
from matcher import arc  # noqa: E402
from recommender import load_recommender  # noqa: E402
from recommender.alignment import align  # noqa: E402


def percentile(distance: np.ndarray, sources: np.ndarray) -> str:
    """distance : (n, n) of films and soundtracks, NaN where nothing can be said."""
    by_source: dict[str, list[float]] = {}
    for i, source in enumerate(sources):
        others = distance[i, (sources != source) & np.isfinite(distance[i])]
        if np.isfinite(distance[i, i]) and len(others):
            nearer = (others < distance[i, i]).mean() + (others == distance[i, i]).mean() / 2
            by_source.setdefault(source, []).append(float(nearer))
    means = np.array([np.mean(v) for v in by_source.values()])
    picks = np.random.default_rng(0).integers(0, len(means), (2000, len(means)))
    low, high = np.quantile(means[picks].mean(1), [0.025, 0.975])
    films = sum(map(len, by_source.values()))
    return f"{means.mean():.3f} [{low:.3f}, {high:.3f}] | {films} films of {len(means)} sources"


def main() -> None:
    films, tracks, profiles, sources = [], [], [], []
    for path in sorted(Path(sys.argv[1]).iterdir()):
        try:
            sound, timeline = analyze(path, tags=True), pipeline.read_video(path)
        except InputError as error:
            print(error, file=sys.stderr)
            continue
        films.append(arc.picture_curves(timeline.cuts, timeline["motion"]))
        profiles.append(pipeline.score(timeline))
        tracks.append(sound.profile)
        sources.append(path.name.split("__")[0])
    music = np.array([t.values for t in tracks])
    curves = [arc.loudness_curve(t.curves["loudness"]) for t in tracks]
    course = np.full((len(films), len(films)), np.nan)
    for i, film in enumerate(films):
        for j, curve in enumerate(curves):
            found = arc.compare(film, curve, np.array([0]))
            course[i, j] = -found.z[0, arc.BOTH] if len(found) else np.nan
    print("| by | mean percentile of the own soundtrack | of |\n| --- | --- | --- |")
    print(f"| arc | {percentile(course, np.array(sources))} |")
    for kind in ("story", "music"):
        recommender = load_recommender(kind)
        asked = np.array([recommender.predict(p).values for p in profiles])
        varied = np.diag(recommender.requests.covariance) > 1e-6
        for how, request in (("", asked), (", aligned", align(asked, recommender.requests, music))):
            off = (request[:, None] - music[None]) / music.std(0)
            apart = np.sqrt(np.square(off[..., varied]).sum(2))
            print(f"| {recommender.name}{how} | {percentile(apart, np.array(sources))} |")
        both = np.nan_to_num(standard(course)) + 0.5 * standard(apart)
        print(f"| arc + .5 {recommender.name}, aligned | {percentile(both, np.array(sources))} |")


def standard(distance: np.ndarray) -> np.ndarray:
    """Each film's distances with mean 0 and standard deviation 1; NaN stays NaN."""
    known = np.isfinite(distance)
    count = np.maximum(known.sum(1, keepdims=True), 1)
    mean = np.where(known, distance, 0).sum(1, keepdims=True) / count
    off = np.where(known, distance - mean, 0)
    sd = np.sqrt(np.square(off).sum(1, keepdims=True) / count)
    return np.where(known, off / np.where(sd > 0, sd, 1), np.nan)


if __name__ == "__main__":
    main()
