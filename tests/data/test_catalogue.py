"""The catalogue: generous reading, strict writing, and every row that is left out is named."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import catalogue as catalogue_module
from data.catalogue import Catalogue
from data.errors import InputError
from data.profiles import MUSIC_FIELDS, MUSIC_NAMES

THEIRS = "Richness,Variation,Rhythm,Warmth,Harmony,brightness_score,Melody Trend Score,Rhythm speed score,音乐唤醒度,音乐效价"
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


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_whole_columns_and_single_rows_read_the_same(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
):
    tracks(50).write(tmp_path / name)
    monkeypatch.setattr(catalogue_module, "_FAST_READ_BYTES", 0)
    fast = Catalogue.read(tmp_path / name)
    monkeypatch.setattr(catalogue_module, "_from_table", lambda *_: None)
    monkeypatch.setattr(catalogue_module, "_FAST_READ_BYTES", 1 << 60)
    slow = Catalogue.read(tmp_path / name)
    np.testing.assert_array_equal(fast.features, slow.features)
    for column in ("track_id", "title", "duration_s", "isrc"):
        assert fast.text(column) == slow.text(column)
    assert (
        fast.take([4, 2]).text("track_id") == slow.take([4, 2]).text("track_id") == ["曲/4", "曲/2"]
    )
    np.testing.assert_array_equal(fast.numbers("duration_s"), slow.numbers("duration_s"))
    assert fast.track(7) == slow.track(7)


def test_a_large_file_with_a_bad_row_still_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(catalogue_module, "_FAST_READ_BYTES", 0)
    found = read(
        tmp_path,
        "\n".join(
            ["track_id," + ",".join(MUSIC_NAMES), "a," + ROWS[0], "b,1,2,inf,4,5,6,7,8,9,10"]
        ),
    )
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
