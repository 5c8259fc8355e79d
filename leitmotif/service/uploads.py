"""What comes in: files as they are sent, straight to the disk, and paths inside allowed folders."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from data.errors import InputError
from features.video.container import content_sha256
from leitmotif.sessions.workspace import INCOMING, Kept, shown_name

_BLOCK = 1 << 20
"""Bytes that are held in memory of each upload."""
KEY_DIGITS = 32
"""Hexadecimal digits of a checksum that name a file: 128 bits."""


async def receive(
    folder: Path,
    name: str,
    chunks: AsyncIterator[bytes],
    suffixes: Collection[str],
    limit_mb: int,
) -> Kept:
    """Keep what is sent in `folder` under its checksum; the same content twice is kept once.

    Raises `InputError` for an empty file, one over the limit, or one of another kind.
    """
    shown = shown_name(name) or "file"
    suffix = Path(shown).suffix.lower()
    if suffix not in suffixes:
        raise InputError("session.wrong_kind", file=shown, kinds=", ".join(suffixes))
    incoming = folder / f"{INCOMING}{uuid.uuid4().hex[:16]}{suffix}"
    digest, size, block = hashlib.sha256(), 0, bytearray()
    try:
        with incoming.open("wb") as file:

            def put() -> None:
                digest.update(block)
                file.write(block)
                block.clear()

            async for chunk in chunks:
                size += len(chunk)
                if size > limit_mb << 20:
                    raise InputError("service.too_large", file=shown, mb=limit_mb)
                block += chunk
                if len(block) >= _BLOCK:
                    await run_in_threadpool(put)
            await run_in_threadpool(put)
        if not size:
            raise InputError("session.empty_file", file=shown)
        key = digest.hexdigest()[:KEY_DIGITS]
        kept = Kept(key, shown, folder / f"{key}{suffix}")
        incoming.replace(kept.path)
        return kept
    except OSError as error:
        raise InputError("session.cannot_keep", file=shown, reason=error.strerror) from None
    finally:
        incoming.unlink(missing_ok=True)


def inside(text: str, roots: Sequence[Path]) -> Path:
    """What a path means inside one of the allowed folders, links followed.

    text : absolute, or from a root on. Raises `InputError` for everything else, there or not.
    """
    for root in roots:
        try:
            path = (root / text).resolve()
            if path.is_relative_to(root) and path.exists():
                return path
        except (OSError, ValueError, RuntimeError):  # a NUL, an endless name, a circle of links
            continue
    raise InputError("service.outside", path=shown_name(text) or "?")


def kept_film(path: Path, suffixes: Collection[str]) -> Kept:
    """A film that stays where it is, named by its content. Raises `InputError`."""
    if not path.is_file() or path.suffix.lower() not in suffixes:
        raise InputError("session.wrong_kind", file=path.name, kinds=", ".join(suffixes))
    return Kept(content_sha256(path)[:KEY_DIGITS], shown_name(path.name), path)
