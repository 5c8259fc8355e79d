"""The catalogue: generous reading, strict writing, and every row that is left out is named."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data import catalogue as catalogue_module
from data import tables
from data.catalogue import Catalogue
from data.errors import InputError
from data.profiles import MUSIC_FIELDS, MUSIC_NAMES

THEIRS = (
    "Richness,Variation,Rhythm,Warmth,Harmony,brightness_score,Melody Trend Score,"
    "Rhythm speed score,音乐唤醒度,音乐效价"
)
ROWS = ["-5.5,-3.6,-8.5,-0.1,-1.6,20.8,52,77.3,42.2,-13.7", "1,2,3,4,5,60,50,40,30,20"]
VALUES = np.array([[float(x) for x in row.split(",")] for row in ROWS])


def read(tmp_path: Path, text: str, encoding: str = "utf-8", name: str = "目录 a.csv") -> Catalogue:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return Catalogue.read(path)


# ------------------------------------------------------------------------------------- reading


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_persons_own_columns_in_any_encoding(tmp_path: Path, encoding: str):
    found = read(tmp_path, "\n".join([THEIRS, *ROWS]), encoding)
    np.testing.assert_array_equal(found.features, VALUES)


@pytest.mark.parametrize(
    "header",
    [
        ",".join(MUSIC_NAMES),
        ",".join(f.zh for f in MUSIC_FIELDS),
        ",".join(n.upper().replace("_", " ") for n in MUSIC_NAMES),
    ],
    ids=["ours", "Chinese", "shouted"],
)
def test_any_spelling_of_the_names(tmp_path: Path, header: str):
    np.testing.assert_array_equal(read(tmp_path, "\n".join([header, *ROWS])).features, VALUES)


def test_columns_in_any_order_among_others(tmp_path: Path):
    header = ",".join(["曲名", *reversed(MUSIC_NAMES), "mood"])
    rows = [f"曲 {i}," + ",".join(reversed(row.split(","))) + ",calm" for i, row in enumerate(ROWS)]
    found = read(tmp_path, "\n".join([header, *rows]))
    np.testing.assert_array_equal(found.features, VALUES)
    assert found.text("title") == ["曲 0", "曲 1"] and found.text("mood") == ["calm", "calm"]


@pytest.mark.parametrize(("delimiter", "decimal"), [(";", "."), (";", ","), ("\t", ".")])
def test_other_separators_and_a_decimal_comma(tmp_path: Path, delimiter: str, decimal: str):
    lines = [",".join(MUSIC_NAMES), *ROWS]
    text = "\n".join(line.replace(",", delimiter).replace(".", decimal) for line in lines)
    np.testing.assert_array_equal(read(tmp_path, text).features, VALUES)


def spreadsheet(delimiter: str, decimal: str, minus: str = "-", quotes: bool = False) -> str:
    """Six tracks as a spreadsheet of some country writes them."""
    lines = [["track_id", "title", "duration_s", "bpm", *MUSIC_NAMES]]
    for i in range(6):
        numbers = ["22.00", "143.70", *ROWS[i % 2].split(",")]
        numbers = [n.replace(".", decimal).replace("-", minus) for n in numbers]
        numbers = [f'"{n}"' if quotes and decimal in n else n for n in numbers]
        lines.append([f"{i}.opus", "Déjà vu", *numbers])
    return "\r\n".join(map(delimiter.join, lines)) + "\r\n"


@pytest.mark.parametrize(
    "text",
    [
        spreadsheet(";", ","),
        "sep=;\r\n" + spreadsheet(";", ","),
        spreadsheet(";", ",", "−"),
        spreadsheet(",", ",", quotes=True),
        spreadsheet("\t", ",", "−"),
        spreadsheet(",", ".", "−"),
    ],
    ids=["Excel", "sep line", "U+2212", "Sheets", "tabs", "U+2212 with points"],
)
def test_spreadsheets_of_other_countries(tmp_path: Path, text: str):
    found = read(tmp_path, text)
    np.testing.assert_array_equal(found.features, VALUES[[0, 1] * 3])
    np.testing.assert_array_equal(found.numbers("duration_s"), [22.0] * 6)
    np.testing.assert_array_equal(found.numbers("bpm"), [143.7] * 6)
    assert found.text("title") == ["Déjà vu"] * 6 and found.skipped == ()


def test_western_and_chinese_letters_are_told_apart(tmp_path: Path):
    for titles, encoding in [
        (("Für Elise", "Señorita", "Röyksopp"), "cp1252"),
        (("月亮代表我的心", "茉莉花", "Live 现场"), "gb18030"),
    ]:
        lines = [
            f"{t};{row.replace(',', ';')}" for t, row in zip(titles, [*ROWS, ROWS[0]], strict=True)
        ]
        found = read(tmp_path, "\n".join(["title;" + ";".join(MUSIC_NAMES), *lines]), encoding)
        assert found.text("title") == list(titles)


def test_titles_are_ids_only_where_no_two_are_the_same(tmp_path: Path):
    header = "title," + ",".join(MUSIC_NAMES)
    named = read(tmp_path, "\n".join([header, "Intro," + ROWS[0], "Coda," + ROWS[1]]))
    assert named.track_ids == ["Intro", "Coda"]
    same = read(tmp_path, "\n".join([header, "Intro," + ROWS[0], "Intro," + ROWS[1]]))
    assert same.track_ids == ["0", "1"] and same.text("title") == ["Intro", "Intro"]


def test_a_blank_id_is_the_rows_number_and_never_another_rows_id(tmp_path: Path):
    header = "track_id," + ",".join(MUSIC_NAMES)
    found = read(tmp_path, "\n".join([header, "1," + ROWS[0], "," + ROWS[1], "," + ROWS[1]]))
    assert found.track_ids == ["1", "#1", "2"]


@pytest.mark.parametrize("title", ['"Heroes', 'Heroes"', '5" mix', '"Heroes" live', 'a "b" c'])
def test_a_stray_quote_loses_no_row(tmp_path: Path, title: str):
    header = "track_id,title," + ",".join(MUSIC_NAMES)
    lines = [f"t{i},{title if i == 1 else 'Song'},{ROWS[0]}" for i in range(5)]
    found = read(tmp_path, "\n".join([header, *lines]))
    assert found.track_ids == [f"t{i}" for i in range(5)] and found.skipped == ()
    assert found.text("title")[1] == title


def test_two_stray_quotes_swallow_nothing(tmp_path: Path):
    header = "track_id,title," + ",".join(MUSIC_NAMES)
    titles = ["Song", '"Heroes', "Song", 'Heroes"', '"two\nlines, quoted"']
    lines = [f"t{i},{title},{ROWS[0]}" for i, title in enumerate(titles)]
    found = read(tmp_path, "\n".join([header, *lines]))
    assert found.text("title") == [*titles[:4], "two\nlines, quoted"]


def test_a_cell_that_is_never_closed_costs_one_row_which_is_named(tmp_path: Path):
    header = "track_id,title," + ",".join(MUSIC_NAMES)
    lines = [f"t{i},Song,{ROWS[0]}" for i in range(5)]
    lines[1] = 't1,"Song, live,' + ROWS[0]
    found = read(tmp_path, "\n".join([header, *lines]))
    assert found.track_ids == ["t0", "t2", "t3", "t4"]
    assert found.skipped == ((3, "13 columns where the header has 12"),)


def test_numbers_too_large_to_compare_are_named(tmp_path: Path):
    header = "track_id," + ",".join(MUSIC_NAMES)
    lines = [header, "a," + ROWS[0], "b,1e100" + ROWS[1][1:]]
    assert read(tmp_path, "\n".join(lines)).skipped == (
        (3, "richness is too large to compare ('1e100')"),
    )


@pytest.mark.parametrize(
    "text", ["," * (3 << 20), "x" * (3 << 20), "a," + "," * 5000 + "\n1,2\n"], ids=len
)
def test_a_table_of_nothing_asks_for_nothing(tmp_path: Path, text: str):
    with pytest.raises(InputError, match=r"no table of names|at most 4096"):
        read(tmp_path, text)


def test_a_row_longer_than_any_track_is_named(tmp_path: Path):
    header = "track_id," + ",".join(MUSIC_NAMES)
    found = read(tmp_path, "\n".join([header, "a," + ROWS[0], "x" * 200_000 + "," + ROWS[0]]))
    assert found.skipped == ((3, "longer than 131072 characters"),)


def test_a_small_parquet_file_cannot_ask_for_gigabytes(tmp_path: Path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    zeros = {n: pa.array(np.zeros(100)) for n in MUSIC_NAMES}
    names = {n: pa.array(["x" * 400_000] * 100) for n in map(str, range(16))}
    table = pa.table({"track_id": list(map(str, range(100))), **zeros, **names})
    pq.write_table(table, tmp_path / "text.parquet", compression="zstd")
    rows = pa.table({n: pa.array(np.zeros(4_000_000)) for n in MUSIC_NAMES})
    pq.write_table(rows, tmp_path / "rows.parquet", compression="zstd")
    for name in ("text", "rows"):
        with pytest.raises(InputError, match="unpacks to far more memory"):
            Catalogue.read(tmp_path / f"{name}.parquet")


def test_no_damage_of_a_parquet_file_passes(tmp_path: Path):
    path = tmp_path / "a.parquet"
    tracks().write(path)
    whole, bits = path.read_bytes(), random.Random(1)
    for _ in range(200):
        blob, at = bytearray(whole), bits.randrange(8 * len(whole))
        blob[at // 8] ^= 1 << at % 8
        path.write_bytes(blob)
        try:
            assert_same(Catalogue.read(path), tracks())  # a bit of the seal itself
        except InputError as error:
            assert str(path) in str(error)


def test_a_parquet_file_that_others_wrote_again_is_theirs(tmp_path: Path):
    import pyarrow.parquet as pq

    tracks().write(tmp_path / "a.parquet")
    again = pq.read_table(tmp_path / "a.parquet").slice(1)
    pq.write_table(again, tmp_path / "b.parquet")
    assert Catalogue.read(tmp_path / "b.parquet").track_ids == ["曲/1", "曲/2"]


def test_ten_bare_numbers_with_and_without_a_name(tmp_path: Path):
    np.testing.assert_array_equal(read(tmp_path, "\n".join(ROWS)).features, VALUES)
    named = read(tmp_path, "\n".join(f"song {i},{row}" for i, row in enumerate(ROWS)))
    np.testing.assert_array_equal(named.features, VALUES)
    assert named.track_ids == ["song 0", "song 1"]


def test_rows_that_cannot_be_used_are_named(tmp_path: Path):
    good = "a," + ROWS[0]
    text = "\n".join(
        [
            "track_id," + ",".join(MUSIC_NAMES),
            good,
            "b,1,2,nan,4,5,6,7,8,9,10",
            "a," + ROWS[1],
            "c,1,2",
            "d,1,2,,4,5,6,7,8,9,10",
        ]
    )
    found = read(tmp_path, text)
    assert found.track_ids == ["a"]
    assert [(s.line, s.reason) for s in found.skipped] == [
        (3, "rhythm is not a finite number ('nan')"),
        (4, "track_id 'a' is there already"),
        (5, "3 columns where the header has 11"),
        (6, "rhythm is missing"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the catalogue is empty"),
        (",".join(MUSIC_NAMES), "no usable track"),
        (",".join(MUSIC_NAMES[:-1]) + "\n" + ROWS[0][:-6], "no column for valence"),
        ("a,b\n1,2", "not a music catalogue"),
        (",".join(MUSIC_NAMES) + "\n" + "x," * 9 + "x", "line 2: richness is not a finite number"),
    ],
)
def test_files_that_are_no_catalogue(tmp_path: Path, text: str, message: str):
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path, text)
    assert "目录 a.csv" in str(caught.value)


def test_bytes_that_are_no_table(tmp_path: Path):
    path = tmp_path / "picture.csv"
    path.write_bytes(bytes(range(256)) * 20)
    with pytest.raises(InputError, match="not a text table"):
        Catalogue.read(path)
    (tmp_path / "broken.parquet").write_bytes(b"PAR1" + b"\x00" * 100)
    with pytest.raises(InputError, match="damaged Parquet"):
        Catalogue.read(tmp_path / "broken.parquet")
    with pytest.raises(InputError, match="this is a folder"):
        Catalogue.read(tmp_path)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300) | st.binary(max_size=300))
@example(b"\n\r\x01")
def test_anything_at_all_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: str | bytes
):
    path = tmp_path_factory.mktemp("any") / "any.csv"
    path.write_bytes(
        content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    )
    try:
        assert len(Catalogue.read(path)) > 0
    except InputError as error:
        assert str(path) in str(error)


# ------------------------------------------------------------------------------------- writing


def tracks(count: int = 3) -> Catalogue:
    rng = np.random.default_rng(0)
    rows = [
        dict(zip(MUSIC_NAMES, rng.normal(size=10).tolist(), strict=True))
        | {
            "track_id": f"曲/{i}",
            "title": 'with "quotes", commas\nand lines',
            "duration_s": 12.5 + i,
            "bpm": "",
            "isrc": "DE123",
        }
        for i in range(count)
    ]
    return Catalogue.from_rows(rows)


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_what_is_written_is_read_again_exactly(tmp_path: Path, name: str):
    written = tracks()
    written.write(tmp_path / name)
    found = Catalogue.read(tmp_path / name)
    np.testing.assert_array_equal(found.features, written.features)
    assert found.track_ids == written.track_ids
    assert found.text("title") == written.text("title")
    assert found.text("isrc") == ["DE123"] * 3
    np.testing.assert_array_equal(found.numbers("duration_s"), [12.5, 13.5, 14.5])
    assert np.isnan(found.numbers("bpm")).all()
    assert [p.name for p in tmp_path.iterdir()] == [name]


ANY_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
AWKWARD = st.text(" \u00a0\u3000\t\r\n\",;'\\a曲", max_size=6)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(ANY_TEXT | AWKWARD, AWKWARD), min_size=1, max_size=5, unique_by=lambda t: t[0]
    )
)
@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_every_row_that_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, name: str, cells: list[tuple[str, str]]
):
    """Blanks of all kinds, CR, quotes and line breaks in names included."""
    rows = [
        dict.fromkeys(MUSIC_NAMES, 1.0)
        | {"track_id": f"{key}/{i}", "path": key, "title": title, "mood": title}
        for i, (key, title) in enumerate(cells)
    ]
    written = Catalogue.from_rows(rows)
    path = tmp_path_factory.mktemp("again") / name
    written.write(path)
    found = Catalogue.read(path)
    assert found.skipped == ()
    for column in ("track_id", "path", "title", "mood"):
        assert found.text(column) == written.text(column)


def test_text_that_no_file_can_hold_is_marked(tmp_path: Path):
    rows = [dict.fromkeys(MUSIC_NAMES, 1.0) | {"track_id": "a\x00b", "path": "\udce9.wav"}]
    Catalogue.from_rows(rows).write(tmp_path / "a.csv")
    found = Catalogue.read(tmp_path / "a.csv")
    assert (found.track_ids, found.text("path")) == (["a\ufffdb"], ["?.wav"])


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_a_row_keeps_how_much_evidence_stood_behind_it(tmp_path: Path, name: str):
    rows = [dict.fromkeys(MUSIC_NAMES, 1.0) | {"track_id": i} for i in "ab"]
    rows[1] |= {f"{n}_confidence": 0.0 for n in MUSIC_NAMES} | {"valence_confidence": 0.25}
    Catalogue.from_rows(rows).write(tmp_path / name)
    found = Catalogue.read(tmp_path / name)
    assert found.confidence[1].tolist() == [0.0] * 9 + [0.25]
    assert found.evidence.tolist() == [1.0, 0.025]
    assert found.take([1]).evidence.tolist() == [0.025]
    assert not {n for n in found.columns if n.endswith("_confidence")}


def test_a_catalogue_without_confidence_is_believed(tmp_path: Path):
    found = read(tmp_path, "\n".join([THEIRS, *ROWS]))
    assert found.confidence.shape == (2, 10) and found.evidence.tolist() == [1.0, 1.0]


def test_a_failed_write_leaves_the_old_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "a.csv"
    tracks().write(path)
    before = path.read_bytes()
    monkeypatch.setattr(catalogue_module, "repr", lambda x: 1 / 0, raising=False)
    with pytest.raises(ZeroDivisionError):
        tracks(5).write(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


# ------------------------------------------------------------------- two routes to one catalogue


def both_ways(path: Path) -> tuple[Catalogue, Catalogue]:
    """As a large table is read, and as a small one."""
    read = []
    for limit in (0, 1 << 60):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tables, "_LARGE_BYTES", limit)
            read.append(Catalogue.read(path))
    return read[0], read[1]


def assert_same(one: Catalogue, other: Catalogue) -> None:
    np.testing.assert_array_equal(one.features, other.features)
    np.testing.assert_array_equal(one.confidence, other.confidence)
    assert list(one.columns) == list(other.columns) and one.skipped == other.skipped
    for name in one.columns:
        assert one.text(name) == other.text(name)
        np.testing.assert_array_equal(one.numbers(name), other.numbers(name))


def test_whole_columns_and_single_rows_read_the_same(tmp_path: Path):
    tracks(50).write(tmp_path / "a.csv")
    fast, slow = both_ways(tmp_path / "a.csv")
    assert_same(fast, slow)
    assert_same(fast.take([4, 2]), slow.take([4, 2]))
    assert fast.take([4, 2]).track_ids == ["曲/4", "曲/2"]
    assert fast.track(7) == slow.track(7)


CELLS = st.one_of(
    st.sampled_from(
        ["", "a", " a", "a ", "NA", "nan", "1,5", '"1,5"', "−3", "1e400", "1e31", "1."]
    ),
    st.text(' "\r\n,a曲\u3000', max_size=5),
    st.text(' "\r\n,;\ta', max_size=4).map(lambda cell: '"' + cell.replace('"', '""') + '"'),
)
ROW_NUMBERS = st.lists(st.sampled_from(["1", "-2.5", "3", "1e3", "0.1"]), min_size=10, max_size=10)


@st.composite
def messy_tables(draw: st.DrawFn) -> str:
    delimiter = draw(st.sampled_from([",", ",", ";", "\t"]))
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    names = ["track_id", "title", *MUSIC_NAMES, draw(st.sampled_from(["mood", "bpm", "track"]))]
    rows = [names]
    for i in range(draw(st.integers(1, 6))):
        row = [f"t{i}", f"title {i}", *draw(ROW_NUMBERS), "calm"]
        for _ in range(draw(st.integers(0, 3))):
            row[draw(st.integers(0, len(row) - 1))] = draw(CELLS)
        rows.append(row)
    lines = [delimiter.join(row) for row in rows]
    for _ in range(draw(st.integers(0, 2))):
        lines.insert(draw(st.integers(1, len(lines))), draw(st.sampled_from(["", " ", "," * 12])))
    return end.join(lines) + draw(st.sampled_from(["", end]))


@settings(max_examples=100, deadline=None)
@given(messy_tables())
def test_a_large_and_a_small_reader_agree_on_every_row(
    tmp_path_factory: pytest.TempPathFactory, text: str
):
    path = tmp_path_factory.mktemp("messy") / "a.csv"
    path.write_text(text, encoding="utf-8", newline="")
    try:
        fast, slow = both_ways(path)
    except InputError as error:
        assert str(path) in str(error)
    else:
        assert_same(fast, slow)


def test_a_large_file_with_a_bad_row_still_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tables, "_LARGE_BYTES", 0)
    lines = ["track_id," + ",".join(MUSIC_NAMES), "a," + ROWS[0], "b,1,2,inf,4,5,6,7,8,9,10"]
    found = read(tmp_path, "\n".join(lines))
    assert found.track_ids == ["a"] and found.skipped[0].line == 3


@pytest.mark.parametrize("rows", [[2, 0], np.array([True, False, True])])
def test_take_keeps_order_and_columns(rows):
    found = tracks().take(rows)
    assert found.track_ids == (["曲/2", "曲/0"] if isinstance(rows, list) else ["曲/0", "曲/2"])
    assert found.text("isrc") == ["DE123"] * 2


@pytest.mark.parametrize(
    "column",
    [[[1.0], [2.0]], [{"a": 1}, {"a": 2}], [b"1", b"\xff"], [date(2026, 1, 1), date(2026, 1, 2)]],
    ids=str,
)
def test_a_parquet_column_of_another_kind_is_no_number(tmp_path, column):
    import pyarrow as pa
    import pyarrow.parquet as pq

    features = {name: [0.5, 1.5] for name in MUSIC_NAMES}
    pq.write_table(
        pa.table({"track_id": ["a", "b"], **features, "bpm": column}), tmp_path / "beats.parquet"
    )
    assert np.isnan(Catalogue.read(tmp_path / "beats.parquet").numbers("bpm")).all()
    pq.write_table(
        pa.table({"track_id": ["a", "b"], **features, "warmth": column}), tmp_path / "warm.parquet"
    )
    with pytest.raises(
        InputError, match=r"warm\.parquet: no usable track.*warmth is not a finite number"
    ):
        Catalogue.read(tmp_path / "warm.parquet")


@pytest.mark.parametrize("broken", ['x "y,"z" 1,2', "x", 'x"', f"x{',' * 10}"])
def test_a_table_of_little_but_broken_rows_is_refused_before_all_are_named(tmp_path, broken: str):
    good = ",".join(["a", *["1"] * 10])
    path = tmp_path / "a.csv"
    path.write_text("\n".join([",".join(["title", *MUSIC_NAMES]), good, *[broken] * 100_001]))
    with pytest.raises(InputError, match="most of the table, cannot be used; the first is line 3"):
        Catalogue.read(path)


def test_a_row_of_neutral_values_is_no_evidence_where_a_file_does_not_say(tmp_path: Path):
    neutral = [f.neutral for f in MUSIC_FIELDS]
    rows = [neutral, [*neutral[:-1], 1.0]]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(",".join(map(str, row)) for row in [MUSIC_NAMES, *rows]))
    assert Catalogue.read(path).evidence.tolist() == [0.0, 1.0]
