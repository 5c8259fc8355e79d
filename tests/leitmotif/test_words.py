"""Every language in a file of its own, and nothing missing in any."""

from __future__ import annotations

import ast
import pickle
import re
import string
from pathlib import Path

import pytest

from data.errors import InputError
from data.profiles import MUSIC_FIELDS, MUSIC_NAMES, VIDEO_FIELDS
from data.words import Unnamed, from_record, languages, to_record, words
from leitmotif.words.page_words import Words
from matcher.explain import Difference, Reason

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    *(ROOT / "leitmotif" / "page").glob("*.py"),
    *(
        ROOT / "leitmotif" / f"{n}.py"
        for n in ("show/charts", "show/result_page", "words/page_words")
    ),
]


def asked() -> set[str]:
    """Every key that the page asks for by name."""
    calls = (
        n
        for f in SOURCES
        for n in ast.walk(ast.parse(f.read_text(encoding="utf-8")))
        if isinstance(n, ast.Call) and n.args
    )
    return {
        n.args[0].value
        for n in calls
        if (
            (isinstance(n.func, ast.Name) and n.func.id == "words")
            or (isinstance(n.func, ast.Name) and n.func.id == "self")
        )
        and isinstance(n.args[0], ast.Constant)
    }


def test_every_word_that_is_asked_for_is_there():
    assert asked() and {f"page.{key}" for key in asked()} <= set(words("en"))


def test_every_code_has_its_sentence_and_every_sentence_its_code():
    """A code stands in the source whole, or is put together of parts that stand there."""
    packages = ("data", "features", "leitmotif", "matcher", "recommender", "tools")
    files = [ROOT / "match_audio.py", *(f for p in packages for f in (ROOT / p).rglob("*.py"))]
    nodes = [n for f in files for n in ast.walk(ast.parse(f.read_text(encoding="utf-8")))]
    calls = [n for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    spoken = [n.args[0] for n in calls if n.func.id in ("InputError", "Sentence") and n.args]
    assert sorted(_texts(spoken) - set(words("en"))) == []

    texts = _texts(nodes)
    joined = {_pattern(n) for n in nodes if isinstance(n, ast.JoinedStr)}
    patterns = [re.compile(p) for p in joined if p[:1].isalpha()]

    def stands(text: str) -> bool:
        found = () if text in texts else (p.fullmatch(text) for p in patterns)
        return text in texts or any(all(map(stands, m.groups())) for m in found if m)

    assert [code for code in words("en") if not stands(code)] == []


def _texts(nodes: list[ast.AST]) -> set[str]:
    """The texts that stand in some nodes as they are, both ways of a choice among them."""
    either = [side for n in nodes if isinstance(n, ast.IfExp) for side in (n.body, n.orelse)]
    constants = (n for n in (*nodes, *either) if isinstance(n, ast.Constant))
    return {n.value for n in constants if isinstance(n.value, str)}


def _pattern(text: ast.JoinedStr) -> str:
    return "".join(
        re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"(\w+)"
        for part in text.values
    )


@pytest.mark.parametrize("language", list(languages()))
def test_every_language_has_every_sentence_with_the_same_values(language: str):
    def values(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    english, other = words("en"), words(language)
    assert set(other) == set(english)
    assert [code for code, text in english.items() if values(text) != values(other[code])] == []


def test_chinese_is_chinese():
    said = [
        c for c, text in words("zh").items() if not any("\u4e00" <= c <= "\u9fff" for c in text)
    ]
    assert set(said) <= {
        "language.comma",
        "language.tag",
        "page.of_time",
        "pairs.both",
        "reason.and",
        "reason.then",
    }


def test_every_dimension_has_a_name_and_a_meaning_in_both():
    fields = (*VIDEO_FIELDS, *MUSIC_FIELDS)
    assert [Words("en").field(f) for f in fields] == [f.label for f in fields]
    assert [Words("zh").field(f) for f in fields] == [f.zh for f in fields]
    assert [Words("en").meaning(f) for f in fields] == [f.meaning for f in fields]
    ways = {f"reason.{n}{way}" for n in MUSIC_NAMES for way in ("", "_more", "_less")}
    assert ways <= set(words("en"))
    assert all(words("zh")[f"reason.{f.name}"] == f.zh for f in MUSIC_FIELDS)


def test_a_third_language_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A file in which every word is turned round; nothing else knows of it."""
    for path in (ROOT / "data" / "words").glob("*.toml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    lines = (tmp_path / "en.toml").read_text(encoding="utf-8").splitlines()
    turned = [re.sub(r'^(\w+) = "(.*)"', r'\1 = "¡\2!"', line) for line in lines]
    (tmp_path / "xx.toml").write_text("\n".join(turned), encoding="utf-8")
    monkeypatch.setattr("data.words.FOLDER", tmp_path)
    words.cache_clear()
    try:
        assert list(languages()) == ["en", "xx", "zh"] and languages()["xx"] == "¡English!"
        said = Words.of_locale("xx-YY")
        assert said("cancel") == "¡Cancel!" and said.field("warmth") == "¡Warmth!"
        assert said.meaning(MUSIC_FIELDS[0]).startswith("¡") and said.stage("watching")[0] == "¡"
        assert said.reason(Reason(("warmth",))).count("¡") == 2
        error = InputError("session.empty_file", file="a.mp4")
        assert said.trouble(error).startswith("¡a.mp4: this file is empty")
        assert str(error).startswith("a.mp4")
    finally:
        words.cache_clear()


@pytest.mark.parametrize(
    ("locale", "language"), [("zh-CN", "zh"), ("zh_TW", "zh"), ("de", "en"), (None, "en")]
)
def test_a_browsers_language_is_met_where_it_is_known(locale: str | None, language: str):
    assert Words.of_locale(locale).language == language


def test_clock():
    assert [Words.clock(s) for s in (0, 59.6, 61, 3725)] == ["0:00", "1:00", "1:01", "1:02:05"]


def test_reasons_in_chinese_say_what_the_english_ones_do():
    reason = Reason(("warmth",), (Difference("brightness", -0.5), Difference("rhythm_speed", 2.0)))
    assert Words("zh").reason(Reason()) == "完全符合要求"
    assert Words("zh").reason(reason) == "温暖度接近；比要求稍微更暗、明显更快"
    assert Words("en").reason(reason) == (
        "close in warmth; a little darker and much faster than asked"
    )


def test_a_reason_beside_its_file_leaves_the_name_out_in_every_language():
    reason = Unnamed("files.unreadable", file="/music/a.mp3", why=OSError("no"))
    for told in (reason, pickle.loads(pickle.dumps(reason)), from_record(to_record(reason))):
        assert told == "cannot be read (no)." and told.into("zh") == "无法读取（no）。"
