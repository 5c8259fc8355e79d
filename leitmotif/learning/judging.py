"""From a source of pairs to the evaluation table: which pairs, which predictors, fitted on what."""

from __future__ import annotations

import os
from pathlib import Path

from data.errors import InputError, Progress
from data.folders import ROOT
from data.muvi_sync import is_muvi_sync, read_muvi_sync
from data.pairs import Pairs, read_pairs
from data.words import Sentence
from leitmotif.learning.scored_videos import learn
from recommender import load_recommender
from recommender.comparison import (
    UNFITTED,
    Evaluation,
    Fit,
    Judge,
    Prediction,
    all_fits,
    held_out,
)
from recommender.comparison import (
    cross_validate as judged_in_folds,
)
from recommender.predict import Recommender
from recommender.predictor_file import read_predictor

TUNED = ROOT / "weights" / "recommender_music_videos.safetensors"
SHIPPED_PAIRS = (ROOT / "pairs.csv", ROOT / "pairs_muvi_sync.csv")


def evaluate_source(
    source: str | os.PathLike,
    *,
    cross_validate: bool = False,
    folds: int = 5,
    train: str | os.PathLike | None = None,
    predictor: str | os.PathLike | None = None,
    progress: Progress | None = None,
    **options: object,
) -> Evaluation:
    """Judge every predictor on a MuVi-Sync folder, a folder of scored videos, or a pairs file.

    cross_validate : fit the baselines and the network on the source itself, in `folds` folds that
        keep its films apart.
    train : pairs to fit them on instead; by default the shipped pairs of the same extractors.
        Without any, only predictors that need no fitting are judged.
    predictor : a file judged as "shipped"; by default the one that ships.
    options : pool, draws, seed; see `recommender.comparison.score`.
    """
    pairs = read_source(source, progress)
    options["title"] = Path(pairs.origin).name
    given, notes = _shipped(load_recommender(predictor), pairs)
    notes += [pairs.left_out] if pairs.left_out else []
    if Path(source).is_dir() and not is_muvi_sync(Path(source)):
        from leitmotif.learning.like_row import NAME, like_judge  # its encoder loads torch

        given[NAME] = like_judge(source, progress)
        notes.append(Sentence("learn.like_row"))
    if cross_validate:
        return judged_in_folds(
            pairs, _fits(pairs), folds, given=given, progress=progress, notes=notes, **options
        )
    known, fits = read_pairs(train) if train else shipped_pairs(pairs), _fits(pairs)
    if known is None:
        notes.append(Sentence("learn.nothing_to_fit_on"))
        fits = {name: fits[name] for name in UNFITTED}
    else:
        notes += [known.left_out] if known.left_out else []
        origin = Path(known.origin).name
        notes.append(Sentence("learn.fitted_on", n=len(known), origin=origin))
    return held_out(known, pairs, fits, given=given, notes=notes, **options)


def _fits(pairs: Pairs) -> dict[str, Fit]:
    """Every predictor; the network as tuned on pairs of the same extractor, else by default."""
    if TUNED.is_file():
        metadata, _ = read_predictor(TUNED)
        if metadata["kind"] == "network" and metadata["video_extractor"] in pairs.video_extractors:
            from recommender.lit_module import Settings
            from recommender.network import Config

            return all_fits(
                config=Config(**metadata["config"]), settings=Settings(**metadata["settings"])
            )
    return all_fits()


def _shipped(recommender: Recommender, pairs: Pairs) -> tuple[dict[str, Judge], list[str]]:
    """The shipped predictor's row, unless it learned from these sources; and notes about it."""
    learned = set((recommender.metadata or {}).get("trained_on", {}).get("sources", ()))
    name = f"shipped: {recommender.name}"
    if learned & set(pairs.sources):
        return {}, [Sentence("learn.not_judged", predictor=recommender.name)]

    def judge(kept: Pairs) -> Prediction:
        music = recommender.forward(kept.video, kept.video_confidence)[0]
        return Prediction(music, recommender.stretch.apply(music) if recommender.stretch else music)

    notes: list[str] = [f"{name}: {recommender.description}"]
    if recommender.video_extractor and recommender.video_extractor != pairs.video_extractor:
        theirs, ours = recommender.video_extractor, pairs.video_extractor
        notes.append(Sentence("learn.other_pictures", theirs=theirs, ours=ours))
    return {name: judge}, notes


def read_source(source: str | os.PathLike, progress: Progress | None = None) -> Pairs:
    """The pairs of anything that `leitmotif evaluate` takes."""
    source = Path(source)
    if not source.exists():
        raise InputError("learn.no_source", source=source)
    if source.is_file():
        return read_pairs(source)
    if is_muvi_sync(source):
        return read_muvi_sync(source)
    return learn(source, progress=progress).pairs


def shipped_pairs(pairs: Pairs) -> Pairs | None:
    """Shipped training and validation pairs by the same extractors; None without any."""
    for path in SHIPPED_PAIRS:
        if path.is_file():
            known = read_pairs(path)
            if (known.video_extractor, known.music_extractor) == (
                pairs.video_extractor,
                pairs.music_extractor,
            ):
                return known.split("train", "validation")
    return None
