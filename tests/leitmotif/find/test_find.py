"""Tracks by words and by likeness, on a small catalogue whose right answers are known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from data.catalogue import Catalogue
from data.errors import InputError
from data.profiles import MUSIC_FIELDS, MUSIC_NAMES
from data.track_sounds import COUNT, TrackSounds, classes, sounds_path, write_sounds
from leitmotif.cli import main
from leitmotif.find import Original, find, read
from leitmotif.find.embedding import Neighbours, load
from leitmotif.find.likeness import others, timbre_distances
from leitmotif.find.wish import Wish
from leitmotif.settings import DEMO_CATALOGUE

AROUSAL = MUSIC_NAMES.index("arousal")
INSTRUMENTS = ("Piano", "Drum kit", "Flute", "Electric guitar")


def digest(i: int) -> str:
    return f"{i:064x}"


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Eighty tracks: four instruments, twenty each; every field spread evenly, arousal by row."""
    rng = np.random.default_rng(1)
    folder = tmp_path_factory.mktemp("find")
    rows = []
    sounds = {}
    for i in range(80):
        fields = {f.name: float(rng.uniform(f.low, f.high)) for f in MUSIC_FIELDS}
        sung = i % 8 == 0
        rows.append(
            fields
            | {"arousal": -100 + 2.5 * i, "track_id": f"t{i:02d}", "content_sha256": digest(i)}
            | {"bpm": 60 + i, "duration_s": 30.0 + 3 * i, "key": "C minor" if i % 2 else "C major"}
            | {"vocals": 0.9 if sung else 0.0, "title": f"Track {i}", "extractor": "test 1"}
        )
        sound = rng.integers(0, 20, COUNT).astype(np.uint8)
        sound[classes().index(INSTRUMENTS[i % 4])] = 230
        if sung:
            sound[classes().index("Singing")] = 220
        sounds[digest(i)] = sound
    path = folder / "audio_features.csv"
    Catalogue.from_rows(rows, str(path)).write(path)
    write_sounds(sounds_path(path), sounds)
    return Catalogue.read(path)


def test_instruments_are_found_by_their_sound(catalogue: Catalogue):
    for word, place in (("piano", 0), ("鼓", 1), ("flute", 2), ("电吉他", 3)):
        found = find(word, catalogue)
        assert [m.row % 4 for m in found.matches] == [place] * 5, word
        assert all(h[word] > 0.8 for h in found.heard)


def test_what_is_not_wanted_is_not_found(catalogue: Catalogue):
    rows = [m.row for m in find("calm, no drums, no piano", catalogue, k=10).matches]
    assert not {r % 4 for r in rows} & {0, 1}


def test_calm_is_low_and_energetic_high(catalogue: Catalogue):
    low, high = (find(w, catalogue).matches for w in ("very calm", "非常激烈"))
    assert max(m.values[AROUSAL] for m in low) < -50
    assert min(m.values[AROUSAL] for m in high) > 40


def test_sliders_move_where_words_say_and_weigh_nothing_elsewhere(catalogue: Catalogue):
    query = find("calm", catalogue).query
    assert query.values is not None and query.importance is not None
    assert query.values[AROUSAL] < -70
    assert {n for n, w in zip(MUSIC_NAMES, query.importance, strict=True) if w} == {
        "arousal",
        "rhythm_speed",
    }


def test_tempo_length_mode_and_voices_are_conditions(catalogue: Catalogue):
    def rows(words: str) -> list[int]:
        return [m.row for m in find(words, catalogue).matches]

    assert all(80 <= 60 + r <= 90 for r in rows("calm, 80-90 bpm"))
    assert all(30 + 3 * r <= 120 for r in rows("energetic, under two minutes"))
    assert all(r % 2 for r in rows("happy, in minor"))
    assert all(r % 8 == 0 for r in rows("with vocals"))
    assert all(r % 8 for r in rows("纯音乐，安静"))


def test_a_condition_that_no_track_meets_is_left_out_and_said(catalogue: Catalogue):
    found = find("calm, over 500 bpm", catalogue)
    assert len(found.matches) == 5
    assert [w.code for w in found.warnings] == ["find.none_such"]  # type: ignore[attr-defined]


def test_what_is_hardly_there_is_said(catalogue: Catalogue):
    found = find("calm bagpipes", catalogue)
    assert "Hardly heard in any of these tracks: bagpipes." in found.warnings


def test_unknown_words_are_named_and_nothing_known_is_refused(catalogue: Catalogue):
    assert "Not understood: flurbish." in find("flurbish piano", catalogue).warnings
    with pytest.raises(InputError, match="Nothing was understood of: flurbish"):
        find("flurbish", catalogue)


def test_without_sounds_instruments_are_left_out_and_said(catalogue: Catalogue, tmp_path: Path):
    alone = tmp_path / "alone.csv"
    catalogue.write(alone)
    found = find("calm piano", alone)
    assert any("left out: piano" in w for w in found.warnings)
    assert max(m.values[AROUSAL] for m in found.matches) < -20


def test_words_that_agree_add_up_and_words_that_contradict_meet():
    both = Wish.of(read("calm, quiet")).fields["arousal"]
    assert -2.2 <= both < Wish.of(read("calm")).fields["arousal"]
    mixed = Wish.of(read("calm, energetic")).fields
    assert abs(mixed.get("arousal", 0.0)) < 0.3


