"""No flipped bit passes, and what was written comes back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import InputError
from data.catalogue import Catalogue
from data.checksums import (
    SEAL,
    Damaged,
    check_arrays,
    checksum,
    is_whole,
    pack,
    parse_json,
    read_json,
    seal,
    seal_arrays,
    stamp,
    unpack,
    unseal,
    write_json,
)
from data.profiles import MUSIC_NAMES

DOCUMENT = {"name": "曲", "values": [0.1, -3e-7, 5], "none": None}


def flipped(blob: bytes, bit: int) -> bytes:
    damaged = bytearray(blob)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def test_the_sum_is_crc_32_of_parts_with_their_lengths():
    assert checksum(b"123456789") == checksum("123456789")
    assert checksum("ab", "c") != checksum("a", "bc")
    ints = np.arange(3)
    assert checksum(ints) != checksum(ints.astype(float)) != checksum(ints.reshape(3, 1))
    assert checksum(np.zeros((0, 3))) != checksum(np.zeros((0, 2)))


def test_a_document_comes_back_and_names_its_kind(tmp_path: Path):
    write_json(tmp_path / "a.json", "score", 2, DOCUMENT)
    assert read_json(tmp_path / "a.json", "score", 2) == DOCUMENT
    written = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert (written["kind"], written["version"]) == ("score", 2)
    with pytest.raises(Damaged, match=r"a\.json: damaged"):
        read_json(tmp_path / "a.json", "study", 2)
    with pytest.raises(Damaged, match=r"a\.json: written by another version"):
        read_json(tmp_path / "a.json", "score", 3)


def test_every_flipped_bit_of_a_document_shows(tmp_path: Path):
    path = tmp_path / "a.json"
    write_json(path, "score", 1, DOCUMENT)
    whole = path.read_bytes()
    for bit in range(8 * len(whole)):
        path.write_bytes(flipped(whole, bit))
        try:
            assert read_json(path, "score", 1) == DOCUMENT  # white space became other white space
        except Damaged:
            continue


@pytest.mark.parametrize(
    "record", [None, 3, [], "x", {}, {"kind": "score"}, {"kind": "score", "checksum": 1}]
)
def test_other_records_are_damage(record: object):
    with pytest.raises(Damaged):
        unseal(record, "score", 1, "a line")


def test_a_document_holds_no_nan():
    with pytest.raises(ValueError, match="not JSON compliant"):
        seal("score", 1, {"x": float("nan")})


@pytest.mark.parametrize(
    "text",
    [b"\xff", "[" * 100_000, "9" * 5000, "NaN", '{"x": Infinity}', "", "{"],
    ids=["bytes", "deep", "digits", "nan", "infinity", "empty", "cut"],
)
def test_json_of_anybody_is_read_or_refused(text: str | bytes):
    with pytest.raises(InputError, match=r"x\.json: not valid JSON"):
        parse_json(text, "x.json")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.data())
def test_packed_bytes_come_back_or_are_damaged(payload: bytes, data: st.DataObject):
    blob = pack("timeline", 3, payload)
    assert bytes(unpack(blob, "timeline", 3, "t")) == payload
    with pytest.raises(Damaged):
        unpack(flipped(blob, data.draw(st.integers(0, 8 * len(blob) - 1))), "timeline", 3, "t")
    with pytest.raises(Damaged):
        unpack(blob[: data.draw(st.integers(0, len(blob) - 1))], "timeline", 3, "t")


def test_arrays_and_their_metadata_are_checked():
    arrays = {"features": np.arange(6.0).reshape(2, 3), "order": np.arange(2)}
    metadata = seal_arrays("index", 1, arrays, {"catalogue": "a"})
    assert check_arrays("index", 1, arrays, metadata, "i") == {"catalogue": "a"}
    for wrong in (
        {**arrays, "order": np.array([1, 0])},
        {**arrays, "features": arrays["features"].reshape(3, 2)},
        {"features": arrays["features"]},
    ):
        with pytest.raises(Damaged):
            check_arrays("index", 1, wrong, metadata, "i")
    with pytest.raises(Damaged):
        check_arrays("index", 1, arrays, metadata | {"catalogue": "b"}, "i")
    with pytest.raises(Damaged, match="another version"):
        check_arrays("index", 2, arrays, metadata, "i")


def test_a_stamped_file_shows_every_flipped_bit(tmp_path: Path):
    path = tmp_path / "table"
    path.write_bytes(b"PAR1 values " + SEAL.encode() + b" footer")
    stamp(path)
    whole = path.read_bytes()
    assert is_whole(path) is True
    for bit in range(8 * len(whole)):
        path.write_bytes(flipped(whole, bit))
        assert is_whole(path) is not True
    path.write_bytes(b"no seal")
    assert is_whole(path) is None
    with pytest.raises(ValueError, match="0 seals"):
        stamp(path)


def test_bytes_put_into_a_sealed_parquet_file_show(tmp_path):
    path = tmp_path / "catalogue.parquet"
    row = {"track_id": "a", **dict.fromkeys(MUSIC_NAMES, 1.0)}
    Catalogue.from_rows([row], "here").write(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:200] + whole[180:200] + whole[200:])
    with pytest.raises(InputError, match="damaged Parquet"):
        Catalogue.read(path)
