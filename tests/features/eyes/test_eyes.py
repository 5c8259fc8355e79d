"""Eyes: one contract for every embedding network, proved on small ones that the test makes.

Transformers are held against torch's own layers, ONNX files are written here byte by byte.
"""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from data.errors import InputError
from features.pretrained import OPTIONAL, PRETRAINED, known
from features.video import eyes
from features.video.eyes.clip import Clip, tokenizer
from features.video.eyes.dino import Dino
from features.video.eyes.lite import EfficientNetLite, Lite0
from features.video.eyes.siglip import SigLip
from features.video.eyes.transformer import Names, layer
from features.video.signals import networks


def pictures(count: int = 3) -> list[np.ndarray]:
    rng = np.random.default_rng(7)
    return [rng.integers(0, 256, (90 + 40 * i, 160, 3), np.uint8) for i in range(count)]


def holds(opened: eyes.Eyes, size: int) -> None:
    """The contract: unit vectors that do not depend on what is looked at beside them."""
    found = opened(pictures())
    assert found.shape == (3, size) == (3, opened.size) and found.dtype == np.float32
    assert np.linalg.norm(found, axis=1) == pytest.approx(1, abs=1e-5)
    alone = np.vstack([opened([p]) for p in pictures()])
    assert alone == pytest.approx(found, abs=1e-5)
    assert np.ptp(found, axis=0).max() > 1e-4


# ------------------------------------------------------------------------------ the list


def test_every_kind_names_files_with_addresses_and_digests():
    for kind in eyes.EYES:
        for name in kind.files:
            entry = known(name)
            assert entry in (*PRETRAINED, *OPTIONAL)
            assert entry.url.startswith("https://") and len(entry.sha256) == 64 and entry.licence


def test_the_usual_eyes_look_where_nothing_is_said(monkeypatch):
    monkeypatch.delenv("LEITMOTIF_EYES", raising=False)
    assert eyes.chosen().name == "mobilenet_v3_small"
    assert networks.identity(networks.CHOSEN) == "mobilenet_v3_small:bbbb4c51"
    monkeypatch.setenv("LEITMOTIF_EYES", "clip_vit_b32")
    assert networks.identity(networks.CHOSEN) == "clip_vit_b32:40d36571"
    monkeypatch.setenv("LEITMOTIF_EYES", "an eagle's")
    with pytest.raises(InputError, match="an eagle's"):
        eyes.chosen()


