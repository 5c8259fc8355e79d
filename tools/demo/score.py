"""The pieces of `score.toml`, ready to be played."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tools.demo.compose import Part, Piece


def read_pieces() -> tuple[Piece, ...]:
    """Every piece of the score, in order."""
    with Path(__file__).with_name("score.toml").open("rb") as file:
        return tuple(_piece(table) for table in tomllib.load(file)["piece"])


def _piece(table: dict) -> Piece:
    parts = (part | {"bars": tuple(part.get("bars", Part.bars))} for part in table.pop("parts"))
    return Piece(**table, parts=tuple(Part(**part) for part in parts))


PIECES = read_pieces()
