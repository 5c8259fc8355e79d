"""CLIP ViT-B/32 (Radford et al., ICML 2021): 512 numbers of a picture, or of words about it.

The official file is a TorchScript archive in half precision; only its weights are taken, because
the program in it asks for a graphics card.
"""

from __future__ import annotations

import gzip
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from data.errors import InputError
from features.video.eyes import squares, unit
from features.video.eyes.transformer import Names, Weights, layer, norm, under

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MEAN = (0.48145466, 0.4578275, 0.40821073)
SPREAD = (0.26862954, 0.26130258, 0.27577711)
HEAD = 64
"""Width of an attention head, in pictures and in words."""
MERGES = 49152 - 256 - 2
"""Lines of the list of merges that the network was trained with."""
BEGIN, END = "<|startoftext|>", "<|endoftext|>"
_EPS = 1e-5
_NAMES = Names("ln_1", "attn.in_proj_", "attn.out_proj", "ln_2", "mlp.c_fc", "mlp.c_proj")


def _bend(x: Tensor) -> Tensor:
    return x * torch.sigmoid(1.702 * x)


class Clip:
    """weights : by the names of the official file, float32. tokenizer : of words.

    Raises `InputError` for a file that holds other weights.
    """

    def __init__(self, weights: Weights, tokenizer: Tokenizer) -> None:
        self._weights, self._tokenizer = weights, tokenizer
        patch = weights["visual.conv1.weight"]
        self.side = patch.shape[-1] * round(
            (len(weights["visual.positional_embedding"]) - 1) ** 0.5
        )
        self.size = weights["visual.proj"].shape[1]
        self._seeing = self._layers("visual.transformer.resblocks.")
        self._reading = self._layers("transformer.resblocks.")

    def _layers(self, prefix: str) -> list[dict[str, Tensor]]:
        own = under(self._weights, prefix)
        count = len({name.split(".")[0] for name in own})
        return [under(own, f"{i}.") for i in range(count)]

    @classmethod
    def load(cls, weights: Path, merges: Path) -> Clip:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of the archive's own format
                stored = torch.jit.load(str(weights), map_location="cpu").state_dict()
            return cls({name: v.float() for name, v in stored.items()}, tokenizer(merges))
        except (KeyError, RuntimeError, IndexError):
            raise InputError("eyes.other_weights", file=weights) from None

    @torch.inference_mode()
    def __call__(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        w = under(self._weights, "visual.")
        patch = w["conv1.weight"]
        x = torch.from_numpy(squares(pictures, self.side, MEAN, SPREAD))
        x = torch.conv2d(x, patch, stride=patch.shape[-1]).flatten(2).transpose(1, 2)
        first = w["class_embedding"].expand(len(x), 1, -1)
        x = norm(torch.cat([first, x], dim=1) + w["positional_embedding"], w, "ln_pre", _EPS)
        for one in self._seeing:
            x = layer(x, one, _NAMES, max(x.shape[-1] // HEAD, 1), _bend, _EPS)
        return unit((norm(x[:, 0], w, "ln_post", _EPS) @ w["proj"]).numpy())

    @torch.inference_mode()
    def read(self, texts: Sequence[str]) -> np.ndarray:
        w = self._weights
        places = w["positional_embedding"]
        tokens, ends = self._tokens(texts, len(places))
        x = w["token_embedding.weight"][tokens] + places
        for one in self._reading:
            x = layer(x, one, _NAMES, max(x.shape[-1] // HEAD, 1), _bend, _EPS, causal=True)
        last = norm(x, w, "ln_final", _EPS)[torch.arange(len(x)), ends]
        return unit((last @ w["text_projection"]).numpy())

    def _tokens(self, texts: Sequence[str], longest: int) -> tuple[Tensor, Tensor]:
        """Numbers of the tokens, (n, longest) with zeros behind, and where each text ends, (n,)."""
        begin, end = (self._tokenizer.token_to_id(t) for t in (BEGIN, END))
        found = torch.zeros((len(texts), longest), dtype=torch.long)
        ends = torch.zeros(len(texts), dtype=torch.long)
        for row, text in enumerate(texts):
            ids = [begin, *self._tokenizer.encode(text).ids[: longest - 2], end]
            found[row, : len(ids)] = torch.tensor(ids)
            ends[row] = len(ids) - 1
        return found, ends


def tokenizer(merges: Path) -> Tokenizer:
    """CLIP's byte-pair encoding by its list of merges (gzip). Raises `InputError`."""
    try:
        from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
    except ImportError:
        raise InputError("eyes.no_library", name="tokenizers") from None
    lines = gzip.decompress(merges.read_bytes()).decode("utf-8").split("\n")[1 : MERGES + 1]
    pairs = [(a, b) for a, _, b in (line.partition(" ") for line in lines if line)]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet(), key=ord)
    signs = [*letters, *(f"{c}</w>" for c in letters), *("".join(p) for p in pairs), BEGIN, END]
    found = Tokenizer(
        models.BPE({s: i for i, s in enumerate(signs)}, pairs, end_of_word_suffix="</w>")
    )
    found.normalizer = normalizers.Sequence([
        normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()
    ])  # fmt: skip
    words = Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    found.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(words, behavior="removed", invert=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])  # fmt: skip
    return found


load = Clip.load
