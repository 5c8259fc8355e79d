"""Sound as disks hold it: odd layouts, changes midway, false lengths, locks and pipes."""

from __future__ import annotations

import os
import subprocess
import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from imageio_ffmpeg import get_ffmpeg_exe
from sounds import RATE, drums, notes
from test_audio_load import burst, onset, write

from data.errors import InputError
from features.audio import load as loading
from features.audio import music_profile
from features.audio.channels import loudness_weights, mono_weights
from features.audio.decoding import _left_over
from features.audio.evidence import evidence
from features.audio.load import from_samples, load
from features.chatter import without_chatter

SEVEN_ONE = ["FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"]


def codes(recording) -> list[str]:
    return [warning.code for warning in recording.warnings]


def surround(seconds: float = 2.0, sample_rate: int = 48_000, **levels: float) -> np.ndarray:
    """A 1-kHz tone in the named channels of 7.1, (8, n)."""
    tone = np.sin(2 * np.pi * 1000 * np.arange(round(seconds * sample_rate)) / sample_rate)
    return np.stack([levels.get(name, 0.0) * tone for name in SEVEN_ONE])


def encode(path: Path, channels: np.ndarray, codec: str, layout: str, **options: str) -> Path:
    """Encode (channels, n) at 48 kHz; two layouts of the same sound make two streams of it."""
    with av.open(str(path), "w", options=options) as container:
        for name in layout.split("+"):
            container.add_stream(codec, rate=48_000, layout=name)
        for stream in container.streams.audio:
            packed = np.ascontiguousarray(channels.astype(np.float32).T.reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=stream.layout.name)
            frame.sample_rate, frame.pts = 48_000, 0
            size = stream.codec_context.frame_size or 960
            fit = av.AudioResampler(stream.format.name, stream.layout.name, 48_000, frame_size=size)
            for piece in [*fit.resample(frame), *fit.resample(None)]:
                container.mux(stream.encode(piece))
            container.mux(stream.encode())
    return path


def joined(path: Path, *parts: Path) -> Path:
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


# ------------------------------------------------------------------------------ channels


