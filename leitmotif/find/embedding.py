"""Unknown words go to their nearest known ones, where a static text embedding is installed.

Any model that model2vec loads (`pip install leitmotif[words]`): a folder with `model.safetensors`,
`tokenizer.json` and `config.json`, named by `LEITMOTIF_WORDS`. Without it unknown words stay named.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np

from data.errors import InputError
from leitmotif.find.lexicon import Lexicon, lexicon
from leitmotif.find.reading import Nearest

ALIKE = 0.6
"""Cosine from which two words count as meaning nearly the same (heuristic)."""


class Encoder(Protocol):
    """What turns words into vectors, as model2vec's `StaticModel` does."""

    def encode(self, sentences: Sequence[str]) -> np.ndarray:
        """(n, dimensions) of n texts."""


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Known words and their unit vectors (n, dimensions)."""

    encoder: Encoder
    known: tuple[str, ...]
    vectors: np.ndarray

    @classmethod
    def of(cls, encoder: Encoder, words: Lexicon | None = None) -> Neighbours:
        """The words of the lexicon that name a concept."""
        signs = (words or lexicon()).signs
        known = tuple(word for word, sign in signs.items() if sign.concept)
        return cls(encoder, known, _unit(encoder.encode(known)))

    def __call__(self, word: str) -> str | None:
        """The known word nearest to one; None where none is near."""
        near = self.vectors @ _unit(self.encoder.encode([word]))[0]
        best = int(np.argmax(near))
        return self.known[best] if near[best] >= ALIKE else None


def _unit(vectors: np.ndarray) -> np.ndarray:
    vectors = np.asarray(vectors, np.float32)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1)


def nearest() -> Nearest | None:
    """By the model that `LEITMOTIF_WORDS` names; None where it names none.

    Raises `InputError` for a model that cannot be loaded, also where model2vec is not installed.
    """
    folder = os.environ.get("LEITMOTIF_WORDS")
    return load(folder) if folder else None


@cache
def load(folder: str) -> Neighbours:
    """The neighbours by a model in a folder. Raises `InputError`."""
    path = Path(folder)
    if not path.is_dir():  # model2vec would ask the network for a model of that name
        raise InputError("find.no_model", file=path, why=os.strerror(2))
    try:
        from model2vec import StaticModel

        encoder = StaticModel.from_pretrained(path)
    except ImportError:
        raise InputError("find.no_model", file=path, why="pip install 'leitmotif[words]'") from None
    except Exception as error:  # whatever a damaged file makes its three readers raise
        raise InputError("find.no_model", file=path, why=str(error)[:120]) from None
    return Neighbours.of(encoder)
