"""The lexicon: several hundred words in each language, each with an effect and a source."""

from __future__ import annotations

import tomllib
from collections import Counter

from data.folders import ROOT
from data.profiles import MUSIC_NAMES
from data.track_sounds import classes
from leitmotif.find.lexicon import LANGUAGES, lexicon, plain

FILE = ROOT / "reference" / "lexicon.toml"
SOURCES = {"JL04", "RM77", "EV11", "AudioSet", "tempo", "heuristic"}


def test_there_are_several_hundred_words_in_each_language():
    concepts = tomllib.loads(FILE.read_text("utf-8"))["concept"].values()
    counts = {n: sum(len(c[n]) for c in concepts) for n in LANGUAGES}
    assert counts["en"] > 900 and counts["zh"] > 700


def test_every_word_has_one_meaning():
    concepts = tomllib.loads(FILE.read_text("utf-8"))["concept"].values()
    words = Counter(plain(w) for c in concepts for n in LANGUAGES for w in c[n])
    assert [w for w, n in words.items() if n > 1] == []


def test_every_concept_asks_for_something_that_exists_and_says_whence():
    for concept in lexicon().concepts:
        assert set(concept.source.split(", ")) <= SOURCES, concept.name
        assert set(concept.fields) <= set(MUSIC_NAMES), concept.name
        assert set(concept.classes) <= set(classes()), concept.name
        assert all(0 < share <= 1 for share in concept.classes.values()), concept.name
        says = concept.vocals is not None or concept.bpm or concept.mode
        assert concept.fields or concept.classes or says, concept.name


def test_opposites_are_opposite():
    by_name = {c.name: c for c in lexicon().concepts}
    pairs = (("fast", "slow", "rhythm_speed"), ("bright", "dark", "brightness"),
             ("happy", "sad", "valence"), ("warm", "cold", "warmth"),
             ("rich", "sparse", "richness"),
             ("varied", "repetitive", "variation"), ("rising", "falling", "melody_trend"),
             ("energetic", "calm", "arousal"), ("rhythmic", "free", "rhythm"))  # fmt: skip
    for up, down, field in pairs:
        assert by_name[up].fields[field] > 1 > -1 > by_name[down].fields[field], (up, down)
