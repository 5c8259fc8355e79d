"""A loaded predictor and its one verb. Nothing here needs the training libraries.

Inputs are 11 numbers in the order of `VIDEO_FIELDS` with a confidence each; outputs are 10 in the
order of `MUSIC_FIELDS`. NaN in an array means "not measured" and counts as confidence 0.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload

import numpy as np

from data.errors import InputError
from data.folders import ROOT
from data.profiles import MUSIC_NAMES, VIDEO_FIELDS, MusicProfile, VideoProfile
from data.words import Sentence
from recommender import prior
from recommender.alignment import Requests, align
from recommender.forward import Forward, network_forward
from recommender.linear import Linear
from recommender.predictor_file import read_predictor
from recommender.stretch import Stretch
from recommender.units import check_values

PRIOR_DESCRIPTION = (
    "A documented linear prior: music follows the picture in arousal, valence, pace, tension and "
    "colour. It learned from no pairs; nothing learned so far finds the true track better on "
    "scenes measured as yours are."
)
SHIPPED = ROOT / "weights" / "recommender.safetensors"
SETTING = "LEITMOTIF_PREDICTOR"
MUSIC_LED = SHIPPED.with_name("recommender_music_led.safetensors")
_SHIPPED: dict[object, Path] = {None: SHIPPED, "story": SHIPPED, "music": MUSIC_LED}


@dataclass(frozen=True)
class Recommender:
    """11-D to 10-D, with what is known about its worth.

    name : short, with a version; written into the `extractor` of every prediction.
    description : one or two sentences for people: what it is and what it learned from.
    forward : the most likely music, before `stretch` makes it into a query.
    stretch : see `recommender.stretch`; None leaves predictions as they are.
    requests : what it asks for over many pictures, see `recommender.alignment`; None for unknown.
    reliability : (10,) held-out R² an output can reach (squared correlation, 0 where it is negative
        or was not measured); None where nothing was held out.
    video_extractor, music_extractor : what measured the pairs it learned from; empty for any.
    arc_step : what was learned of picture and music over time (`matcher.arc_step.Step.to_dict`);
        None where nothing was, or it did not win.
    metadata : everything else the weights file says: scores, config, training pairs.
    """

    name: str
    description: str
    forward: Forward
    stretch: Stretch | None = None
    reliability: np.ndarray | None = None
    requests: Requests | None = None
    video_extractor: str = ""
    music_extractor: str = ""
    arc_step: Mapping | None = None
    metadata: Mapping | None = None

    @overload
    def predict(self, video: VideoProfile) -> MusicProfile: ...

    @overload
    def predict(self, video: np.ndarray) -> MusicProfile | np.ndarray: ...

    def predict(self, video: VideoProfile | np.ndarray) -> MusicProfile | np.ndarray:
        """The music a picture asks for.

        A `VideoProfile` or (11,) numbers give a `MusicProfile`; (n, 11) numbers give (n, 10).
        A profile measured by another extractor than the training pairs is still used, with a
        warning in the result. Raises `InputError` for another shape or a number out of range.
        """
        if isinstance(video, VideoProfile):
            return self._profile(
                check_values(video.values, VIDEO_FIELDS, "video profile"),
                video.confidence,
                self._warnings(video),
            )
        values = check_values(video, VIDEO_FIELDS, "video features")
        confidence = np.isfinite(values).astype(np.float64)
        return (
            self._profile(values, confidence, ())
            if values.ndim == 1
            else self._query(values, confidence)[0]
        )

    def ask(self, music: MusicProfile, tracks: np.ndarray) -> MusicProfile:
        """A prediction as it is asked of tracks (n, 10); see `recommender.alignment`."""
        if self.requests is None or len(tracks) < 2:
            return music
        return replace(music, values=align(music.values, self.requests, tracks))

    def _query(self, values: np.ndarray, confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        music, evidence = self.forward(values, confidence)
        return (self.stretch.apply(music) if self.stretch else music), evidence

    def _profile(
        self, values: np.ndarray, confidence: np.ndarray, warnings: tuple[str, ...]
    ) -> MusicProfile:
        music, evidence = self._query(values[None], confidence[None])
        return MusicProfile(music[0], evidence[0], f"recommender:{self.name}", warnings=warnings)

    def _warnings(self, video: VideoProfile) -> tuple[str, ...]:
        if (
            not self.video_extractor
            or not video.extractor
            or video.extractor == self.video_extractor
        ):
            return ()
        return (
            Sentence(
                "recommender.other_extractor",
                measured=video.extractor,
                name=self.name,
                learned=self.video_extractor,
            ),
        )


def linear_prior() -> Recommender:
    """The predictor that needs no weights: see `recommender.prior`."""
    return Recommender(
        prior.NAME,
        PRIOR_DESCRIPTION,
        prior.forward,
    )


def load_recommender(path: str | os.PathLike | None = None) -> Recommender:
    """A shipped predictor, or the one in a file.

    path : None or "story" for the default, which is the file of the setting `LEITMOTIF_PREDICTOR`
        where there is one; "music" for the one that learned from music videos, "prior" for the
        linear prior without a file, or a file.

    Raises `InputError` for weights that are missing, damaged, pickled or of another layout.
    """
    if path in (None, "story"):
        path = os.environ.get(SETTING) or path
    if path == "prior" or (path is None and not SHIPPED.is_file()):
        return linear_prior()
    path = _SHIPPED[path] if path in _SHIPPED else Path(path or SHIPPED)
    metadata, arrays = read_predictor(path)
    try:
        forward = (
            _linear_forward(arrays)
            if metadata["kind"] == "linear"
            else _network_forward(arrays, metadata["config"])
        )
        return Recommender(
            metadata["name"],
            metadata["description"],
            forward,
            stretch=Stretch(arrays["stretch_centre"], arrays["stretch_factor"]),
            reliability=_numbers(metadata.get("reliability")),
            requests=_requests(arrays),
            video_extractor=metadata.get("video_extractor", ""),
            music_extractor=metadata.get("music_extractor", ""),
            arc_step=metadata.get("arc_step"),
            metadata=metadata,
        )
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        first = str(error).splitlines()[0]
        raise InputError("recommender.inconsistent", file=path, why=first) from None


def _numbers(values: Sequence[float | None] | None) -> np.ndarray | None:
    """Numbers of a JSON list, in which null stands for NaN."""
    if values is None:
        return None
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def _requests(arrays: Mapping[str, np.ndarray]) -> Requests | None:
    if "requests_mean" not in arrays:
        return None
    return Requests(arrays["requests_mean"], arrays["requests_covariance"])


def _linear_forward(arrays: Mapping[str, np.ndarray]) -> Forward:
    names = ("in_mean", "in_scale", "out_mean", "out_scale", "matrix", "measured")
    model = Linear(*(arrays[n] for n in names))
    if model.matrix.shape != (len(MUSIC_NAMES), len(VIDEO_FIELDS)):
        raise ValueError(f"matrix has shape {model.matrix.shape}")
    return model.forward


def _network_forward(arrays: Mapping[str, np.ndarray], config: Mapping) -> Forward:
    import torch

    from recommender.network import Config, Network

    torch.set_num_threads(
        1
    )  # two spinning threads on a shared machine turn a millisecond into seconds
    start = Linear(
        **{n: arrays[n] for n in ("in_mean", "in_scale", "out_mean", "out_scale", "measured")},
        matrix=arrays["skip"],
    )
    network = Network(Config(**config), start)
    network.load_state_dict({n: torch.from_numpy(arrays[n].copy()) for n in network.state_dict()})
    return network_forward(network.eval())
