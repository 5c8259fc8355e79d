"""Picture files as devices, editors and streams leave them; each test makes its own."""

from __future__ import annotations

import os
import subprocess
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import imageio_ffmpeg
import numpy as np
import pytest
from video_files import encode, texture

from data.errors import InputError
from features.video import score
from features.video.extract import read_timeline
from features.video.frames import VideoReader

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def ffmpeg(*arguments: object) -> None:
    command = [FFMPEG, "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def shots(seeds=(0, 1), length=50, height=90, width=160):
    """Still pictures of two seconds each at 25 frames a second."""
    return [texture(height, width, seed) for seed in seeds for _ in range(length)]


@pytest.fixture
def film(tmp_path):
    """4 s, a cut at 2 s."""
    return encode(tmp_path / "film.mp4", shots())


def times(path):
    with VideoReader(path) as reader:
        found = [frame.time for frame in reader]
        return found, reader.end, [str(w) for w in reader.warnings]


class TestClocks:
    def joined(self, tmp_path, film, offsets):
        """Transport streams of the film, one after another, with clocks that begin at `offsets`."""
        whole = tmp_path / "joined.ts"
        with whole.open("wb") as file:
            for k, offset in enumerate(offsets):
                part = tmp_path / f"{k}.ts"
                ffmpeg("-i", film, "-c", "copy", "-output_ts_offset", offset, part)
                file.write(part.read_bytes())
        return whole

    @pytest.mark.parametrize("offsets", [(0, 3600), (3600, 0), (100, 130, 20)])
    def test_joined_recordings_last_as_long_as_their_pictures(self, tmp_path, film, offsets):
        timeline = read_timeline(self.joined(tmp_path, film, offsets))
        assert timeline.duration == pytest.approx(4 * len(offsets), abs=0.1)
        assert len(timeline.cuts) == 2 * len(offsets) - 1
        assert not [w for w in timeline.warnings if str(w).startswith("The file")]

    def test_stamps_in_unix_time_after_a_first_frame_at_zero(self, tmp_path, film):
        epoch = tmp_path / "epoch.mkv"
        setts = "setts=pts='if(eq(N,0),PTS,PTS+1.7e9/TB)':dts='if(eq(N,0),DTS,DTS+1.7e9/TB)'"
        ffmpeg("-i", film, "-c", "copy", "-bsf:v", setts, epoch)
        timeline = read_timeline(epoch)
        assert timeline.duration == pytest.approx(4.0, abs=0.1) and len(timeline) <= 9
        assert timeline.cuts == pytest.approx([2.0], abs=0.05)

    @pytest.mark.parametrize("suffix", ["mkv", "mp4"])
    def test_a_series_of_stills_keeps_its_times(self, tmp_path, suffix):
        path = tmp_path / f"slides.{suffix}"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=25, options={"bf": "0"})
            stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
            stream.codec_context.time_base = Fraction(1, 1000)
            for k, pts in enumerate([0, 8000, 20000, 31000]):
                frame = av.VideoFrame.from_ndarray(texture(90, 160, k), format="bgr24")
                frame.pts, frame.time_base = pts, Fraction(1, 1000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        assert times(path)[0] == pytest.approx([0, 8, 20, 31], abs=0.01)

    @pytest.mark.parametrize("fps", [30, 50])
    @pytest.mark.parametrize("codec", ["libx264", "libx265"])
    def test_elementary_streams_run_at_their_own_rate(self, tmp_path, fps, codec):
        frames = [texture(90, 160, k // fps) for k in range(2 * fps)]
        quiet = {"x265-params": "log-level=none"} if codec == "libx265" else {}
        whole = encode(tmp_path / "whole.mp4", frames, fps, codec, options=quiet)
        raw = tmp_path / f"raw.{'h264' if codec == 'libx264' else 'hevc'}"
        ffmpeg("-i", whole, "-c", "copy", raw)
        found, end, warnings = times(raw)
        assert end == pytest.approx(2.0, abs=0.05) and not warnings
        assert all(b - a == pytest.approx(1 / fps, abs=0.002) for a, b in pairwise(found))


class TestShapes:
    def test_a_picture_that_turns_midway(self, tmp_path):
        whole = tmp_path / "turned.ts"
        with whole.open("wb") as file:
            for k, (height, width) in enumerate([(180, 320), (320, 180), (180, 240)]):
                frames = [texture(height, width, k)] * 50
                file.write(encode(tmp_path / f"{k}.ts", frames).read_bytes())
        timeline = read_timeline(whole)
        assert timeline.duration == pytest.approx(6.0, abs=0.1)
        assert timeline.cuts == pytest.approx([2.0, 4.0], abs=0.05)
        assert np.isfinite(score(timeline).values).all()

    def test_bars_of_each_shape_are_cut(self, tmp_path):
        def framed(height, width, top):
            inner = np.maximum(texture(height - 2 * top, width), 40)
            return cv2.copyMakeBorder(inner, top, top, 0, 0, cv2.BORDER_CONSTANT)

        whole = tmp_path / "barred.ts"
        with whole.open("wb") as file:
            for k, picture in enumerate([framed(180, 320, 24), framed(320, 180, 60)]):
                part = encode(tmp_path / f"{k}.mp4", [picture] * 50, options={"g": "10"})
                ffmpeg("-i", part, "-c", "copy", "-output_ts_offset", 2 * k, tmp_path / f"{k}.ts")
                file.write((tmp_path / f"{k}.ts").read_bytes())
        with VideoReader(whole) as reader:
            sizes = {frame.small.shape[:2] for frame in reader}
        ratios = sorted(height / width for height, width in sizes)
        assert ratios == pytest.approx([132 / 320, 200 / 180], rel=0.05)


class TestHighDynamicRange:
    """A chart of colours and greys as SDR, and as HLG and PQ by the formulas of BT.2100."""

    CHART = texture(90, 160, 3)

    def light(self):
        """Linear BT.2020 RGB of the chart, 1 = reference white."""
        to_2020 = [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]
        return (self.CHART[..., ::-1] / 255.0) ** 2.4 @ np.array(to_2020).T

    def pq(self):
        power = (203 * self.light() / 10000) ** 0.1593017578125
        return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375

    def hlg(self):
        scene = (203 / 1000 * self.light()) ** (1 / 1.2)
        bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
        return np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)

    def film(self, path, code, transfer):
        """Ten frames of 16-bit RGB code values, 10 bits a channel in the file."""
        rgb = path.with_suffix(".rgb")
        rgb.write_bytes((np.clip(code, 0, 1) * 65535).astype("<u2").tobytes() * 10)
        tags = f"setparams=color_trc={transfer}:color_primaries=bt2020:colorspace=bt2020nc"
        height, width = code.shape[:2]
        source = ["-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", f"{width}x{height}", "-i", rgb]
        matrix = f"scale=out_color_matrix=bt2020:out_range=tv,format=yuv444p10le,{tags}"
        codec = ["-c:v", "libx265", "-x265-params", "lossless=1:log-level=none"]
        ffmpeg(*source, "-vf", matrix, *codec, path)
        return path

    @pytest.mark.parametrize("transfer", ["arib-std-b67", "smpte2084", "bt2020-10"])
    def test_the_same_chart_has_the_same_colours(self, tmp_path, transfer):
        code = {"arib-std-b67": self.hlg, "smpte2084": self.pq}.get(
            transfer, lambda: self.light() ** (1 / 2.4)
        )()
        with VideoReader(self.film(tmp_path / "wide.mp4", code, transfer)) as reader:
            small = next(iter(reader)).small
        assert small.dtype == np.uint8 and small.shape == self.CHART.shape
        assert np.abs(small.astype(int) - self.CHART).mean() < 1.5

    def test_brighter_than_white_is_white(self, tmp_path):
        white = np.full((90, 160, 3), 0.9)  # PQ: 3,900 cd/m²
        with VideoReader(self.film(tmp_path / "sun.mp4", white, "smpte2084")) as reader:
            assert next(iter(reader)).small.min() >= 254


class TestWholeFiles:
    """What is whole is not called cut off."""

    def warnings(self, path):
        return times(path)[2]

    def test_trimmed_by_an_edit_list(self, tmp_path, film):
        ffmpeg("-ss", 1.3, "-i", film, "-c", "copy", tmp_path / "trimmed.mp4")
        assert self.warnings(tmp_path / "trimmed.mp4") == []

    def test_frames_left_out_of_an_avi(self, tmp_path, film):
        left_out = ["-vf", "select='mod(n,3)'", "-fps_mode", "passthrough", "-c:v", "mpeg4"]
        ffmpeg("-i", film, *left_out, tmp_path / "dropped.avi")
        assert self.warnings(tmp_path / "dropped.avi") == []

    @pytest.mark.parametrize("suffix", ["mkv", "flv", "mp4", "ts"])
    def test_sound_that_outlasts_the_picture(self, tmp_path, film, suffix):
        path = tmp_path / f"long.{suffix}"
        tone = ["-f", "lavfi", "-i", "sine=duration=9"]
        ffmpeg("-i", film, *tone, "-c:v", "copy", "-c:a", "aac", path)
        _, end, warnings = times(path)
        assert end == pytest.approx(4.0, abs=0.1) and not warnings

    def test_a_subtitle_that_outlasts_the_picture(self, tmp_path, film):
        (tmp_path / "s.srt").write_text("1\n00:00:01,000 --> 00:00:28,000\nHello\n")
        ffmpeg("-i", film, "-i", tmp_path / "s.srt", "-c:v", "copy", tmp_path / "subtitled.mkv")
        assert self.warnings(tmp_path / "subtitled.mkv") == []

    @pytest.mark.parametrize("suffix", ["mkv", "mp4", "avi", "flv"])
    def test_but_half_a_file_is(self, tmp_path, suffix):
        whole, half = tmp_path / f"whole.{suffix}", tmp_path / f"half.{suffix}"
        noise = encode(tmp_path / "noise.mp4", [texture(90, 160, k) for k in range(100)])
        ffmpeg("-i", noise, "-c", "copy", "-movflags", "faststart", whole)
        half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
        assert any("cut off" in w and "of 4.0 s" in w for w in self.warnings(half))


class TestWhatIsNoFilm:
    def test_a_photo_in_a_films_container(self, tmp_path):
        photo = tmp_path / "photo.avif"
        picture = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=1:duration=1"]
        ffmpeg(*picture, "-frames:v", 1, "-c:v", "libaom-av1", "-still-picture", 1, photo)
        with pytest.raises(InputError) as caught:
            read_timeline(photo)
        assert caught.value.code == "video.is_picture"

    def test_an_encrypted_film_says_so(self, tmp_path, film):
        locked = tmp_path / "locked.mp4"
        key = ["-encryption_key", "00112233445566778899aabbccddeeff"]
        kid = ["-encryption_kid", "00112233445566778899aabbccddeeff"]
        scheme = ["-encryption_scheme", "cenc-aes-ctr"]
        ffmpeg("-i", film, "-c", "copy", *scheme, *key, *kid, locked)
        with pytest.raises(InputError, match="encrypted"):
            read_timeline(locked)

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
    def test_a_pipe_is_not_waited_for(self, tmp_path):
        os.mkfifo(tmp_path / "pipe.mp4")
        with pytest.raises(InputError, match="a pipe or a device"):
            read_timeline(tmp_path / "pipe.mp4")

    def test_a_list_of_other_files_is_not_followed(self, tmp_path, film):
        for name, text in {
            "list.mp4": f"ffconcat version 1.0\nfile '{film}'\n",
            "list.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{film}\n#EXT-X-ENDLIST\n",
        }.items():
            path = tmp_path / name
            path.write_bytes(text.encode() + b"#\x00\x01\x02")  # no text any more, for the reader
            with pytest.raises(InputError):
                read_timeline(path)


@pytest.mark.skipif(os.name == "nt", reason="no such names there")
@pytest.mark.parametrize("name", ["Scene:01.mp4", "04.23:50", "http:clip.mp4", "concat:a|b.mp4"])
def test_a_colon_in_a_name_is_no_protocol(tmp_path, film, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(film.read_bytes())
    assert read_timeline(name).cuts == pytest.approx([2.0], abs=0.05)
