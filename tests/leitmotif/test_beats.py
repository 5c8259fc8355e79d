"""`leitmotif catalogue beats`: corrections stay with the content, whatever becomes of the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from data.beat_corrections import Correction, Corrections
from data.catalogue import Catalogue
from data.errors import InputError
from data.track_curves import read_curves
from features.audio.bars import read_bars
from leitmotif import cli
from leitmotif.catalogue.beats import correct_beats
from leitmotif.catalogue.build import build
from leitmotif.render import ffmpeg
from leitmotif.score.compose import film_of, score
from leitmotif.score.fit import fit
from leitmotif.score.model import Cue, Score

RATE = 22_050


def clicks(bpm: float, seconds: float = 16.0) -> np.ndarray:
    """A struck tone on every beat, the first of four lower and louder."""
    sound = 1e-4 * np.random.default_rng(0).standard_normal(round(seconds * RATE))
    t = np.arange(RATE // 8) / RATE
    for n, start in enumerate(np.arange(0.1, seconds - 0.2, 60 / bpm)):
        hz, level = (110, 0.6) if n % 4 == 0 else (440, 0.3)
        at = round(start * RATE)
        sound[at : at + len(t)] += level * np.sin(2 * np.pi * hz * t) * np.exp(-30 * t)
    return sound.astype(np.float32)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    for bpm in (100, 120):
        soundfile.write(folder / f"at {bpm}.flac", clicks(bpm), RATE)
    build([folder], folder / "tracks.csv", jobs=1, tags=False)
    return folder


def test_what_a_person_said_stays(built: Path, capsys):
    catalogue = built / "tracks.csv"
    before = Catalogue.read(catalogue)
    row = before.track_ids.index("at 120.flac")
    measured = read_curves(built / "tracks.curves.parquet")["at 120.flac"]
    assert (
        cli.main(["catalogue", "beats", "at 120.flac", "--catalogue", str(catalogue), "--half"])
        == 0
    )
    correct_beats(catalogue, "at 120", shift_s=0.05)
    assert "BPM" in capsys.readouterr().out

    def check(track_id: str) -> None:
        after = Catalogue.read(catalogue)
        there = after.track_ids.index(track_id)
        assert after.numbers("bpm")[there] == pytest.approx(before.numbers("bpm")[row] / 2)
        assert after.numbers("bpm_alternative")[there] == before.numbers("bpm")[row]
        track = read_curves(built / "tracks.curves.parquet")[track_id]
        assert np.median(np.diff(track.beats)) == pytest.approx(
            2 * np.median(np.diff(measured.beats)), abs=0.03
        )
        assert np.isin(np.round(track.beats - 0.05, 3), np.round(measured.beats, 3)).all()
        assert track.accents.any() and track.beat_confidence == 1

    check("at 120.flac")
    (built / "at 120.flac").rename(built / "renamed.flac")
    build([built], catalogue, jobs=1, tags=False)
    check("at 120.flac")  # a track that is recognised keeps its id
    (built / "tracks.build.sqlite").unlink()
    build([built], catalogue, jobs=1, tags=False)
    check("renamed.flac")
    correct_beats(catalogue, "renamed.flac", anew=True)
    assert Corrections.beside(catalogue) == Corrections({})
    again = read_curves(built / "tracks.curves.parquet")["renamed.flac"]
    assert again.beats == pytest.approx(measured.beats, abs=1e-3)


def test_scores_cut_where_a_person_said_that_bars_begin(built: Path, tmp_path: Path):
    """Bars last twice as long at half the tempo, and begin where the beats were moved to."""
    film = tmp_path / "film.mp4"
    source = ["-f", "lavfi", "-i", "testsrc=s=64x36:r=25:d=9"]
    ffmpeg.run([*source, "-pix_fmt", "yuv420p", str(film)])
    catalogue = built / "tracks.csv"
    plain = score(film, catalogue).cues[0]
    correct_beats(catalogue, plain.track.track_id, tempo=0.5, shift_s=0.1)
    said = score(film, catalogue).cues[0]
    correct_beats(catalogue, plain.track.track_id, anew=True)
    assert (plain.track.beats, said.track.beats) == (Correction(), Correction(0.5, 0.1))
    before, after = (read_bars(cue.track.path, cue.track.beats) for cue in (plain, said))
    assert np.median(np.diff(after.lines)) == pytest.approx(
        2 * np.median(np.diff(before.lines)), abs=0.05
    )
    # The edit that was planned is the edit of those bars, and a file of it says so again.
    again = Score.from_dict(Score(film_of(film), (said,)).to_dict()).cues[0]
    assert again == said
    planned = fit(after, film_of(film).rate.seconds(said.frames), in_point=place(said))
    assert said.pieces == planned.pieces


def place(cue: Cue) -> float | None:
    return None if cue.in_point is None else float(cue.in_point)


def test_the_other_tracks_are_left_alone(built: Path):
    before = read_curves(built / "tracks.curves.parquet")["at 100.flac"]
    sha256 = Catalogue.read(built / "tracks.csv").track(0)["content_sha256"]
    correct_beats(built / "tracks.csv", Catalogue.read(built / "tracks.csv").track_ids[1], tempo=2)
    after = read_curves(built / "tracks.curves.parquet")["at 100.flac"]
    assert after.beats.tolist() == before.beats.tolist()
    assert Corrections.beside(built / "tracks.csv").of(sha256) == Correction()


def test_a_track_that_cannot_be_corrected_is_named(built: Path):
    with pytest.raises(InputError, match="no track 'nothing'"):
        correct_beats(built / "tracks.csv", "nothing", tempo=2)
    sound = built / "at 100.flac"
    kept = sound.read_bytes()
    sound.write_bytes(kept + b"x")
    with pytest.raises(InputError, match="or has changed"):
        correct_beats(built / "tracks.csv", "at 100", tempo=2)
    sound.write_bytes(kept)
