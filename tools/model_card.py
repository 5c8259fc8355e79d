"""Measure what ships, in one step: `python -m tools.model_card` (some minutes).

It reads `data/pairs.csv`, `data/pairs_muvi_sync.csv` and the music-video network, writes the
default weights `data/weights/recommender.safetensors`, and every measured number of
`data/MODEL_CARD.md`.

The linear prior is the incumbent. A learned predictor takes its place only where it finds the true
track better on pairs measured by our own extractors, by Recall@3 in cross-validation by source and
with a 95 % interval of the paired difference above zero; that none does is written into the file
with the whole table. The reliability of the outputs comes from the same scenes, of which the prior
never saw any.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np

from data.folders import ROOT
from data.pairs import Pairs, read_pairs
from recommender import card, comparison, prior
from recommender.baselines import BASELINES, measured_only
from recommender.card import CARD
from recommender.comparison import NETWORK, PRIOR, Evaluation, Prediction
from recommender.linear import fit_ridge
from recommender.predict import MUSIC_LED, PRIOR_DESCRIPTION, SHIPPED, load_recommender
from recommender.predictor_file import read_predictor, write_predictor
from recommender.save import query_arrays, reliability, save
from recommender.stretch import NO_STRETCH

PAIRS, MUSIC_VIDEOS = ROOT / "pairs.csv", ROOT / "pairs_muvi_sync.csv"
MUSIC_VIDEO_NETWORK = SHIPPED.with_name("recommender_music_videos.safetensors")
CLIP_FOLDS, VIDEO_FOLDS = 10, 5


def judge_on_clips(pairs: Pairs, music_videos: Pairs) -> Evaluation:
    """Everything but a network of their own (too few scenes for one), beside what music videos
    taught.
    """
    network = load_recommender(MUSIC_VIDEO_NETWORK)

    def by_network(clips: Pairs) -> Prediction:
        music = measured_only(music_videos, network.forward)(clips)
        return Prediction(music, network.stretch.apply(music) if network.stretch else music)

    given = {
        "ridge from music videos": lambda clips: comparison.predict_with(
            BASELINES["ridge"], music_videos, clips
        ),
        "network from music videos": by_network,
    }
    return comparison.cross_validate(
        pairs, BASELINES, folds=CLIP_FOLDS, given=given, title=PAIRS.name
    )


def write_default(table: Evaluation, pairs: Pairs, path: Path = SHIPPED) -> list[float]:
    """Write the prior with its table; returns the reliability of its outputs.

    pairs : pictures over which its requests are looked at.
    """
    model = prior.as_linear()
    arrays = {f.name: np.asarray(getattr(model, f.name)) for f in dataclasses.fields(model)}
    reliable = reliability(table[PRIOR].outputs, table.sources)
    metadata = {
        "name": prior.NAME,
        "description": PRIOR_DESCRIPTION,
        "reliability": reliable,
        "evaluation": table.to_dict(),
    }
    write_predictor(
        path,
        "linear",
        arrays | query_arrays(NO_STRETCH, prior.forward(pairs.video, pairs.video_confidence)[0]),
        metadata,
    )
    return reliable


def write_music_led(pairs: Pairs, pictures: Pairs, path: Path = MUSIC_LED) -> None:
    """Write ridge regression on music videos, the best of them once requests are aligned.

    pictures : measured by our own extractor, as those will be that it is asked about.
    """
    known = pairs.split("train", "validation")
    description = (
        "Ridge regression learned from music videos, whose music leads their pictures. "
        "On others of them it finds the true track better than the default, on scored films not."
    )
    save(
        path, fit_ridge(known), known,
        name="music-led-1", description=description, pictures=pictures,
    )  # fmt: skip


def judge_on_music_videos(pairs: Pairs) -> tuple[Evaluation, Evaluation]:
    """All of them by cross-validation; and default beside tuned sizes on the test videos, which no
    study has seen.
    """
    from recommender.lit_module import Settings
    from recommender.network import Config

    metadata, _ = read_predictor(MUSIC_VIDEO_NETWORK)
    tuned = {"config": Config(**metadata["config"]), "settings": Settings(**metadata["settings"])}
    table = comparison.cross_validate(
        pairs, comparison.all_fits(**tuned), folds=VIDEO_FOLDS, title=MUSIC_VIDEOS.name
    )
    fits = {name: BASELINES[name] for name in (PRIOR, "ridge", "ridge around prior")}
    fits |= {
        "network, default sizes": comparison.fit_network(),
        "network, tuned sizes": comparison.fit_network(**tuned),
    }
    return table, comparison.held_out(
        pairs.split("train", "validation"), pairs.split("test"), fits, title="test"
    )


def main() -> None:
    pairs, music_videos = read_pairs(PAIRS), read_pairs(MUSIC_VIDEOS)
    clips = judge_on_clips(pairs, music_videos)
    reliable = write_default(clips, pairs)
    write_music_led(music_videos, pairs)
    table, test = judge_on_music_videos(music_videos)
    parts = {
        "music videos": card.retrieval_table(table),
        "music videos, outputs": card.output_table(table, ("ridge", NETWORK)),
        "music videos, test": card.retrieval_table(test, gain=True),
        "clips": card.retrieval_table(clips, gain=True),
        "clips, reliability": card.reliability_table(reliable, clips),
    }
    card.write_measured(CARD, parts)
    print(*parts.values(), sep="\n\n")
    better = [s.name for s in clips.scores if s.over_prior.get(card.RULE, (0, 0))[0] > 0]
    print(f"Better than the prior on {PAIRS.name}: {', '.join(better) or 'none'}.", file=sys.stderr)


if __name__ == "__main__":
    main()
