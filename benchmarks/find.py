"""How well text queries are answered, and likeness with an offset, on a real catalogue.

    python -m benchmarks.find CATALOGUE [--titles] [--calmer N] [--part seen|apart] [--verbose]

Queries and what must hold of their first five answers were written before the code
(`word_queries.toml`). The catalogue must have its sounds beside it (`catalogue build`).
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from data.catalogue import Catalogue
from data.profiles import MUSIC_NAMES
from data.track_sounds import TrackSounds, classes
from leitmotif.find import find
from leitmotif.find.likeness import Original, timbre_distances
from leitmotif.find.reading import read
from leitmotif.find.search import request
from matcher.course import TrackCourses
from matcher.query import Query

QUERIES = Path(__file__).with_name("word_queries.toml")
TITLE_WORDS = {
    "battle": ("battle", "boss", "revenge", "barbarian", "sword", "assault"),
    "town": ("town", "village", "inn", "tavern", "shop", "market", "fields", "caketown"),
    "piano": ("piano",),
    "dungeon": ("dungeon", "cave", "prison", "sewers", "ghost", "halls"),
    "victory": ("victory", "win", "fanfare", "courseclear"),
    "sad": ("sad", "game over", "lost"),
    "scary": ("tense", "ominous", "ghost", "danger", "doomed"),
    "menu": ("menu", "title"),
    "space": ("space", "neptune", "lunar", "star", "orbital", "universe", "planet"),
}
"""Word to what titles that mean it say; the titles are never looked at by the search."""
GENRES = ("rock", "metal", "jazz", "funk", "electronic", "orchestral", "ambient", "classical",
          "chiptune", "hip hop", "pop", "piano", "techno", "flamenco", "disco")  # fmt: skip


class Judge:
    """What must hold of answers, measured on the catalogue's own columns."""

    def __init__(self, catalogue: Catalogue, sounds: TrackSounds) -> None:
        self.catalogue, self.sounds = catalogue, sounds
        self.names = {name: i for i, name in enumerate(classes())}

    def verdicts(self, query: dict[str, Any], rows: list[int]) -> Iterator[tuple[str, bool]]:
        """Each condition of a query and whether it holds of these rows."""
        for name in MUSIC_NAMES:
            if name in query:
                x = self.catalogue.features[:, MUSIC_NAMES.index(name)]
                high = x[rows] > np.median(x)
                yield name, (high if query[name] == "high" else ~high).sum() >= 4
        if "tempo" in query:
            low, high_bpm = query["tempo"]
            tempos = [self.catalogue.numbers(n)[rows] for n in ("bpm", "bpm_alternative")]
            yield "tempo", np.any([(t >= low) & (t <= high_bpm) for t in tempos], 0).sum() >= 4
        for group in query.get("tags", ()):
            held = np.any([self._share(n)[rows] >= 0.8 for n in group], axis=0)
            yield f"tags {group[0]}", held.sum() >= 3
        if "without" in query:
            held = np.all([self._share(n)[rows] <= 0.5 for n in query["without"]], axis=0)
            yield f"without {query['without'][0]}", held.sum() >= 4
        if "vocals" in query:
            share = self.catalogue.numbers("vocals")[rows]
            held_n = (share >= 0.2).sum() >= 3 if query["vocals"] else (share <= 0.1).sum() >= 4
            yield "vocals", bool(held_n)
        if "mode" in query:
            keys = self.catalogue.text("key")
            yield "mode", sum(keys[r].endswith(query["mode"]) for r in rows) >= 4
        if "longest" in query:
            yield (
                "longest",
                (self.catalogue.numbers("duration_s")[rows] <= query["longest"]).sum() >= 4,
            )

    def _share(self, name: str) -> np.ndarray:
        """Share of the tracks that have less of a class, (N,) 0–1; 0 where it is never heard."""
        x = self.sounds.sounds[:, self.names[name]].astype(int)
        return np.searchsorted(np.sort(x), x, side="left") / max(1, len(x) - 1)


def queries(catalogue: Catalogue, sounds: TrackSounds, part: str | None, verbose: bool) -> None:
    judge = Judge(catalogue, sounds)
    with QUERIES.open("rb") as file:
        asked = [q for q in tomllib.load(file)["query"] if part in (None, q["part"])]
    held: dict[tuple[str, str], list[bool]] = {}
    conditions: list[bool] = []
    for query in asked:
        answer = find(query["text"], catalogue)
        rows = [m.row for m in answer.matches]
        verdicts = list(judge.verdicts(query, rows))
        whole = all(ok for _, ok in verdicts)
        language = "zh" if any("一" <= c <= "鿿" for c in query["text"]) else "en"
        held.setdefault((query["part"], language), []).append(whole)
        conditions += [bool(ok) for _, ok in verdicts]
        if verbose and (not whole or answer.reading.unknown):
            failed = [name for name, ok in verdicts if not ok]
            print(f"  {query['text']}: {failed} unknown {answer.reading.unknown}")
            for m, heard in zip(answer.matches, answer.heard, strict=True):
                print("      ", m.track_id, heard)
    print("| part | language | queries | hold |\n|---|---|---|---|")
    for (name, language), found in sorted(held.items()):
        print(f"| {name} | {language} | {len(found)} | {np.mean(found):.0%} |")
    every = [ok for found in held.values() for ok in found]
    print(f"| all | | {len(every)} | {np.mean(every):.0%} |")
    print(f"\n{len(conditions)} conditions, {np.mean(conditions):.0%} hold.")


