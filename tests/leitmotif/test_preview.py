"""A track under the picture: the picture as it was, the sound as it was asked for.

The film is ffmpeg's test picture with a 440 Hz tone; tracks are tones of other heights, so that a
spectrum tells whose sound is heard.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from data.errors import Cancelled, InputError
from features.audio.load import load
from features.media import probe
from leitmotif.render import ffmpeg, preview

RATE = 48000


def make(*arguments: str) -> None:
    subprocess.run([ffmpeg.executable(), "-v", "error", "-y", *arguments], check=True)


def film(path: Path, seconds: float, *codec: str, tone: int = 440) -> Path:
    picture = ("-f", "lavfi", "-i", f"testsrc2=size=160x120:rate=25:duration={seconds}")
    sound = ("-f", "lavfi", "-i", f"sine=frequency={tone}:duration={seconds}:sample_rate=48000")
    make(
        *picture,
        *sound,
        *(codec or ("-c:v", "libx264", "-g", "25", "-pix_fmt", "yuv420p")),
        "-shortest",
        str(path),
    )
    return path


def tone(path: Path, hertz: int, seconds: float, level: float = 0.05) -> Path:
    t = np.arange(int(seconds * RATE)) / RATE
    soundfile.write(path, level * np.sin(2 * np.pi * hertz * t), RATE)
    return path


def picture_packets(path: Path) -> str:
    """Checksum of the coded picture, packet by packet."""
    arguments = ["-v", "error", "-i", path, "-map", "0:V:0", "-c", "copy", "-f", "streamhash", "-"]
    return subprocess.run(
        [ffmpeg.executable(), *arguments], capture_output=True, check=True, text=True
    ).stdout


def sound(path: Path) -> np.ndarray:
    """The left channel at 48 kHz."""
    arguments = [
        "-v",
        "error",
        "-i",
        path,
        "-map",
        "0:a:0",
        "-ac",
        "2",
        "-ar",
        str(RATE),
        "-f",
        "f32le",
        "-",
    ]
    return np.frombuffer(
        subprocess.run([ffmpeg.executable(), *arguments], capture_output=True, check=True).stdout,
        dtype="<f4",
    )[::2]


def loudness(path: Path, end: float | None = None) -> float:
    """Integrated loudness in LUFS (BS.1770)."""
    return load(path, 0.0, end).lufs


def level(samples: np.ndarray, hertz: float) -> float:
    """Amplitude of one frequency in decibels."""
    window = np.hanning(len(samples))
    spectrum = np.abs(np.fft.rfft(samples * window)) / window.sum() * 2
    at = round(hertz * len(samples) / RATE)
    return 20 * np.log10(spectrum[at - 3 : at + 4].max() + 1e-9)


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("电影 & films")
    film(folder / "film.mp4", 6)
    tone(folder / "long.wav", 1000, 9)
    tone(folder / "short.wav", 1000, 2)
    return folder


def test_picture_is_copied_and_the_old_sound_is_gone(material: Path):
    out = preview.render(material / "film.mp4", material / "long.wav", material / "muted.mp4")
    assert picture_packets(out) == picture_packets(material / "film.mp4")
    heard = sound(out)[RATE : 2 * RATE]
    assert level(heard, 1000) > level(heard, 440) + 60


def test_ducked_sound_stays_audible_twelve_units_below(material: Path):
    out = preview.render(
        material / "film.mp4", material / "long.wav", material / "ducked.mp4", original="duck"
    )
    heard = sound(out)[RATE : 2 * RATE]
    # 440 Hz and 1 kHz differ by less than 1 dB in the loudness weighting.
    assert level(heard, 1000) - level(heard, 440) == pytest.approx(preview.DUCK_LU, abs=1.5)


@pytest.mark.parametrize("loud", [0.003, 0.05, 0.9])
def test_every_track_is_brought_to_one_loudness(material: Path, tmp_path: Path, loud: float):
    out = preview.render(
        material / "film.mp4", tone(tmp_path / "t.wav", 1000, 9, loud), tmp_path / "out.mp4", end=6
    )
    assert loudness(out, end=4.0) == pytest.approx(preview.TARGET_LUFS, abs=0.7)


def test_peaks_stay_below_the_ceiling(material: Path, tmp_path: Path):
    t = np.arange(RATE // 4) / RATE
    stroke = np.sin(2 * np.pi * 200 * t) * np.exp(
        -t / 0.015
    )  # high peaks, little loudness: the gain alone would clip them
    soundfile.write(tmp_path / "drum.wav", 0.9 * np.tile(stroke, 28), RATE)
    assert preview.TARGET_LUFS - loudness(tmp_path / "drum.wav") + 20 * np.log10(0.9) > 0
    out = preview.render(material / "film.mp4", tmp_path / "drum.wav", tmp_path / "out.mp4")
    assert np.abs(sound(out)).max() <= 10 ** (-1.0 / 20)


def test_long_track_is_cut_and_faded_at_the_end(material: Path):
    out = preview.render(material / "film.mp4", material / "long.wav", material / "cut.mp4")
    assert probe(out).duration == pytest.approx(6.0, abs=0.1)
    heard = sound(out)
    start, end = (
        np.sqrt(np.mean(part**2))
        for part in (heard[RATE : 2 * RATE], heard[int(5.8 * RATE) : 6 * RATE])
    )
    assert end < 0.15 * start


def test_short_track_goes_on_to_the_end_without_a_gap(material: Path):
    out = preview.render(material / "film.mp4", material / "short.wav", material / "looped.mp4")
    heard = sound(out)[: int(4.4 * RATE)]  # before the fade
    frames = np.sqrt(np.mean(heard[: len(heard) // 480 * 480].reshape(-1, 480) ** 2, axis=1))[2:]
    # A cross-fade of equal power may double a pure tone in phase, and never leaves a hole.
    assert frames.min() > 0.5 * np.median(frames)
    assert frames.max() < 1.6 * np.median(frames)


def test_in_point_begins_inside_the_track(material: Path, tmp_path: Path):
    low, high = (np.sin(2 * np.pi * f * np.arange(8 * RATE) / RATE) for f in (500, 2000))
    soundfile.write(tmp_path / "two.wav", 0.1 * np.concatenate([low, high]), RATE)
    heard = sound(
        preview.render(
            material / "film.mp4", tmp_path / "two.wav", tmp_path / "o.mp4", in_point=8.0
        )
    )[RATE : 2 * RATE]
    assert level(heard, 2000) > level(heard, 500) + 40


def test_in_point_near_the_end_still_fills_the_picture(material: Path, tmp_path: Path):
    heard = sound(
        preview.render(
            material / "film.mp4", material / "long.wav", tmp_path / "o.mp4", in_point=7.5
        )
    )
    assert len(heard) / RATE == pytest.approx(6.0, abs=0.1)
    assert level(heard[3 * RATE : 4 * RATE], 1000) > -40


def test_one_scene_alone(material: Path, tmp_path: Path):
    out = preview.render(
        material / "film.mp4", material / "long.wav", tmp_path / "scene.mp4", start=2.0, end=4.5
    )
    assert probe(out).duration == pytest.approx(
        2.5, abs=0.15
    )  # whole frames, reordered ones included
    assert len(sound(out)) / RATE == pytest.approx(2.5, abs=0.1)


@pytest.mark.parametrize(
    ("name", "codec", "suffix"),
    [
        ("a.webm", ("-c:v", "libvpx", "-deadline", "realtime"), ".webm"),
        ("a.mkv", ("-c:v", "libx264", "-pix_fmt", "yuv420p"), ".mp4"),
        ("a.avi", ("-c:v", "ffv1"), ".mkv"),
    ],
)
def test_container_follows_the_picture(
    tmp_path: Path, name: str, codec: tuple[str, ...], suffix: str
):
    video = film(tmp_path / name, 2, *codec)
    out = preview.render(video, tone(tmp_path / "t.wav", 900, 3), tmp_path / "out.mp4")
    assert out.suffix == suffix
    assert probe(out).video == probe(video).video


def test_film_without_sound_can_be_ducked_too(tmp_path: Path):
    make(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=160x120:rate=25:duration=2",
        "-pix_fmt",
        "yuv420p",
        str(tmp_path / "silent.mp4"),
    )
    out = preview.render(
        tmp_path / "silent.mp4",
        tone(tmp_path / "t.wav", 900, 3),
        tmp_path / "out.mp4",
        original="duck",
    )
    assert probe(out).audio == "aac"


def test_silent_track_gives_silence(material: Path, tmp_path: Path):
    out = preview.render(
        material / "film.mp4", tone(tmp_path / "t.wav", 900, 7, 0.0), tmp_path / "out.mp4"
    )
    assert np.abs(sound(out)).max() < 1e-3


def test_what_cannot_be_used_is_named(material: Path, tmp_path: Path):
    (tmp_path / "text.mp4").write_text("not a film", encoding="utf-8")
    with pytest.raises(InputError, match=r"text\.mp4: no picture or sound"):
        preview.render(tmp_path / "text.mp4", material / "long.wav", tmp_path / "o.mp4")
    with pytest.raises(InputError, match=r"long\.wav: there is no picture"):
        preview.render(material / "long.wav", material / "long.wav", tmp_path / "o.mp4")
    with pytest.raises(InputError, match="no such file"):
        preview.render(material / "film.mp4", tmp_path / "gone.ogg", tmp_path / "o.mp4")
    with pytest.raises(InputError, match="nothing is left"):
        preview.render(material / "film.mp4", material / "long.wav", tmp_path / "o.mp4", start=60)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["text.mp4"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nlong.wav\n#EXT-X-ENDLIST\n"),
        ("a.mp4", "ffconcat version 1.0\nfile long.wav\n"),
    ],
)
def test_a_list_of_other_files_opens_none(material: Path, name: str, content: str):
    """Playlists name files of this machine; ffmpeg would play them."""
    (material / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="no picture or sound"):
        probe(material / name)
    with pytest.raises(InputError, match="no sound"):
        ffmpeg.outline(material / name)


def test_cancelling_leaves_nothing(material: Path, tmp_path: Path):
    def stop(stage: str, done: float, total: float | None) -> None:
        if stage == "preview":
            raise Cancelled

    with pytest.raises(Cancelled):
        preview.render(
            material / "film.mp4", material / "long.wav", tmp_path / "o.mp4", progress=stop
        )
    assert list(tmp_path.iterdir()) == []


def test_outline_follows_the_loudness(tmp_path: Path):
    t = np.arange(4 * RATE) / RATE
    soundfile.write(
        tmp_path / "t.wav",
        np.sin(2 * np.pi * 300 * t) * np.repeat([0.2, 0.0, 0.4, 0.1], RATE),
        RATE,
    )
    assert ffmpeg.outline(tmp_path / "t.wav", 4) == pytest.approx([0.5, 0.0, 1.0, 0.25], abs=0.02)


def test_real_clip_with_a_real_track(shared: Path, tmp_path: Path):
    clip = shared / "data/video_music/shared_assets__tears_of_steel_battle_clip_m_20be8d.mp4"
    out = preview.render(
        clip, shared / "data/music/tsc__courseclear_a.ogg", tmp_path / "out.mp4", original="duck"
    )
    assert picture_packets(out) == picture_packets(clip)
    assert probe(out).duration == pytest.approx(probe(clip).duration, abs=0.2)
    assert loudness(out) == pytest.approx(preview.TARGET_LUFS, abs=1.0)
