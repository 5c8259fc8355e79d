"""The temporal Transformer: what its answer may depend on, and what it costs."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from features.video.signals import COLUMNS
from features.video.temporal import TemporalSettings, TemporalTransformer, batch, residuals
from features.video.timeline import Timeline
from features.video.tokens import TokenScale

SIGNALS = 9


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def network() -> TemporalTransformer:
    """A network whose last layer and attention pools are not at their start."""
    torch.manual_seed(1)
    net = TemporalTransformer(TemporalSettings(inputs=SIGNALS)).eval()
    for layer in (net.head, net.pool, net.missing):
        torch.nn.init.normal_(layer.weight)
    return net


def window(length: int, seed: int = 0, missing: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    seen = rng.random((length, SIGNALS)) >= missing
    return np.where(seen, rng.normal(size=(length, SIGNALS)), 0).astype(np.float32), seen


def timeline(values: np.ndarray, embedding: np.ndarray | None = None) -> Timeline:
    """A Timeline whose first signals are the columns of `values`; the others are missing."""
    columns = np.full((len(values), len(COLUMNS)), np.nan)
    columns[:, 0] = 0.5
    columns[:, 1 : 1 + values.shape[1]] = values
    seconds = len(values) / 2
    return Timeline(
        np.arange(len(values)) * 0.5,
        columns,
        COLUMNS,
        [(0.0, seconds)],
        seconds,
        np.zeros((len(values), 36), np.float32),
        embedding,
    )


def test_an_untrained_network_changes_nothing():
    net = TemporalTransformer(TemporalSettings(inputs=SIGNALS))
    assert np.array_equal(residuals(net, [window(40), window(3)]), np.zeros((2, 11)))


@pytest.mark.parametrize("length", [1, 2, 15, 16, 17, 33, 120])
def test_padding_does_not_change_the_answer(network, length):
    alone = residuals(network, [window(length)])[0]
    padded = residuals(network, [window(length), window(200, seed=2)])[0]
    assert np.allclose(alone, padded, atol=2e-6)
    assert np.abs(alone).max() > 0.1


def test_padding_may_hold_anything(network):
    tokens, seen, mask = batch([window(20), window(50, seed=3)])
    noisy = torch.where(mask[..., None], tokens, torch.tensor(1e3))
    with torch.inference_mode():
        assert torch.allclose(network(tokens, seen, mask), network(noisy, seen, mask), atol=2e-6)


@pytest.mark.parametrize("length", [6, 40])
def test_the_order_of_tokens_matters(network, length):
    tokens, seen = window(length)
    shuffled = np.random.default_rng(4).permutation(length)
    first, second = residuals(network, [(tokens, seen), (tokens[shuffled], seen[shuffled])])
    assert np.abs(first - second).max() > 1e-2


def test_a_missing_signal_is_not_a_signal_of_zero(network):
    tokens, seen = window(20, missing=0.0)
    tokens[:, 2] = 0
    hidden = seen.copy()
    hidden[:, 2] = False
    zero, missing = residuals(network, [(tokens, seen), (tokens, hidden)])
    assert np.abs(zero - missing).max() > 1e-2


def test_what_is_missing_does_not_leak(network):
    tokens, seen = window(20, missing=0.3)
    noise = np.where(seen, tokens, np.float32(7))
    assert np.array_equal(
        *residuals(network, [(tokens, seen)]), *residuals(network, [(noise, seen)])
    )


def test_attention_sees_sixteen_tokens_and_no_more(network):
    """One layer's output at a token does not change with what lies 17 tokens away, and does with
    16."""
    torch.manual_seed(0)
    x, mask = torch.randn(1, 64, 32), torch.ones(1, 64, dtype=torch.bool)
    attention = network.blocks[0].attention
    with torch.inference_mode():
        attention.bias.zero_()
        before = attention(x, mask)[0, 30]
        for away, seen in ((17, False), (-17, False), (16, True), (-16, True)):
            changed = x.clone()
            changed[0, 30 + away] += 3
            assert torch.equal(before, attention(changed, mask)[0, 30]) != seen, away


def test_banded_attention_equals_full_attention_under_a_band(network):
    torch.manual_seed(3)
    x, mask = torch.randn(2, 48, 32), torch.arange(48)[None] < torch.tensor([[48], [29]])
    attention = network.blocks[1].attention
    with torch.inference_mode():
        q, k, v = attention.qkv(x).view(2, 48, 3, 4, 8).permute(2, 0, 3, 1, 4)
        distance = torch.arange(48)[None] - torch.arange(48)[:, None]
        scores = q @ k.transpose(-1, -2) / 8**0.5 + attention.bias[:, (distance + 16).clamp(0, 32)]
        scores = scores.masked_fill((distance.abs() > 16) | ~mask[:, None, None], float("-inf"))
        full = attention.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(2, 48, 32))
        assert torch.allclose(attention(x, mask)[mask], full[mask], atol=1e-5)


def test_pooling_by_hand():
    net = TemporalTransformer(TemporalSettings(inputs=1, width=4, heads=2, pools=1))
    torch.nn.init.zeros_(net.pool.bias)
    net.pool.weight.data = torch.tensor([[np.log(3.0), 0, 0, 0]], dtype=torch.float32)
    x = torch.tensor([[[1.0, 2, 0, 0], [0, 6, 0, 0], [9, 9, 9, 9]]])
    pooled = net.pooled(x, torch.tensor([[True, True, False]]))
    assert torch.allclose(
        pooled, torch.tensor([[0.75, 3.0, 0, 0]])
    )  # weights 3 : 1, the padding none


def test_the_same_input_gives_the_same_bits(network):
    first, second = (residuals(network, [window(77)]) for _ in range(2))
    assert np.array_equal(first, second)


def test_two_hours_in_little_memory():
    """Peak memory of a fresh process before and after 14,400 tokens through the network."""
    code = (
        "import resource, numpy as np, torch\n"
        "torch.set_num_threads(1)\n"
        "from features.video.temporal import *\n"
        "net = TemporalTransformer(TemporalSettings(inputs=48))\n"
        "window = lambda T: (np.zeros((T, 48), np.float32), np.ones((T, 48), bool))\n"
        "run = lambda T: residuals(net, [window(T)])\n"
        "run(32); before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; run(14_400)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    pytest.importorskip("resource")
    used = int(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
    )
    assert used / 1024 / (1024 if sys.platform == "darwin" else 1) < 200


# ------------------------------------------------------------------------------------ tokens


def test_tokens_are_normal_scores_of_ranks():
    rng = np.random.default_rng(0)
    skewed = np.exp(2 * rng.normal(size=(4000, 1)))
    scale = TokenScale.fit([timeline(skewed)])
    tokens, seen = scale.read(timeline(skewed))
    assert scale.names == (COLUMNS[1],) and seen.all()
    assert abs(tokens.mean()) < 0.02 and abs(tokens.std() - 1) < 0.06
    assert np.allclose(tokens[:, 0], np.clip(np.log(skewed[:, 0]) / 2, -2.17, 2.17), atol=0.1)


def test_tokens_beyond_the_known_range_are_held():
    scale = TokenScale.fit([timeline(np.linspace(0, 1, 100)[:, None])])
    far, _ = scale.read(timeline(np.array([[-50.0], [50.0]])))
    edge, _ = scale.read(timeline(np.array([[0.0], [1.0]])))
    assert np.array_equal(far, edge)


def test_a_mostly_constant_signal_keeps_its_rare_values():
    rare = np.zeros((1000, 1))
    rare[::200] = 1
    tokens, _ = TokenScale.fit([timeline(rare)]).read(timeline(rare))
    assert tokens[0, 0] - tokens[1, 0] > 1


def test_missing_columns_and_embeddings_are_masked():
    rng = np.random.default_rng(0)
    embedding = rng.normal(size=(300, 1024)).astype(np.float32)
    scale = TokenScale.fit([timeline(rng.normal(size=(300, 3)), embedding)], components=5)
    assert scale.width == 3 + 5
    values = rng.normal(size=(10, 3))
    values[4, 1] = np.nan
    tokens, seen = scale.read(timeline(values))
    assert not seen[:, 3:].any() and seen[:, :3].sum() == 29
    assert tokens[4, 1] == 0 and (tokens[:, 3:] == 0).all()


def test_embedding_components_have_unit_variance():
    rng = np.random.default_rng(0)
    embedding = (rng.normal(size=(500, 3)) * [5, 2, 1] @ rng.normal(size=(3, 1024))).astype(
        np.float32
    )
    scale = TokenScale.fit([timeline(np.zeros((500, 1)), embedding)], components=8)
    tokens, _ = scale.read(timeline(np.zeros((500, 1)), embedding))
    assert tokens.shape == (500, 3)  # no more axes than there is variance
    assert np.allclose(tokens.std(axis=0), 1, atol=0.05)