def auc(positive: np.ndarray, score: np.ndarray) -> float:
    """Area under the ROC curve; ties count half."""
    from scipy.stats import rankdata

    ranks = rankdata(score)
    n = int(positive.sum())
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(score) - n)))


def closeness(word: str, catalogue: Catalogue, sounds: TrackSounds) -> np.ndarray:
    """How near every track is to a word, (N,), larger is nearer; conditions count as infinite."""
    asked = request(read(word), catalogue, None, sounds)
    query = Query(asked.values, asked.importance)
    rows, distances = asked.ranking.nearest(catalogue, query, len(catalogue))
    found = np.full(len(catalogue), -1e9)
    found[rows] = -distances
    return found


def titles(catalogue: Catalogue, sounds: TrackSounds, genre_of: dict[str, str]) -> None:
    names = [t.rsplit("/", 1)[-1].lower().replace("_", " ") for t in catalogue.track_ids]
    print("\n| word | titles or credits with it | AUC [95 %] |\n|---|---|---|")
    for word, spellings in TITLE_WORDS.items():
        mask = np.array([any(f" {s}" in f" {n}" for s in spellings) for n in names])
        _auc_row(word, mask, closeness(word, catalogue, sounds), "title")
    files = [t.rsplit("/", 1)[-1] for t in catalogue.track_ids]
    credited = np.array([bool(genre_of.get(f)) for f in files])
    for genre in GENRES:
        mask = np.array([genre in genre_of.get(f, "") for f in files])[credited]
        _auc_row(genre, mask, closeness(genre, catalogue, sounds)[credited], "credits")
    sung = np.array(["vocals" in genre_of.get(f, "") for f in files])[credited]
    _auc_row("vocals", sung, catalogue.numbers("vocals")[credited], "credits")


def _auc_row(word: str, mask: np.ndarray, score: np.ndarray, where: str) -> None:
    if mask.sum() < 2:
        return
    rng = np.random.default_rng(0)
    yes, no = np.flatnonzero(mask), np.flatnonzero(~mask)
    drawn = []
    for _ in range(500):
        rows = np.r_[rng.choice(yes, len(yes)), rng.choice(no, len(no))]
        drawn.append(auc(mask[rows], score[rows]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    print(f"| {word} | {int(mask.sum())} of {len(mask)} ({where}) | "
          f"{auc(mask, score):.2f} [{low:.2f}, {high:.2f}] |")  # fmt: skip


def calmer(catalogue: Catalogue, sounds: TrackSounds, count: int) -> None:
    """ "Calmer" from `count` tracks: arousal of the answers, and their timbre."""
    j = MUSIC_NAMES.index("arousal")
    rng = np.random.default_rng(0)
    courses = TrackCourses.beside(catalogue)
    rows = rng.permutation(len(catalogue))[:count]
    lower, all_lower, timbre, plain = [], [], [], []
    for row in rows.tolist():
        original = Original.of_row(catalogue, row, sounds, courses)
        found = [m.row for m in find("calmer", catalogue, like=original).matches]
        like = [m.row for m in find("", catalogue, like=original).matches]
        distance = timbre_distances(original, sounds)
        others = np.delete(distance, row)
        own, x = catalogue.features[row, j], catalogue.features[found, j]
        lower.append(x.mean() < own)
        all_lower.append(bool((x < own).all()))
        timbre.append(distance[found].mean() <= np.median(others))
        plain.append((distance[found].mean(), distance[like].mean(), np.median(others)))
    both = np.mean(np.array(lower) & np.array(timbre))
    a, b, c = np.mean(plain, axis=0)
    print(
        f"\n“Calmer” from {len(rows)} tracks: mean arousal of the five is lower in "
        f"{np.mean(lower):.1%}, of every one in {np.mean(all_lower):.1%}; their timbre is no "
        f"further than the median track's in {np.mean(timbre):.1%}; both in {both:.1%}. Mean "
        f"timbre distance {a:.3f}, without the word {b:.3f}, of the median track {c:.3f}."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--part", choices=("seen", "apart"))
    parser.add_argument("--titles", action="store_true", help="areas under the curve by titles")
    parser.add_argument("--credits", type=Path, help="table with columns file and genre")
    parser.add_argument("--calmer", type=int, default=0, metavar="N")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    catalogue = Catalogue.read(args.catalogue)
    sounds = TrackSounds.beside(catalogue)
    assert sounds is not None, "build the catalogue with YAMNet's weights"
    queries(catalogue, sounds, args.part, args.verbose)
    if args.titles:
        genre_of = {}
        if args.credits:
            import csv

            with args.credits.open(encoding="utf-8") as file:
                genre_of = {r["file"]: (r["genre"] or "") for r in csv.DictReader(file)}
        titles(catalogue, sounds, genre_of)
    if args.calmer:
        calmer(catalogue, sounds, args.calmer)


if __name__ == "__main__":
    main()
