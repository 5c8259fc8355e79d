"""What a person's text file is encoded in.

UTF-16 and UTF-8 say so themselves. Of the rest, GB18030 (Chinese spreadsheets) reads nearly any
bytes, and Windows-1252 (Western ones) reads them too, so the two are told apart by what the letters
look like, in the manner of Li & Momoi 2001, "A composite approach to language/encoding detection":
how many of the characters are ones that the language uses.

    GB18030        characters of GB 2312 level 1 (the 3,755 common ones) or its punctuation
    Windows-1252   letters in words that are mostly ASCII, without a capital behind a small letter;
                   quotation marks and dashes beside such words
    UTF-8, damaged bytes that belong to a whole UTF-8 sequence

Shares are taken of the bytes above 127 in the first mebibyte; the largest wins, GB18030 before
Windows-1252 where they tie.
"""

from __future__ import annotations

import codecs
import re
from itertools import pairwise

_SAMPLE = 1 << 20
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]")
_GB_CHARACTER = re.compile(
    rb"[\x81-\xfe][\x30-\x39][\x81-\xfe][\x30-\x39]|[\x81-\xfe][\x40-\x7e\x80-\xfe]"
)
_GB_COMMON = re.compile(rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]")
_WORD = re.compile(r"[^\W\d_]+")
_MARKS = "‘’“”–—…«»¡¿ªº°·®™©"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")


def to_utf8(raw: bytes) -> bytes | None:
    """The text as UTF-8 without a byte-order mark; None where it is no text that we know."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = _strictly(raw, "utf-16")
    elif _is_utf8(raw):
        return None if b"\x00" in raw else raw.removeprefix(codecs.BOM_UTF8)
    else:
        text = _told_apart(raw)
    return None if text is None or "\x00" in text else text.encode("utf-8", "replace")


def _is_utf8(raw: bytes) -> bool:
    """Without holding the decoded text, which may take four times the bytes."""
    if raw.isascii():
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for at in range(0, len(raw), _SAMPLE):
            decoder.decode(raw[at : at + _SAMPLE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _told_apart(raw: bytes) -> str | None:
    sample = raw[:_SAMPLE]
    shares = {
        "utf-8-sig": _share_of_utf8(sample),
        "gb18030": _share_of_chinese(sample),
        "cp1252": _share_of_western(sample),
    }
    for name in sorted(shares, key=lambda n: -shares[n]):  # stable: ties keep this order
        text = _strictly(raw, name) if name != "utf-8-sig" else _mended(raw, shares[name])
        if text is not None and not (name == "cp1252" and _CONTROL.search(text)):
            return text
    return None


def _strictly(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _mended(raw: bytes, share: float) -> str | None:
    """UTF-8 with a replacement character where a byte was damaged."""
    return raw.decode("utf-8-sig", "replace") if share > 0.5 else None


def _share_of_utf8(raw: bytes) -> float:
    return sum(map(len, _UTF8.findall(raw))) / len(_HIGH.findall(raw))


def _share_of_chinese(raw: bytes) -> float:
    found = _GB_CHARACTER.findall(raw)
    return sum(bool(_GB_COMMON.fullmatch(c)) for c in found) / len(found) if found else 0.0


def _share_of_western(raw: bytes) -> float:
    text = raw.decode("cp1252", "replace")
    high = good = 0
    for word in _WORD.findall(text):
        foreign = sum(c > "\x7f" for c in word)
        high += foreign
        good += foreign if _is_western(word, foreign) else 0
    marks = [i for i, c in enumerate(text) if c > "\x7f" and not c.isalpha()]
    good += sum(text[i] in _MARKS and _beside_ascii(text, i) for i in marks)
    return good / max(1, high + len(marks))


def _is_western(word: str, foreign: int) -> bool:
    capital_inside = any(a.islower() and b.isupper() and b > "\x7f" for a, b in pairwise(word))
    return 2 * foreign <= len(word) and not capital_inside


def _beside_ascii(text: str, i: int) -> bool:
    return any(c.isascii() and c.isalnum() for c in text[max(0, i - 1) : i] + text[i + 1 : i + 2])
