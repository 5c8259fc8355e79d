"""The loader: every format at the right place in time, and loudness by the standard."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pyloudnorm
import pytest
import soundfile
from sounds import RATE, notes

from data.errors import InputError
from features.audio import load as loading
from features.audio.load import from_samples, load
from features.audio.loudness import LoudnessMeter, integrated_lufs

FORMATS = {
    "wav": ("pcm_s16le", 44_100),
    "aiff": ("pcm_s16be", 44_100),
    "flac": ("flac", 44_100),
    "mp3": ("libmp3lame", 44_100),
    "m4a": ("aac", 44_100),
    "opus": ("libopus", 48_000),
    "ogg": ("libvorbis", 44_100),
    "mka": ("pcm_f32le", 96_000),
}


def write(path: Path, sound: np.ndarray, rate: int, codec: str, picture: bool = False) -> Path:
    """Encode float (n,) or (channels, n); with `picture`, beside one second of grey video."""
    channels = np.atleast_2d(sound).astype(np.float32)
    if codec == "libvorbis":  # PyAV's own Vorbis encoder is experimental
        soundfile.write(path, channels.T, rate, format="OGG", subtype="VORBIS")
        return path
    with av.open(str(path), "w") as container:
        if picture:
            video = container.add_stream("mpeg4", rate=10)
            video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        stream = container.add_stream(
            codec, rate=rate, layout="mono" if len(channels) == 1 else "stereo"
        )
        if picture:
            for _ in range(round(channels.shape[1] / rate * 10)):
                container.mux(
                    video.encode(
                        av.VideoFrame.from_ndarray(
                            np.full((64, 64, 3), 128, np.uint8), format="rgb24"
                        )
                    )
                )
            container.mux(video.encode())
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(channels), format="fltp", layout=stream.layout.name
        )
        frame.sample_rate, frame.pts = rate, 0
        resampler = av.AudioResampler(
            stream.format.name,
            stream.layout.name,
            rate,
            frame_size=stream.codec_context.frame_size or 1024,
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode())
    return path


def burst(rate: int, at: float = 1.0, seconds: float = 3.0) -> np.ndarray:
    """Silence, then from `at` on a tone."""
    t = np.arange(round(seconds * rate)) / rate
    return 0.5 * np.sin(2 * np.pi * 1000 * t) * (t >= at)


def onset(samples: np.ndarray) -> float:
    return float(np.argmax(np.abs(samples) > 0.1)) / RATE


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_starts_where_it_should_and_lasts_as_long(tmp_path: Path, suffix: str):
    codec, rate = FORMATS[suffix]
    recording = load(write(tmp_path / f"音 burst.{suffix}", burst(rate), rate, codec))
    assert onset(recording.samples) == pytest.approx(1.0, abs=0.004)
    assert recording.duration_s == pytest.approx(3.0, abs=0.05)
    assert len(recording.samples) == pytest.approx(recording.duration_s * RATE, abs=2)
    assert recording.native_sample_rate == rate
    assert recording.warnings == ()


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_video_gives_its_soundtrack(tmp_path: Path, suffix: str):
    recording = load(write(tmp_path / f"film.{suffix}", burst(44_100), 44_100, "aac", picture=True))
    assert onset(recording.samples) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("suffix", ["flac", "m4a", "opus", "mp3"])
def test_a_range_is_cut_to_the_sample(tmp_path: Path, suffix: str):
    codec, rate = FORMATS[suffix]
    path = write(tmp_path / f"burst.{suffix}", burst(rate, at=4.0, seconds=8.0), rate, codec)
    part = load(path, 3.5, 5.5)
    assert part.duration_s == pytest.approx(2.0, abs=0.001)
    assert onset(part.samples) == pytest.approx(0.5, abs=0.03)


def test_channels_that_cancel_are_not_silence(tmp_path: Path):
    sound = burst(44_100)
    recording = load(write(tmp_path / "turned.flac", np.stack([sound, -sound]), 44_100, "flac"))
    assert np.abs(recording.samples).max() == pytest.approx(0.5, abs=0.05)


def test_a_long_recording_is_described_by_its_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(loading, "LONGEST_S", 2.0)
    recording = load(write(tmp_path / "long.flac", burst(8_000, seconds=6.0), 8_000, "flac"))
    assert len(recording.samples) == pytest.approx(2.0 * RATE, abs=2)
    assert recording.duration_s == pytest.approx(6.0)
    assert any("described by its first hour" in w for w in recording.warnings)


def test_loudness_agrees_with_pyloudnorm(tmp_path: Path):
    rng = np.random.default_rng(0)
    stereo = rng.standard_normal((2, 6 * 44_100)) * np.repeat([0.01, 0.2, 0.05], 2 * 44_100)
    expected = pyloudnorm.Meter(44_100).integrated_loudness(stereo.T)
    meter = LoudnessMeter()
    for piece in np.array_split(stereo.astype(np.float32), 7, axis=1):
        meter.feed(piece, 44_100, ("FL", "FR"))
    assert integrated_lufs(meter.powers()) == pytest.approx(expected, abs=0.02)


def test_samples_are_brought_to_one_loudness():
    quiet = from_samples(0.003 * notes([60, 64, 67, 72] * 3), RATE)
    assert from_samples(quiet.samples * quiet.gain, RATE).lufs == pytest.approx(-23, abs=0.05)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.mp3", None, "no such file"),
        ("empty.wav", b"", "0 bytes"),
        ("words.mp3", b"only words " * 500, "cannot be read as sound"),
    ],
)
def test_files_that_are_no_sound(tmp_path: Path, name: str, content: bytes | None, message: str):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        load(tmp_path / name)
    assert name in str(caught.value)


def test_a_picture_without_sound_says_so(tmp_path: Path):
    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=10)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        for _ in range(5):
            container.mux(
                video.encode(
                    av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
                )
            )
        container.mux(video.encode())
    with pytest.raises(InputError, match="no sound in this file"):
        load(path)


def test_a_truncated_file_is_read_as_far_as_it_goes(tmp_path: Path):
    whole = write(
        tmp_path / "whole.flac",
        0.1 * np.random.default_rng(1).standard_normal(44_100 * 6),
        44_100,
        "flac",
    ).read_bytes()
    (tmp_path / "cut.flac").write_bytes(whole[: len(whole) // 2])
    recording = load(tmp_path / "cut.flac")
    assert 2.5 < recording.duration_s < 3.5
    assert any("truncated or damaged" in w for w in recording.warnings)
