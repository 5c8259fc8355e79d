"""A film and a catalogue in, a score out: planned, rendered and kept."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from data.errors import Cancelled, InputError
from features.audio.load import load
from features.media import probe
from features.video.container import read_container
from leitmotif import cli
from leitmotif.score.compose import film_of, fit_all, score
from leitmotif.score.model import Ducking, Score
from leitmotif.score.render import preview_cue, render_film, write_bed, write_stem
from leitmotif.score.sound import true_peak_db
from leitmotif.settings import DEMO_CATALOGUE, DEMO_VIDEO


@pytest.fixture(scope="module")
def plan() -> Score:
    return score(DEMO_VIDEO, DEMO_CATALOGUE)


def test_the_python_face_is_all_there():
    import leitmotif.score as face

    assert all(callable(getattr(face, n)) for n in face.__all__ if n != "DUCKINGS")
    assert face.score is score and set(face.DUCKINGS) == {"below", "light", "medium", "deep", "off"}
    with pytest.raises(AttributeError):
        _ = face.nothing_of_the_kind


def test_the_film_is_counted_as_its_file_says():
    film = film_of(DEMO_VIDEO)
    assert (film.frames, film.rate.fps, film.width, film.height) == (817, Fraction(24), 768, 432)
    assert not film.has_sound and film.rate_error_s < 1e-6


def test_cues_cover_the_film_and_no_track_comes_twice(plan: Score):
    assert plan.cues[0].start == 0 and plan.cues[-1].end == 817
    assert all(a.end == b.start for a, b in zip(plan.cues, plan.cues[1:], strict=False))
    assert len({cue.track.track_id for cue in plan.cues}) == len(plan.cues) >= 2
    assert all(cue.frames >= 8 * 24 for cue in plan.cues)


def test_every_cue_is_filled_to_the_frame(plan: Score):
    rate = plan.film.rate
    for cue in plan.cues:
        assert cue.pieces[0].film_in == rate.seconds(cue.start)
        assert cue.pieces[-1].film_out == rate.seconds(cue.end)


def test_what_a_person_locked_is_there_after_spotting_again(plan: Score):
    first = plan.cues[0]
    mine = fit_all(plan.move(first.number, 0, first.end + 24).hit(first.number, [60]))
    again = score(DEMO_VIDEO, DEMO_CATALOGUE, before=mine)
    assert again.cues[0] == mine.cues[0] and again.cues[0].hits[0].miss is not None
    assert again.cues[1].start == first.end + 24


def test_a_score_of_another_film_is_not_taken_over(plan: Score, tmp_path: Path):
    other = Path(DEMO_VIDEO).read_bytes() + b"\0"
    (tmp_path / "other.mp4").write_bytes(other)
    with pytest.raises(InputError, match="belongs to another film"):
        score(tmp_path / "other.mp4", DEMO_CATALOGUE, before=plan)


def test_the_bed_is_as_long_as_the_film_and_never_silent(plan: Score, tmp_path: Path):
    sound, sample_rate = soundfile.read(write_bed(plan, tmp_path / "bed.wav"))
    assert len(sound) == round(Fraction(817, 24) * sample_rate)
    level = np.sqrt((sound[: 34 * sample_rate].reshape(34, -1) ** 2).mean(axis=1))
    assert (level > 1e-4).all()


def test_the_rendered_film_keeps_its_pictures_and_its_peaks_low(plan: Score, tmp_path: Path):
    written = render_film(plan, tmp_path / "scored.mp4")
    assert read_container(written).frames == 817 and read_container(written).has_sound
    sound = write_bed(plan, tmp_path / "bed.wav")
    assert true_peak_db(sound) < 0


def test_stems_are_as_long_as_the_film(plan: Score, tmp_path: Path):
    for stem in ("music", "ducked", "film"):
        sound, sample_rate = soundfile.read(write_stem(plan, stem, tmp_path / f"{stem}.wav"))
        assert len(sound) == round(Fraction(817, 24) * sample_rate) and sample_rate == 48_000
        assert sound.any() == (stem != "film")  # the sample film is silent
    with pytest.raises(InputError, match="choose among music, ducked, film"):
        write_stem(plan, "voice", tmp_path / "voice.wav")


def test_a_preview_holds_one_cue_and_a_second_around_it(plan: Score, tmp_path: Path):
    cue = plan.cues[1]
    written = preview_cue(plan, cue.number, tmp_path / "cue.mp4")
    shown = min(cue.end + 24, 817) - (cue.start - 24)
    # a copied picture ends with the frames that its encoder sent ahead: a few more than asked
    assert shown / 24 - 0.05 <= probe(written).duration <= shown / 24 + 0.5
    assert load(written).duration_s == pytest.approx(shown / 24, abs=0.05)
    with pytest.raises(InputError, match="there is none of this number"):
        preview_cue(plan, "9m99", tmp_path / "cue.mp4")


def test_stopped_work_goes_on_with_the_cue_it_was_at(plan: Score, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("LEITMOTIF_CACHE", str(tmp_path / "cache"))

    def stop(stage: str, done: float, total: float | None) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        write_bed(plan, tmp_path / "bed.wav", stop)
    assert not (tmp_path / "bed.wav").exists()
    kept = list((tmp_path / "cache" / "cues").iterdir())
    assert len(kept) == 1
    before = kept[0].stat().st_mtime_ns
    fresh = write_bed(plan, tmp_path / "bed.wav").read_bytes()
    assert len(list((tmp_path / "cache" / "cues").iterdir())) == len(plan.cues)
    kept[0].write_bytes(kept[0].read_bytes()[:-1])  # damaged: rendered again without a word
    assert write_bed(plan, tmp_path / "again.wav").read_bytes() == fresh
    assert kept[0].stat().st_mtime_ns != before


def test_loudness_that_peaks_forbid_is_said(plan: Score, tmp_path: Path):
    said: list[str] = []
    written = render_film(plan, tmp_path / "loud.mp4", target_lufs=-6.0, tell=said.append)
    assert len(said) == 1 and said[0].startswith("The film stays at ")
    assert load(written).lufs < -6.5


def test_a_silent_film_says_that_nothing_is_ducked(plan: Score):
    assert plan.notes == ("The film has no sound of its own: nothing to duck under.",)


def test_a_track_that_has_gone_is_a_sentence(plan: Score, tmp_path: Path):
    given = plan.to_dict()
    given["cues"][0]["track"]["path"] = str(tmp_path / "gone.opus")
    (tmp_path / "s.json").write_text(json.dumps(given))
    with pytest.raises(InputError, match="no such file any more"):
        write_bed(Score.read(tmp_path / "s.json"), tmp_path / "bed.wav")


def test_the_command_plans_exports_and_says_what_it_left_out(tmp_path: Path, capsys):
    plan = tmp_path / "film.score.json"
    assert cli.main(["score", str(DEMO_VIDEO), "-o", str(plan), "--quiet"]) == 0
    assert "1m01" in capsys.readouterr().out and plan.is_file()
    again = ["score", str(DEMO_VIDEO), "-o", str(plan), "--quiet", "--ducking", "deep"]
    assert cli.main([*again, "--attack", "0.5", "--release", "2"]) == 0
    assert Score.read(plan).ducking == Ducking("dip", 14.0, 0.5, 2.0)
    assert cli.main([*again, "--attack", "-1"]) == 2
    assert "no number from 0 to 60" in " ".join(capsys.readouterr().err.split())
    assert cli.main(["score", "export", str(plan), "--format", "edl"]) == 0
    assert Path(capsys.readouterr().out.strip()).read_text().startswith("TITLE: sample.mp4")
    assert cli.main(["score", "export", str(plan), "--format", "aaf"]) == 2
    assert "'aaf' is not known" in capsys.readouterr().err
    assert cli.main(["score", "render", str(tmp_path / "none.json")]) == 2
    assert "cannot be read" in capsys.readouterr().err
