"""The encoder: copies of a picture lie near it, and it can be learned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from small_films import shot

from data.checksums import Damaged
from features.video.augment import Augmenter
from features.video.copies import copy_of
from features.video.encoder import (
    PARTS,
    SHIPPED,
    ZOOMS,
    Encoder,
    EncoderSizes,
    Network,
    as_tensor,
    squeezed,
)
from features.video.pictures import mirrored
from leitmotif.scenes.judging import by_layout, by_parts, judge
from leitmotif.scenes.pool import Pool
from leitmotif.scenes.training import TrainSettings, threshold_of, train


@pytest.fixture(scope="module")
def shipped() -> Encoder:
    return Encoder.load()


@pytest.fixture(scope="module")
def pool() -> Pool:
    """Five films of twelve pictures, a second apart."""
    pictures = np.stack([squeezed(shot(k), 64) for k in range(60)])
    keys = tuple(f"film {k}" for k in range(5))
    return Pool(pictures, np.repeat(np.arange(5), 12), np.tile(np.arange(12.0), 5), keys)


def test_vectors_are_of_length_one_whatever_the_size(shipped: Encoder):
    found = shipped.embed([shot(1, h, w) for h, w in ((90, 160), (480, 200), (16, 16))])
    assert found.dtype == np.float32 and found.shape == (3, shipped.size)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert shipped.embed([]).shape == (0, shipped.size)


def test_copies_and_mirror_images_are_nearer_than_other_pictures(shipped: Encoder):
    pictures = [shot(k) for k in range(20)]
    chance = np.random.default_rng(0)
    for copies in ([copy_of(p, chance) for p in pictures], [mirrored(p) for p in pictures]):
        alike = by_parts(shipped)(copies, pictures)
        assert (alike.argmax(axis=1) == np.arange(20)).mean() >= 0.9


def test_a_part_is_known_by_its_own_vector(shipped: Encoder):
    pictures = [shot(k) for k in range(20)]
    held = shipped.embed_parts(pictures)
    assert held.shape == (20, 1 + PARTS, shipped.size)
    assert np.allclose(held[:, 0], shipped.embed(pictures), atol=1e-5)
    assert np.linalg.norm(held, axis=2) == pytest.approx(1.0, abs=1e-5)
    corners = [p[45:, 80:] for p in pictures]
    asked = shipped.embed_zoomed(corners)
    assert asked.shape == (len(ZOOMS), 20, shipped.size)
    whole, parts = asked[0] @ held[:, 0].T, (asked[0] @ held.transpose(0, 2, 1)).max(axis=2).T
    right = np.arange(20)
    assert (parts.argmax(axis=1) == right).mean() >= 0.95
    assert parts[right, right].mean() > whole[right, right].mean() + 0.1
    assert shipped.embed_parts([]).shape == (0, 1 + PARTS, shipped.size)


def test_the_file_comes_back_as_it_was_and_damage_shows(shipped: Encoder, tmp_path: Path):
    path = tmp_path / "encoder.safetensors"
    shipped.save(path)
    again = Encoder.load(path)
    assert (again.name, again.threshold) == (shipped.name, pytest.approx(shipped.threshold))
    assert np.array_equal(again.embed([shot(1)]), shipped.embed([shot(1)]))
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1
    path.write_bytes(content)
    with pytest.raises(Damaged):
        Encoder.load(path)
    assert SHIPPED.stat().st_size < 10e6


def test_augmented_pictures_are_pictures_and_the_same_for_the_same_seed():
    pictures = as_tensor(np.stack([squeezed(shot(k), 96) for k in range(8)]))
    one, two, other = (Augmenter(64, seed) for seed in (3, 3, 4))
    for way in ("lightly", "strongly", "moments"):
        made = [getattr(augmenter, way)(pictures) for augmenter in (one, two, other)]
        assert torch.equal(made[0], made[1]) and not torch.equal(made[0], made[2])
        assert made[0].min() >= 0 and made[0].max() <= 1
        assert made[0].shape[-1] == (96 if way == "moments" else 64)


def test_neighbours_are_changed_alike():
    pictures = as_tensor(np.stack([squeezed(shot(k), 96) for k in range(8)]))
    first, second = Augmenter(64, other_films=1.0).moments(pictures, pictures).split(8)
    assert torch.equal(first, second) and not torch.equal(first, pictures)


def test_a_copy_shows_as_much_as_it_is_asked_to():
    halves = torch.zeros(64, 3, 96, 96)
    halves[..., 48:] = 1.0
    shown = Augmenter(64).strongly(halves, 32, (0.25, 0.26))
    assert shown.shape == (64, 3, 32, 32)
    # a quarter that lies anywhere often shows one half only
    assert (shown.std(dim=(1, 2, 3)) < 0.1).float().mean() > 0.1


def test_training_makes_the_loss_fall_and_writes_its_log(pool: Pool, tmp_path: Path):
    torch.manual_seed(0)
    assert pool.learned.any() and pool.moments.any()
    assert not (pool.learned & (pool.moments | pool.unseen)).any()
    settings = TrainSettings(epochs=3, batch_size=16, every=2, other_films=0.0)
    small = Network(EncoderSizes((8, 16, 16, 32), (1, 1, 1, 1)))
    trained = train(pool, settings, folder=tmp_path, accelerator="cpu", start=small)
    rows = [line.split(",") for line in (tmp_path / "metrics.csv").read_text().splitlines()]
    losses = [float(row[rows[0].index("loss")]) for row in rows[1:] if row[rows[0].index("loss")]]
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
    assert trained.epoch in (2, 3) and 0 < trained.rank <= 1
    assert -1 <= trained.encoder.threshold <= 1


def test_the_threshold_lies_above_other_films(shipped: Encoder, pool: Pool):
    assert 0.2 < threshold_of(shipped.network, pool) < 0.99
    lone = Pool(pool.pictures[:5], pool.films[:5], pool.times[:5], pool.keys)
    assert threshold_of(Network().eval(), lone) == 0.9


def test_ways_to_find_are_judged_on_the_same_copies(shipped: Encoder, pool: Pool):
    ways = {"vectors": by_parts(shipped), "layout": by_layout}
    vectors, layout = judge(pool, ways, queries=60)
    assert vectors.queries == layout.queries == 60
    for row in (vectors, layout):
        assert list(row.top) == sorted(row.top) and row.top[0] <= row.rank <= 1
    assert vectors.rank > layout.rank
