"""Damage as disks, cut copies, editors and hands do it: one to three changes to a few bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

Mutation = Callable[[bytearray, np.random.Generator], None]

_TOKENS = (
    b'"', b'""', b",", b";", b"\t", b"\r", b"\r\n", b"\n", b"\0", b"-", "−".encode(), b"=", b"{",
    b"}", b"[", b"null", b"true", b"nan", b"-inf", b"1e999", b"9" * 5000, b"1e30", b"-1e308",
    b"0x10", "１２".encode(), "，".encode(), b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"'", b"\\",
    b"\\ud800", b"<=", b"..", b"*", b"[" * 3000, b"NaN", b"Infinity", b"-0",
)  # fmt: skip


def flip(data: bytearray, rng: np.random.Generator) -> None:
    data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))


def cut(data: bytearray, rng: np.random.Generator) -> None:
    del data[int(rng.integers(len(data))) :]


def drop(data: bytearray, rng: np.random.Generator) -> None:
    first, last = _slice(data, rng)
    del data[first:last]


def insert(data: bytearray, rng: np.random.Generator) -> None:
    at = int(rng.integers(len(data) + 1))
    data[at:at] = rng.bytes(int(rng.integers(1, 64)))


def double(data: bytearray, rng: np.random.Generator) -> None:
    first, last = _slice(data, rng)
    at = int(rng.integers(len(data) + 1))
    data[at:at] = data[first:last]


def zero(data: bytearray, rng: np.random.Generator) -> None:
    first, last = _slice(data, rng)
    data[first:last] = bytes(last - first)


def add_token(data: bytearray, rng: np.random.Generator) -> None:
    at = int(rng.integers(len(data) + 1))
    data[at:at] = _token(rng)


def replace_token(data: bytearray, rng: np.random.Generator) -> None:
    """Another token in place of a word, a number or a mark."""
    words = list(re.finditer(rb"[\w.+-]+|\W", bytes(data)))
    word = words[int(rng.integers(len(words)))]
    data[word.start() : word.end()] = _token(rng)


BINARY: tuple[Mutation, ...] = (flip, flip, cut, drop, insert, double, zero)
TEXT: tuple[Mutation, ...] = (*BINARY, *[add_token, replace_token] * 4)


def mutated(original: bytes, rng: np.random.Generator, kinds: Sequence[Mutation]) -> bytes:
    """`original` with one to three changes."""
    data = bytearray(original)
    for _ in range(int(rng.integers(1, 4))):
        if data:
            kinds[int(rng.integers(len(kinds)))](data, rng)
    return bytes(data)


def _slice(data: bytearray, rng: np.random.Generator) -> tuple[int, int]:
    first = int(rng.integers(len(data)))
    return first, min(first + int(rng.integers(1, 2 + len(data) // 4)), len(data))


def _token(rng: np.random.Generator) -> bytes:
    return _TOKENS[int(rng.integers(len(_TOKENS)))]