def test_eyes_that_are_not_here_are_named_and_not_fetched(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("LEITMOTIF_EYES", "dinov2_small")
    monkeypatch.setenv("LEITMOTIF_MODELS", str(tmp_path))
    monkeypatch.setenv("LEITMOTIF_CACHE", str(tmp_path / "cache"))
    assert not networks.there(networks.CHOSEN)
    with pytest.raises(networks.Unavailable) as missed, networks.borrow(networks.CHOSEN):
        pass
    assert "leitmotif models pull dinov2_small" in missed.value.why


# ------------------------------------------------------------------------------ EfficientNet-Lite0


def test_lite_is_read_from_its_file(tmp_path: Path):
    torch.manual_seed(0)
    network = Lite0()
    assert sum(p.numel() for p in network.parameters()) == 3_371_008  # 4.65 M less 1.28 of classes
    stored = network.state_dict() | {"_fc.weight": torch.zeros(1000, 1280)}
    torch.save(stored, tmp_path / "lite.pth")
    holds(EfficientNetLite.load(tmp_path / "lite.pth"), 1280)
    torch.save({"other": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(InputError, match=r"other\.pth"):
        EfficientNetLite.load(tmp_path / "other.pth")


# ------------------------------------------------------------------------------ transformers


@pytest.mark.parametrize("causal", [False, True])
def test_a_layer_is_the_one_of_torch(causal: bool):
    torch.manual_seed(1)
    theirs = nn.TransformerEncoderLayer(
        32, 4, 64, dropout=0, activation="gelu", batch_first=True, norm_first=True
    ).eval()
    names = Names(
        "norm1", "self_attn.in_proj_", "self_attn.out_proj", "norm2", "linear1", "linear2"
    )
    x = torch.randn(2, 5, 32)
    mask = nn.Transformer.generate_square_subsequent_mask(5) if causal else None
    with torch.no_grad():
        wanted = theirs(x, src_mask=mask)
        found = layer(x, theirs.state_dict(), names, 4, nn.functional.gelu, 1e-5, causal)
    assert found.numpy() == pytest.approx(wanted.numpy(), abs=1e-5)


def square(out: int, into: int) -> torch.Tensor:
    return torch.randn(out, into) / into**0.5


def dino_weights(width: int = 64, depth: int = 2) -> dict[str, torch.Tensor]:
    torch.manual_seed(2)
    found = {
        "cls_token": torch.randn(1, 1, width),
        "pos_embed": torch.randn(1, 1 + 37**2, width),
        "mask_token": torch.zeros(1, width),
        "patch_embed.proj.weight": torch.randn(width, 3, 14, 14) / 24,
        "patch_embed.proj.bias": torch.zeros(width),
        "norm.weight": torch.ones(width),
        "norm.bias": torch.zeros(width),
    }
    for i in range(depth):
        layers = {"attn.qkv": (3, 1), "attn.proj": (1, 1), "mlp.fc1": (4, 1), "mlp.fc2": (1, 4)}
        for name, (out, into) in layers.items():
            found[f"blocks.{i}.{name}.weight"] = square(out * width, into * width)
            found[f"blocks.{i}.{name}.bias"] = torch.zeros(out * width)
        for name in ("norm1", "norm2"):
            found[f"blocks.{i}.{name}.weight"] = torch.ones(width)
            found[f"blocks.{i}.{name}.bias"] = torch.zeros(width)
        for name in ("ls1.gamma", "ls2.gamma"):
            found[f"blocks.{i}.{name}"] = torch.full((width,), 0.1)
    return found


def test_dino_is_read_from_its_file(tmp_path: Path):
    torch.save(dino_weights(), tmp_path / "dino.pth")
    holds(Dino.load(tmp_path / "dino.pth"), 64)
    torch.save({"cls_token": torch.zeros(1, 1, 8)}, tmp_path / "other.pth")
    with pytest.raises(InputError, match=r"other\.pth"):
        Dino.load(tmp_path / "other.pth")


class Tree(nn.Module):
    """Parameters by dotted names, as an archive of TorchScript keeps them."""

    def __init__(self, named: dict[str, torch.Tensor]) -> None:
        super().__init__()
        inside: dict[str, dict[str, torch.Tensor]] = {}
        for name, value in named.items():
            head, _, rest = name.partition(".")
            if rest:
                inside.setdefault(head, {})[rest] = value
            else:
                self.register_parameter(head, nn.Parameter(value))
        for head, rest in inside.items():
            self.add_module(head, Tree(rest))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def clip_weights(signs: int, width: int = 64, out: int = 16) -> dict[str, torch.Tensor]:
    torch.manual_seed(3)
    found = {
        "visual.conv1.weight": torch.randn(width, 3, 32, 32) / 55,
        "visual.class_embedding": torch.randn(width),
        "visual.positional_embedding": torch.randn(50, width),
        "visual.proj": torch.randn(width, out),
        "token_embedding.weight": torch.randn(signs, width),
        "positional_embedding": torch.randn(12, width),
        "text_projection": torch.randn(width, out),
    }
    norms = ["visual.ln_pre", "visual.ln_post", "ln_final"]
    for block in ("visual.transformer.resblocks.0.", "transformer.resblocks.0."):
        norms += [f"{block}ln_1", f"{block}ln_2"]
        layers = {"attn.in_proj_": (3, 1), "attn.out_proj.": (1, 1)}
        layers |= {"mlp.c_fc.": (4, 1), "mlp.c_proj.": (1, 4)}
        for name, (rows, into) in layers.items():
            found[f"{block}{name}weight"] = square(rows * width, into * width)
            found[f"{block}{name}bias"] = torch.zeros(rows * width)
    for name in norms:
        found[f"{name}.weight"], found[f"{name}.bias"] = torch.ones(width), torch.zeros(width)
    return found


@pytest.fixture
def merges(tmp_path: Path) -> Path:
    lines = ["#version", "c a", "ca t</w>", "d o", "do g</w>", ""]
    path = tmp_path / "merges.txt.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


def test_words_are_cut_by_the_list_of_merges(merges: Path):
    pytest.importorskip("tokenizers")
    words = tokenizer(merges)
    assert words.encode("Cat  dog").tokens == ["cat</w>", "dog</w>"]
    assert words.encode("cats").tokens == ["ca", "t", "s</w>"]
    letters = 2 * 256
    assert words.token_to_id("ca") == letters and words.get_vocab_size() == letters + 4 + 2
    assert words.token_to_id("!") == 0 and words.token_to_id("!</w>") == 256


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_clip_sees_and_reads_from_its_archive(tmp_path: Path, merges: Path):
    pytest.importorskip("tokenizers")
    weights = clip_weights(tokenizer(merges).get_vocab_size())
    torch.jit.script(Tree(weights)).half().save(str(tmp_path / "clip.pt"))
    opened = Clip.load(tmp_path / "clip.pt", merges)
    holds(opened, 16)
    read = opened.read(["cat", "dog", "cat cat cat cat cat cat cat cat cat cat cat cat cat"])
    assert read.shape == (3, 16) and np.linalg.norm(read, axis=1) == pytest.approx(1, abs=1e-5)
    assert opened.read(["dog"])[0] == pytest.approx(read[1], abs=1e-5)
    assert not np.allclose(read[0], read[1])
    (tmp_path / "no.pt").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"no\.pt"):
        Clip.load(tmp_path / "no.pt", merges)


# ------------------------------------------------------------------------------ ONNX


def wire(field: int, value: int | bytes | str) -> bytes:
    """One field of a protocol buffer."""
    if isinstance(value, int):
        return bytes(varint(field << 3)) + bytes(varint(value))
    value = value.encode() if isinstance(value, str) else value
    return bytes(varint(field << 3 | 2)) + bytes(varint(len(value))) + value


def varint(n: int) -> Iterator[int]:
    while n > 127:
        yield n & 127 | 128
        n >>= 7
    yield n


def named(name: str, kind: int, shape: tuple[int | str, ...]) -> bytes:
    sides = b"".join(wire(1, wire(1, s) if isinstance(s, int) else wire(2, s)) for s in shape)
    return wire(1, name) + wire(2, wire(1, wire(1, kind) + wire(2, sides)))


def onnx(
    nodes: list[tuple[str, list[str], str, bytes]], into: bytes, out: bytes, constants=()
) -> bytes:
    """A network of an opset-13 graph. nodes : operator, inputs, output, attributes."""
    graph = b"".join(
        wire(1, b"".join(wire(1, i) for i in inputs) + wire(2, output) + wire(4, kind) + attributes)
        for kind, inputs, output, attributes in nodes
    )
    graph += wire(2, "g") + b"".join(wire(5, c) for c in constants) + wire(11, into) + wire(12, out)
    return wire(1, 8) + wire(7, graph) + wire(8, wire(1, "") + wire(2, 13))


def constant(name: str, values: np.ndarray) -> bytes:
    sides = b"".join(wire(1, n) for n in values.shape)
    return (
        sides + wire(2, 1) + wire(8, name) + wire(9, struct.pack(f"<{values.size}f", *values.flat))
    )


@pytest.fixture
def siglip(tmp_path: Path) -> SigLip:
    pytest.importorskip("onnxruntime")
    tokenizers = pytest.importorskip("tokenizers")
    rng = np.random.default_rng(4)
    seeing = onnx(
        [("GlobalAveragePool", ["pixel_values"], "mean", b""), ("Flatten", ["mean"], "flat", b""),
         ("MatMul", ["flat", "w"], "pooler_output", b"")],
        named("pixel_values", 1, ("n", 3, 224, 224)), named("pooler_output", 1, ("n", 6)),
        [constant("w", rng.normal(size=(3, 6)).astype(np.float32))],
    )  # fmt: skip
    to_float = wire(5, wire(1, "to") + wire(3, 1) + wire(20, 2))
    reading = onnx(
        [("Cast", ["input_ids"], "x", to_float), ("MatMul", ["x", "w"], "pooler_output", b"")],
        named("input_ids", 7, ("n", 64)), named("pooler_output", 1, ("n", 6)),
        [constant("w", rng.normal(size=(64, 6)).astype(np.float32))],
    )  # fmt: skip
    (tmp_path / "see.onnx").write_bytes(seeing)
    (tmp_path / "read.onnx").write_bytes(reading)
    signs = {"<pad>": 0, "</s>": 1, "<unk>": 2, "cat": 3, "dog": 4}
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel(signs, "<unk>"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    words.save(str(tmp_path / "tokenizer.json"))
    return SigLip(tmp_path / "see.onnx", tmp_path / "read.onnx", tmp_path / "tokenizer.json")


def test_siglip_sees_and_reads_from_its_files(siglip: SigLip, tmp_path: Path):
    holds(siglip, 6)
    read = siglip.read(["cat", "dog dog"])
    assert read.shape == (2, 6) and not np.allclose(read[0], read[1])
    assert json.loads((tmp_path / "tokenizer.json").read_text())["model"]["vocab"]["dog"] == 4
    (tmp_path / "see.onnx").write_bytes(b"no network")
    with pytest.raises(InputError, match=r"see\.onnx"):
        SigLip(tmp_path / "see.onnx", tmp_path / "read.onnx", tmp_path / "tokenizer.json")