@pytest.mark.parametrize(
    ("codec", "suffix"), [("libopus", "opus"), ("aac", "m4a"), ("flac", "flac")]
)
def test_seven_point_one_is_read_planar_or_packed(tmp_path: Path, codec: str, suffix: str):
    sound = surround(FL=0.4, FR=0.4, BL=0.1, BR=0.1)
    recording = load(encode(tmp_path / f"surround.{suffix}", sound, codec, "7.1"))
    assert recording.channels == 8
    assert recording.duration_s == pytest.approx(2.0, abs=0.03)
    assert np.abs(recording.samples[RATE // 2 : RATE]).max() == pytest.approx(0.47, abs=0.03)


def test_loudness_counts_each_channel_by_its_place():
    """BS.1770: surrounds 1.41, LFE nothing."""
    assert loudness_weights(tuple(SEVEN_ONE)).tolist() == [1, 1, 1, 0, 1.41, 1.41, 1.41, 1.41]
    front, side, deep = (
        from_samples(surround(**{name: 0.5}).T, 48_000).lufs for name in ("FL", "SL", "LFE")
    )
    assert side - front == pytest.approx(10 * np.log10(1.41), abs=0.01)
    assert deep == float("-inf")


def test_mono_follows_the_downmix_of_bs_775():
    assert mono_weights(("FL", "FR")).tolist() == [0.5, 0.5]
    assert mono_weights(("FC",)).tolist() == [1.0]
    np.testing.assert_allclose(
        mono_weights(("FL", "FR", "FC", "LFE", "SL", "SR")),
        [0.5, 0.5, 0.7071, 0, 0.3536, 0.3536],
        atol=1e-4,
    )
    np.testing.assert_allclose(mono_weights(("UNK0",) * 16), np.full(16, 1 / 16))


def master(wide: bool = False) -> np.ndarray:
    """Three instruments in three places of a stereo picture, (2, n), or two that are strangers."""
    seconds = 8.0
    beat, rng = drums(100, seconds), np.random.default_rng(3)
    tune, bass = (
        notes(rng.integers(low, low + 24, round(seconds / 0.4)), level=0.2) for low in (55, 36)
    )
    if wide:
        return 0.1 * rng.standard_normal((2, round(seconds * RATE)))
    return np.stack([beat + tune + 0.4 * bass, beat + 0.4 * tune + bass])


def test_an_inverted_channel_is_turned_over_and_told():
    right = from_samples(master().T, RATE)
    wrong = from_samples((master() * [[1], [-1]]).T, RATE)
    np.testing.assert_allclose(wrong.samples, right.samples, atol=1e-6)
    assert codes(wrong) == ["audio.inverted_channel"] and codes(right) == []


def test_channels_that_are_merely_different_are_left_alone():
    assert codes(from_samples(master(wide=True).T, RATE)) == []


@pytest.mark.parametrize("track", ["glass-corridor", "snow-globe"])
def test_the_widest_demo_masters_are_told_from_inverted_ones(track: str):
    demo = Path(__file__).resolve().parents[2] / "data" / "demo" / "tracks" / f"{track}.opus"
    with av.open(str(demo)) as container:
        stereo = np.concatenate([f.to_ndarray() for f in container.decode(audio=0)], axis=1)
    assert codes(from_samples(stereo.T, 48_000)) == []
    assert codes(from_samples((stereo * [[1], [-1]]).T, 48_000)) == ["audio.inverted_channel"]


# ------------------------------------------------------------------------------ changes midway


def test_channels_may_change_midway(tmp_path: Path):
    one = write(tmp_path / "one.mp3", burst(44_100), 44_100, "libmp3lame")
    two = write(tmp_path / "two.mp3", np.stack([burst(44_100)] * 2), 44_100, "libmp3lame")
    recording = load(joined(tmp_path / "both.mp3", one, two))
    assert recording.duration_s == pytest.approx(6.0, abs=0.15)
    assert np.abs(recording.samples[round(4.5 * RATE) :]).max() == pytest.approx(0.5, abs=0.05)


def test_the_sample_rate_may_change_midway(tmp_path: Path):
    parts = [
        write(tmp_path / f"{rate}.mp3", burst(rate), rate, "libmp3lame")
        for rate in (44_100, 48_000)
    ]
    recording = load(joined(tmp_path / "both.mp3", *parts))
    assert recording.duration_s == pytest.approx(6.0, abs=0.15)
    after = recording.samples[round(4.6 * RATE) : round(5.6 * RATE)]
    assert np.argmax(np.abs(np.fft.rfft(after))) == pytest.approx(1000, abs=1)


def test_links_of_a_chained_ogg_may_differ_in_all(tmp_path: Path):
    one = write(tmp_path / "one.ogg", burst(44_100), 44_100, "libvorbis")
    two = write(tmp_path / "two.ogg", np.stack([burst(22_050)] * 2), 22_050, "libvorbis")
    three = write(tmp_path / "three.opus", burst(48_000), 48_000, "libopus")
    path = joined(tmp_path / "chain.ogg", one, two, three)
    recording = load(path)
    assert recording.duration_s == pytest.approx(9.0, abs=0.05) and codes(recording) == []
    part = load(path, 3.5, 5.5)
    assert part.duration_s == pytest.approx(2.0, abs=0.001)
    assert onset(part.samples) == pytest.approx(0.5, abs=0.03)


def test_every_frame_of_a_packet_is_heard():
    """Of a packet that holds six frames and of which one was given back, five are left."""
    encoder = av.CodecContext.create("ac3", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "stereo", "fltp"
    frames = []
    for k in range(12):
        frame = av.AudioFrame.from_ndarray(np.full((2, 1536), 0.1, np.float32), "fltp", "stereo")
        frame.sample_rate, frame.pts = 48_000, 1536 * k
        frames += [bytes(packet) for packet in encoder.encode(frame)]
    decoder = av.CodecContext.create("ac3", "r")
    first = decoder.decode(av.Packet(frames[0]))
    packet = av.Packet(b"".join(frames[:6]))
    packet.duration, packet.time_base = 6 * 1536, Fraction(1, 48_000)
    assert sum(f.samples for f in _left_over(decoder, packet, first)) == 5 * 1536


# ------------------------------------------------------------------------------ streams and locks


def test_a_second_sound_stands_in_for_one_without_a_decoder(tmp_path: Path):
    path = encode(tmp_path / "two.mp4", surround(FL=0.5, FR=0.5)[:2], "aac", "stereo+stereo")
    content = path.read_bytes().replace(b"mp4a", b"apac", 1).replace(b"esds", b"esdx", 1)
    path.write_bytes(content)
    recording = load(path)
    assert recording.duration_s == pytest.approx(2.0, abs=0.05)
    assert codes(recording) == ["audio.other_stream"]
    path.write_bytes(content.replace(b"mp4a", b"apac").replace(b"esds", b"esdx"))
    with pytest.raises(InputError) as caught:
        load(path)
    assert caught.value.code == "audio.no_decoder"


def test_encrypted_sound_says_so(tmp_path: Path):
    key = {"encryption_key": "0" * 32, "encryption_kid": "1" * 32}
    path = encode(
        tmp_path / "locked.m4a",
        surround(FL=0.5, FR=0.5)[:2],
        "aac",
        "stereo",
        encryption_scheme="cenc-aes-ctr",
        **key,
    )
    with pytest.raises(InputError, match="encrypted"):
        load(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(InputError, match="a pipe or a device"):
        load(tmp_path / "pipe.wav")


@pytest.mark.parametrize("name", ["Scene:01.wav", "http:clip.wav", "concat:a|b.wav", "%03d.wav"])
def test_a_name_is_a_name_whatever_it_looks_like(tmp_path: Path, monkeypatch, name: str):
    monkeypatch.chdir(tmp_path)
    soundfile.write(tmp_path / name, burst(44_100), 44_100)
    assert load(name).duration_s == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nx.wav\n#EXT-X-ENDLIST\n"),
        ("list.mp3", "ffconcat version 1.0\nfile x.wav\n"),
    ],
)
def test_a_playlist_opens_no_other_file(tmp_path: Path, name: str, content: str):
    soundfile.write(tmp_path / "x.wav", burst(44_100), 44_100)
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match="a list of other files"):
        load(tmp_path / name)


# ------------------------------------------------------------------------------ lengths


def test_a_length_that_is_only_estimated_is_not_believed(tmp_path: Path):
    """Silence takes few bits: by its first frames an MP3 without a Xing header seems far longer."""
    sound = np.concatenate([np.zeros(4 * 48_000), burst(48_000, 0.0, 4.0)])
    path = tmp_path / "vbr.mp3"
    with av.open(str(path), "w", options={"write_xing": "0"}) as container:
        stream = container.add_stream("libmp3lame", rate=48_000, layout="mono", options={"q": "2"})
        stream.codec_context.flags |= av.codec.context.Flags.qscale
        stream.codec_context.bit_rate = 0
        frame = av.AudioFrame.from_ndarray(sound[None].astype(np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts = 48_000, 0
        for piece in av.AudioResampler(frame_size=1152).resample(frame):
            container.mux(stream.encode(piece))
        container.mux(stream.encode())
    recording = load(path)
    assert recording.duration_s == pytest.approx(8.0, abs=0.1)
    assert codes(recording) == []


def test_an_hour_is_counted_where_nothing_declares_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(loading, "LONGEST_S", 2.0)
    encode(tmp_path / "long.m4a", surround(6.0, FL=0.5, FR=0.5)[:2], "aac", "stereo")
    with (
        av.open(str(tmp_path / "long.m4a")) as source,
        av.open(str(tmp_path / "long.aac"), "w", format="adts") as target,
    ):
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    recording = load(tmp_path / "long.aac")
    assert len(recording.samples) == pytest.approx(2.0 * RATE, abs=2)
    assert recording.duration_s == pytest.approx(6.0, abs=0.1)
    assert codes(recording) == ["audio.first_hour"]


def test_sound_that_begins_before_the_picture_is_no_damage(tmp_path: Path):
    path = tmp_path / "early.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=10)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        audio = container.add_stream("flac", rate=44_100, layout="mono")
        picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        for k in range(30):
            picture.pts = 20 + k
            container.mux(video.encode(picture))
        container.mux(video.encode())
        samples = (burst(44_100, 3.0, 5.0) * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(samples, "s16", "mono")
        frame.sample_rate, frame.pts = 44_100, 0
        for piece in av.AudioResampler("s16", "mono", 44_100, frame_size=4608).resample(frame):
            container.mux(audio.encode(piece))
        container.mux(audio.encode())
    recording = load(path)
    assert onset(recording.samples) == pytest.approx(1.0, abs=0.03)
    assert codes(recording) == []


# ------------------------------------------------------------------------------ evidence


def test_narrow_sound_names_what_it_costs_also_when_upsampled():
    sound = drums(120, 6.0) + notes([60, 64, 67] * 5, partials=30)
    assert codes(from_samples(sound, RATE)) == []
    narrow = soxr.resample(sound, RATE, 8_000)
    for samples, rate in ((narrow, 8_000), (soxr.resample(narrow, 8_000, 48_000), 48_000)):
        recording = from_samples(samples, rate)
        assert codes(recording) == ["audio.narrow_band"]
        assert recording.bandwidth_hz == pytest.approx(4000, abs=300)
        assert all(w in recording.warnings[0] for w in ("arousal", "brightness", "BPM"))
    assert codes(from_samples(soxr.resample(sound, RATE, 16_000), 16_000)) == ["audio.half_band"]
    assert (evidence(recording, 6.0) < evidence(from_samples(sound, RATE), 6.0)).sum() >= 7


@pytest.mark.parametrize(
    ("sound", "code"),
    [
        (np.random.default_rng(0).standard_normal(4 * RATE) * 10 ** (-80 / 20), "audio.too_quiet"),
        (np.random.default_rng(0).standard_normal(RATE // 4) * 0.1, "audio.too_short"),
        (np.zeros(4 * RATE), "audio.nothing_heard"),
    ],
)
def test_what_nobody_hears_carries_no_weight(sound: np.ndarray, code: str):
    profile = music_profile(sound, sample_rate=RATE)
    assert profile.confidence.tolist() == [0.0] * 10
    assert [w.code for w in profile.warnings] == [code]


def test_speech_without_music_is_hardly_trusted():
    recording = from_samples(drums(100), RATE)
    plain, sung, spoken = (
        evidence(recording, 12.0, tags)
        for tags in (None, {"music": 1.0, "speech": 0.8}, {"music": 0.0, "speech": 1.0})
    )
    np.testing.assert_allclose(sung, plain)
    np.testing.assert_allclose(spoken, 0.1 * plain)


# ------------------------------------------------------------------------------ stderr


def test_stderr_outlives_chatter_of_many_threads(capfd):
    """Lines of libraries go, everybody else's come, and afterwards stderr is what it was."""
    both, out = threading.Barrier(2), threading.Event()

    def one():
        with without_chatter():
            both.wait(5)
            os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n")
            out.wait(5)

    def two():
        with without_chatter():
            both.wait(5)
            os.write(2, b"W0000 00:00:1.2 19844 manager.cc:121] nobody asked\na person's line\n")
        out.set()

    threads = [threading.Thread(target=work) for work in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "a person's line\nafterwards\n"


# ------------------------------------------------------------------------------ any bytes


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> list[Path]:
    folder, sound = tmp_path_factory.mktemp("originals"), burst(44_100, 0.1, 0.5)
    kinds = {"mp3": "libmp3lame", "flac": "flac", "m4a": "aac", "ogg": "libvorbis"}
    return [write(folder / f"a.{kind}", sound, 44_100, kinds[kind]) for kind in kinds]


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 3),
    st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), min_size=1, max_size=20),
    st.floats(0, 1),
)
def test_damaged_files_are_read_or_refused_in_a_sentence(originals, which, changes, kept):
    original = originals[which]
    content = bytearray(original.read_bytes())
    for at, value in changes:
        content[at % len(content)] = value
    path = original.with_name(f"damaged{original.suffix}")
    path.write_bytes(content[: max(round(kept * len(content)), 1)])
    try:
        recording = load(path)
    except InputError as error:
        assert error.code.startswith("audio.") and path.name in str(error)
    else:
        assert len(recording.samples) and np.isfinite(recording.samples).all()


def test_low_delay_eac3_is_heard_whole(tmp_path: Path):
    """Above 1 Mbit/s the encoder writes frames of 256 samples, and MP4 puts several in a packet."""
    path = tmp_path / "a.mp4"
    tone = "aevalsrc=0.3*sin(880*t)|0.3*sin(880*t):s=48000:d=3"
    command = [get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", tone, "-c:a", "eac3"]
    subprocess.run([*command, "-b:a", "2000k", str(path)], check=True)
    heard = load(path)
    assert heard.duration_s == pytest.approx(3.0, abs=0.02)
    assert heard.warnings == ()
    middle = heard.samples[22050:44100]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.02)
