"""Scenes by words: what eyes that read see of a film is kept, and asked again without looking."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from torch import nn

from features import pretrained
from features.pretrained import PretrainedFile
from features.video import eyes
from features.video.eyes import Kind, unit
from features.video.signals import networks
from leitmotif.cli import main
from leitmotif.scenes.by_words import find_words, sights_of
from leitmotif.scenes.library import Library

COLOURS = {"blue": (255, 0, 0), "green": (0, 255, 0), "red": (0, 0, 255)}
"""BGR."""


class ColourEyes:
    """See colours and read their names."""

    size = 3

    def __init__(self) -> None:
        self.looked = 0

    def __call__(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        self.looked += len(pictures)
        return unit(np.array([p.reshape(-1, 3).mean(axis=0) + 1 for p in pictures]))

    def read(self, texts: Sequence[str]) -> np.ndarray:
        return unit(np.array([COLOURS[text] for text in texts]))


def film(path: Path, order: Sequence[str], seconds: float = 2.0) -> Path:
    """A film of colours with a little pattern in each, 10 pictures a second."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for i, colour in enumerate(order):
            picture = np.tile(np.array(COLOURS[colour], np.uint8), (96, 160, 1))
            picture[20:60, 20 + 25 * i : 60 + 25 * i] //= 2
            for _ in range(int(10 * seconds)):
                shown = av.VideoFrame.from_ndarray(picture, format="bgr24")
                file.mux(stream.encode(shown))
        file.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of two films."""
    place = tmp_path_factory.mktemp("words")
    film(place / "First.mp4", ["red", "green", "blue"])
    film(place / "Second.mp4", ["green", "blue", "green"])
    with Library.open(place / "library") as library:
        library.add([place], jobs=1)
    return place


def test_words_find_the_scenes_that_show_them(folder: Path):
    looking = ColourEyes()
    with Library.open(folder / "library") as library:
        (best, *_), failed = find_words(library, "red", looking, "colours:0", k=3)
        assert not failed and best.film.title == "First" and best.similarity > 0.95
        assert best.at < 2 and best.start < 0.5 and 1.4 <= best.end <= 2.6
        seen = looking.looked
        green, _ = find_words(library, "green", looking, "colours:0", k=3)
        assert looking.looked == seen  # what was seen is kept
        assert sorted((s.film.title, round(s.start)) for s in green) == [
            ("First", 2), ("Second", 0), ("Second", 4)
        ]  # fmt: skip
        find_words(library, "green", looking, "other:1", k=3)
        assert looking.looked == 2 * seen  # other eyes look for themselves


def test_damaged_sights_are_made_again_and_a_film_that_is_gone_is_left_out(
    folder: Path, tmp_path: Path
):
    looking = ColourEyes()
    with Library.open(folder / "library") as library:
        first, second = library.films
        whole = sights_of(library, first, looking, "kept:0")
        (kept,) = (library.folder / "sights").glob(f"{first.id}.kept-0*")
        kept.write_bytes(kept.read_bytes()[:-9])
        again = sights_of(library, first, looking, "kept:0")
        assert np.array_equal(again.vectors, whole.vectors)
        path = Path(second.path)
        path.rename(tmp_path / "away.mp4")
        found, failed = find_words(library, "blue", looking, "kept:0")
        assert [f.title for f, _ in failed] == ["Second"]
        assert {s.film.title for s in found} == {"First"}
        (tmp_path / "away.mp4").rename(path)


class Named(nn.Module):
    """Weights by dotted names, as an archive of TorchScript keeps them."""

    def __init__(self, weights: dict[str, torch.Tensor]) -> None:
        super().__init__()
        heads = {name.partition(".")[0] for name in weights}
        for head in sorted(heads):
            rest = {n.partition(".")[2]: v for n, v in weights.items() if n.split(".")[0] == head}
            if "" in rest:
                self.register_parameter(head, nn.Parameter(rest[""]))
            else:
                self.add_module(head, Named(rest))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def small_clip(signs: int, width: int = 64) -> dict[str, torch.Tensor]:
    """Random weights of a CLIP of one layer each."""
    torch.manual_seed(0)
    shapes: dict[str, tuple[int, ...]] = {
        "visual.conv1.weight": (width, 3, 32, 32),
        "visual.class_embedding": (width,),
        "visual.positional_embedding": (2, width),
        "visual.proj": (width, 8),
        "token_embedding.weight": (signs, width),
        "positional_embedding": (12, width),
        "text_projection": (width, 8),
    }
    norms = ["visual.ln_pre", "visual.ln_post", "ln_final"]
    for block in ("visual.transformer.resblocks.0.", "transformer.resblocks.0."):
        shapes |= {f"{block}attn.in_proj_weight": (3 * width, width)}
        shapes |= {f"{block}attn.in_proj_bias": (3 * width,)}
        for name, sides in {"attn.out_proj": (width, width), "mlp.c_fc": (4 * width, width),
                            "mlp.c_proj": (width, 4 * width)}.items():  # fmt: skip
            shapes |= {f"{block}{name}.weight": sides, f"{block}{name}.bias": sides[:1]}
        norms += [f"{block}ln_1", f"{block}ln_2"]
    for name in norms:
        shapes |= {f"{name}.weight": (width,), f"{name}.bias": (width,)}
    return {name: torch.randn(sides) / sides[-1] ** 0.5 for name, sides in shapes.items()}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_command_looks_with_the_eyes_that_are_here(
    folder: Path, tmp_path: Path, monkeypatch, capsys
):
    pytest.importorskip("tokenizers")
    ask = ["scenes", "find", "a cat", "--library", str(folder / "library"), "--json", "--quiet"]
    monkeypatch.setenv("LEITMOTIF_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LEITMOTIF_MODELS", str(tmp_path))
    assert main(ask) == 2
    assert "leitmotif models pull" in capsys.readouterr().err

    (tmp_path / "words.gz").write_bytes(gzip.compress(b"#version\nc a\nca t</w>\n"))
    torch.jit.script(Named(small_clip(512 + 2 + 2))).save(str(tmp_path / "tiny.pt"))
    listed = tuple(
        PretrainedFile(name, file, "https://none/" + file, hashlib.sha256(
            (tmp_path / file).read_bytes()).hexdigest(), 0, "CC0", "a test")
        for name, file in (("tiny", "tiny.pt"), ("tiny_words", "words.gz"))
    )  # fmt: skip
    monkeypatch.setattr(pretrained, "OPTIONAL", listed)
    monkeypatch.setattr(networks, "OPTIONAL", listed)
    monkeypatch.setattr(
        eyes, "EYES", (*eyes.EYES, Kind("tiny", ("tiny", "tiny_words"), "clip", True))
    )
    monkeypatch.setenv("LEITMOTIF_EYES", "tiny")
    assert main(ask) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["eyes"].startswith("tiny:") and answer["words"] == "a cat"
    assert 1 < len(answer["hits"]) <= 5 and answer["hits"][0]["film"]["title"] in (
        "First",
        "Second",
    )
    near = [hit["similarity"] for hit in answer["hits"]]
    assert near == sorted(near, reverse=True)
