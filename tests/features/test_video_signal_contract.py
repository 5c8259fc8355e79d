"""A signal is a file and a line: what fills the contract stands in every Timeline."""

import numpy as np
import pytest
from video_files import encode, texture

from features.video import extract, signals
from features.video.signals.contract import Pass, Signal


class Grain(Signal):
    """A toy: how much neighbouring pixels differ, five times a second."""

    name = "grain"
    columns = ("grain", "grain_twice")
    rate = 5.0
    looked_at: list[float]

    def __init__(self, seen: Pass) -> None:
        super().__init__(seen)
        self.looked_at = Grain.looked_at = []

    def update(self, frame):
        self.looked_at.append(frame.time)
        grain = np.abs(np.diff(frame.small.astype(float), axis=1)).mean()
        return np.array([grain, 2 * grain])


class Seer(Grain):
    """One that needs a network which nobody has."""

    name, columns = "seer", ("seen",)
    needs, without = ("crystal_ball",), "video.no_faces"


@pytest.fixture
def video(tmp_path):
    return encode(tmp_path / "half.mp4", [texture() // (1 if k < 25 else 4) for k in range(50)])


def test_a_toy_signal_arrives_in_the_timeline(video, monkeypatch):
    plain = extract.read_timeline(video)
    monkeypatch.setattr(signals, "SIGNALS", (*signals.SIGNALS, Grain))
    timeline = extract.read_timeline(video)
    assert timeline.names == (*plain.names, "grain", "grain_twice")
    assert np.array_equal(timeline.values[:, :-2], plain.values, equal_nan=True)
    assert timeline["grain_twice"] == pytest.approx(2 * timeline["grain"])
    assert timeline["grain"][0] == pytest.approx(4 * timeline["grain"][-1], rel=0.1)
    assert Grain.looked_at == pytest.approx(np.arange(10) / 5)
    assert "+grain" in timeline.extractor and timeline.extractor == extract.expected_extractor()


def test_a_signal_without_its_network_leaves_nan_and_one_sentence(video, monkeypatch):
    monkeypatch.setattr(signals, "SIGNALS", (*signals.SIGNALS, Seer))
    monkeypatch.setattr(signals.networks, "locate", lambda name: None)
    timeline = extract.read_timeline(video)
    assert np.isnan(timeline["seen"]).all() and np.isfinite(timeline["motion"]).all()
    assert len(timeline.warnings) == 1 and "crystal" not in timeline.extractor


def test_names_are_columns_of_one_signal_each():
    assert len(set(signals.COLUMNS)) == len(signals.COLUMNS)
    assert signals.COLUMNS[:2] == ("seconds", "cuts")
