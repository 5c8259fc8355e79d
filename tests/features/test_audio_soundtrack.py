"""What is heard in a film's own sound: how loud it is, who speaks, and music in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from data.errors import InputError
from features.audio.soundtrack import Soundtrack, hear
from features.audio.speech import RATE, SpeechFinder
from leitmotif.settings import DEMO_VIDEO


def test_tones_noise_and_silence_are_no_speech():
    random = np.random.default_rng(1)
    second = np.arange(RATE) / RATE
    for sound in (
        np.zeros(3 * RATE),
        0.3 * np.sin(2 * np.pi * 220 * np.tile(second, 3)),
        random.normal(0, 0.1, 3 * RATE),
    ):
        finder = SpeechFinder()
        finder.feed(sound.astype(np.float32))
        assert finder.stretches() == []


def test_blocks_of_any_length_give_the_same_answer(shared: Path):
    clip = shared / "data/video_other/sadtalker__wda_katiehill_000_1e295d.mp4"
    samples = np.concatenate(list(_mono(clip)))
    whole, parts = SpeechFinder(), SpeechFinder()
    whole.feed(samples)
    first = whole.stretches()
    for start in range(0, len(samples), 777):
        parts.feed(samples[start : start + 777])
    assert parts.stretches() == first and first


def _mono(path: Path):
    import soxr

    from features.audio.load import SAMPLE_RATE, load

    yield soxr.resample(load(path).samples, SAMPLE_RATE, RATE).astype(np.float32)


def test_a_speaker_is_heard_nearly_throughout_and_is_no_music(shared: Path):
    heard = hear(shared / "data/video_other/sadtalker__wda_katiehill_000_1e295d.mp4")
    assert sum(end - start for start, end in heard.speech) > 6.5
    assert heard.music == () and heard.duration_s == pytest.approx(8, abs=0.1)
    assert heard.lufs(0, 8) == pytest.approx(-16, abs=1)


def test_music_is_heard_as_music_and_not_as_speech(shared: Path):
    heard = hear(shared / "data/video_music/edge_dance_github_io__grid1_1f0ed1.mp4")
    assert heard.speech == ()
    assert heard.music == ((0.0, pytest.approx(9.9, abs=0.2)),)


def test_a_film_without_sound_has_an_empty_soundtrack():
    heard = hear(DEMO_VIDEO)
    assert (heard.duration_s, heard.speech, heard.lufs(0, 1)) == (0, (), float("-inf"))
    assert isinstance(heard, Soundtrack)


def test_a_file_that_is_no_media_is_a_sentence(tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(InputError, match="cannot be read as sound"):
        hear(tmp_path / "a.mp4")


def test_levels_are_those_of_the_place(tmp_path: Path):
    tone = np.sin(2 * np.pi * 997 * np.arange(5 * 48_000) / 48_000)
    sound = np.concatenate([0.01 * tone, 0.1 * tone])
    soundfile.write(tmp_path / "t.wav", sound, 48_000, subtype="FLOAT")
    heard = hear(tmp_path / "t.wav")
    assert heard.lufs(5.5, 9.5) == pytest.approx(-23, abs=0.1)  # BS.1770: −3.01 at full scale
    assert heard.lufs(0.5, 4.5) == pytest.approx(-43, abs=0.1)
