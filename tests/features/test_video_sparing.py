"""Passing over frames that no other refers to changes nothing that is measured."""

import av
import numpy as np
import pytest
from video_files import encode, texture

from data.profiles import VIDEO_FIELDS
from features.video import read_timeline, score, sparing
from features.video.frames import VideoReader

CUTS = (37, 90, 121, 166)
"""First frames of new shots; none of them a multiple of what encoders count in."""


def shots(length=200, cuts=CUTS):
    """Pictures that slide slowly, another one from each cut on."""
    edges = [0, *cuts, length]
    wide = [texture(180, 400, seed) for seed in range(len(edges))]
    shot = np.searchsorted(edges, np.arange(length), side="right") - 1
    return [np.ascontiguousarray(wide[s][:, k // 5 : k // 5 + 320]) for k, s in enumerate(shot)]


def film(folder, frames, **options):
    """Key frames only where they must be, so that cuts lie inside groups of pictures."""
    given = {"preset": "fast", "crf": "18", "x264-params": "scenecut=0:keyint=250"}
    return encode(folder / f"{len(options)}.mp4", frames, 25, options=given | options)


def frames_of(path):
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


class TestSparing:
    def test_frames_are_passed_over(self, tmp_path):
        path = film(tmp_path, shots(cuts=()))
        with VideoReader(path, sampled=10.0) as reader:
            assert sum(1 for _ in reader) < 0.85 * frames_of(path)

    def test_cuts_are_exact_to_the_frame_all_the_same(self, tmp_path):
        found = read_timeline(film(tmp_path, shots()), cache=False).cuts
        assert found == pytest.approx([cut / 25 for cut in CUTS], abs=1e-3)

    def test_so_they_are_where_no_frame_refers_to_another_shot(self, tmp_path):
        """Every phase of a cut between two frames that others refer to."""
        for shift in range(4):
            cuts = [cut + shift for cut in CUTS]
            found = read_timeline(film(tmp_path, shots(cuts=cuts)), cache=False).cuts
            assert found == pytest.approx([cut / 25 for cut in cuts], abs=1e-3)

    def test_a_film_with_and_without_such_frames_has_one_profile(self, tmp_path):
        frames = shots()
        with_, without = (
            score(read_timeline(film(tmp_path, frames, bf=b), cache=False)).values
            for b in ("3", "0")
        )
        spans = np.array([field.high - field.low for field in VIDEO_FIELDS])
        assert (np.abs(with_ - without) < 0.02 * spans).all()

    def test_what_is_seen_is_within_a_grey_level_of_full_decoding(self, tmp_path):
        """Without the loop filter of B-frames, however long no key frame comes."""
        path = film(tmp_path, shots(), crf="32", **{"x264-params": "scenecut=0:keyint=infinite"})
        with VideoReader(path) as full:
            pictures = {frame.time: frame.small for frame in full}
        with VideoReader(path, sampled=10.0) as reader:
            off = [
                np.abs(frame.small.astype(int) - pictures[frame.time]).mean() for frame in reader
            ]
        assert 0 < max(off) < 1 and np.mean(off) < 0.2

    def test_a_film_lasts_as_long_as_it_does_in_full(self, tmp_path):
        for length in range(96, 102):
            path = film(tmp_path, shots(length, cuts=()))
            with VideoReader(path, sampled=10.0) as reader:
                assert sum(1 for _ in reader) <= length
                assert reader.end == pytest.approx(length / 25, abs=1e-3)

    def test_nothing_grows_where_no_key_frame_comes(self, tmp_path, monkeypatch):
        monkeypatch.setattr(sparing, "LONGEST", 60)
        cuts = [*CUTS, 260, 331]
        path = film(tmp_path, shots(400, cuts), **{"x264-params": "scenecut=0:keyint=infinite"})
        assert read_timeline(path, cache=False).cuts == pytest.approx(
            [cut / 25 for cut in cuts], abs=1e-3
        )

    def test_what_was_passed_over_can_be_had(self, tmp_path):
        path = film(tmp_path, shots(cuts=()))
        with VideoReader(path, sampled=10.0) as reader:
            times = []
            for frame in reader:
                times.append(frame.time)
                if frame.time > 3:
                    break
            later = reader.between(times[0], times[-1])
        both = sorted([*times, *(time for time, _ in later)])
        assert len(later) > 0
        assert both == pytest.approx([k / 25 for k in range(len(both))], abs=1e-3)