# ------------------------------------------------------------------------------ likeness


def test_the_most_alike_sound_alike(catalogue: Catalogue):
    found = find("", catalogue, like="t41")
    assert 41 not in [m.row for m in found.matches]
    assert [m.row % 4 for m in found.matches] == [1] * 5


@pytest.mark.parametrize("row", [10, 41, 78])
def test_calmer_is_calmer_and_louder_words_further(catalogue: Catalogue, row: int):
    own = catalogue.features[row, AROUSAL]
    calmer, much = (
        [m.values[AROUSAL] for m in find(w, catalogue, like=f"t{row}").matches]
        for w in ("calmer", "much calmer, very quiet")
    )
    assert max(calmer) < own and max(much) < own
    assert np.mean(much) <= np.mean(calmer) + 5


def test_the_calmest_track_has_none_that_is_calmer(catalogue: Catalogue):
    found = find("更平静", catalogue, like="t00")
    assert len(found.matches) == 5 and any("further that way" in w for w in found.warnings)


def test_never_and_filters_hold(catalogue: Catalogue):
    first = [m.track_id for m in find("piano", catalogue).matches]
    rest = find("piano", catalogue, never=first[:2], where="bpm>=70")
    assert not set(first[:2]) & {m.track_id for m in rest.matches}
    assert all(60 + m.row >= 70 for m in rest.matches)


def test_copies_of_the_original_are_no_answer(catalogue: Catalogue):
    rows = [catalogue.track(i) | dict(zip(MUSIC_NAMES, catalogue.features[i], strict=True))
            for i in range(10)]  # fmt: skip
    rows[3]["duplicate_of"] = rows[2]["track_id"]
    small = Catalogue.from_rows(rows)
    for row in (2, 3):
        mask = others(Original.of_row(small, row), small)
        assert np.flatnonzero(~mask).tolist() == [2, 3]


def test_timbre_is_unknown_where_a_sound_is():
    sounds = TrackSounds(np.zeros((2, COUNT), np.uint8), np.array([True, False]))
    original = Original("x", np.zeros(10), sound=np.ones(COUNT, np.uint8))
    assert np.isnan(timbre_distances(original, sounds)).tolist() == [False, True]


def test_a_file_from_elsewhere_finds_itself(models: Path):
    path = DEMO_CATALOGUE.parent / "demo" / "tracks" / "carousel.opus"
    found = find("", DEMO_CATALOGUE, like=str(path), k=1)
    assert found.matches[0].track_id.startswith("carousel")


def test_a_name_that_nobody_has_is_refused(catalogue: Catalogue):
    with pytest.raises(InputError, match="no track and no audio file"):
        find("calmer", catalogue, like="nothing")


# ------------------------------------------------------------------------------ text embedding


@dataclass
class Angles:
    """Two-dimensional vectors: "calmish" lies beside "calm", everything else far from both."""

    def encode(self, sentences: Sequence[str]) -> np.ndarray:
        near = {"calm": 0.0, "calmish": 0.1}
        angles = np.array([near.get(s, 2.0) for s in sentences])
        return np.column_stack([np.cos(angles), np.sin(angles)])


def test_nearest_known_word():
    nearest = Neighbours.of(Angles())
    assert nearest("calmish") == "calm"
    assert Neighbours(Angles(), ("calm",), np.array([[1.0, 0.0]]))("flurbish") is None


def test_a_model_of_model2vec_is_loaded(tmp_path: Path):
    model2vec = pytest.importorskip("model2vec")
    tokenizers = pytest.importorskip("tokenizers")
    vocabulary = {"[UNK]": 0, "calm": 1, "flurbish": 2, "loud": 3}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    vectors = np.array([[0.1, -1], [1, 0], [0.95, 0.1], [-1, 0]], np.float32)
    model2vec.StaticModel(vectors, tokenizer).save_pretrained(tmp_path / "model")
    assert load(str(tmp_path / "model"))("flurbish") == "calm"


def test_a_folder_that_is_no_model_is_one_sentence(tmp_path: Path):
    with pytest.raises(InputError):
        load(str(tmp_path / "missing"))
    pytest.importorskip("model2vec")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="model2vec can load"):
        load(str(tmp_path / "empty"))


# ------------------------------------------------------------------------------ command


def test_the_command_answers_as_recommend_does(catalogue: Catalogue, capsys):
    assert main(["find", "calm", "piano", "--catalogue", catalogue.source, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["recommendations"][0]
    assert found["video"] is None and len(found["matches"]) == 5
    assert found["words"]["text"] == "calm piano" and found["words"]["unknown"] == []
    assert [u["word"] for u in found["words"]["understood"]] == ["calm", "piano"]
    assert {"distance", "sentence", "values", "heard"} <= set(found["matches"][0])


def test_the_command_says_what_it_understood(catalogue: Catalogue, capsys):
    assert main(["find", "没有鼓，flurbish", "--catalogue", catalogue.source]) == 0
    said = capsys.readouterr()
    assert "not to be heard" in said.out and "Not understood: flurbish." in said.err


@pytest.mark.parametrize("arguments", [[], [" "], ["flurbish"], ["calm", "--like", "nothing"]])
def test_what_cannot_be_answered_is_one_sentence(
    catalogue: Catalogue, capsys, arguments: list[str]
):
    assert main(["find", *arguments, "--catalogue", catalogue.source]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
