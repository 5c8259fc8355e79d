"""The network's shapes, masks and tasks."""

import numpy as np
import pytest
import torch
from planted import linear_rule, planted

from data.profiles import MUSIC_FIELDS, MUSIC_NAMES, VIDEO_FIELDS, VIDEO_NAMES
from recommender.forward import network_forward
from recommender.linear import fit_ridge
from recommender.lit_module import emotion_class, losses
from recommender.network import Config, Network
from recommender.tasks import (
    EMOTIONS,
    FUSIONS,
    MAIN_INPUTS,
    MAIN_OUTPUTS,
    VA_INPUTS,
    VA_OUTPUTS,
    coefficient_mask,
)
from recommender.units import to_units


@pytest.fixture(scope="module")
def pairs():
    return planted(linear_rule, 200, noise=0.2)[0]


def network(pairs, fusion="split", **sizes) -> Network:
    torch.manual_seed(0)
    return Network(
        Config(fusion=fusion, **sizes), fit_ridge(pairs, mask=coefficient_mask(fusion))
    ).eval()


def tensors(pairs):
    x = torch.tensor(to_units(pairs.video, VIDEO_FIELDS), dtype=torch.float32)
    return x, torch.ones_like(x)


def shaken(net: Network) -> Network:
    """With a correction that is not zero."""
    with torch.no_grad():
        for head in (net.main_head, net.va_head):
            head.weight.normal_(0, 0.5)
    return net


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("rows", [1, 7])
def test_ten_outputs_and_four_emotions_for_every_row(pairs, fusion, rows):
    x, c = tensors(pairs)
    output = network(pairs, fusion)(x[:rows], c[:rows])
    assert output.music.shape == (rows, len(MUSIC_FIELDS)) and output.emotion.shape == (
        rows,
        len(EMOTIONS),
    )


@pytest.mark.parametrize("fusion", FUSIONS)
def test_untrained_it_is_the_ridge_solution(pairs, fusion):
    ridge = fit_ridge(pairs, mask=coefficient_mask(fusion))
    ours, evidence = network_forward(network(pairs, fusion))(pairs.video, pairs.video_confidence)
    theirs, their_evidence = ridge.forward(pairs.video, pairs.video_confidence)
    assert np.allclose(ours, theirs, atol=1e-3) and np.allclose(evidence, their_evidence, atol=1e-6)


def test_split_branches_see_only_their_own_inputs(pairs):
    net = shaken(network(pairs, "split"))
    x, c = tensors(pairs)
    other = x.clone()
    other[:, VA_INPUTS] = 0.9
    with torch.no_grad():
        before, after = net(x, c).music, net(other, c).music
    assert torch.equal(before[:, MAIN_OUTPUTS], after[:, MAIN_OUTPUTS]) and not torch.allclose(
        before[:, VA_OUTPUTS], after[:, VA_OUTPUTS]
    )
    other = x.clone()
    other[:, MAIN_INPUTS] = -0.9
    with torch.no_grad():
        assert torch.equal(before[:, VA_OUTPUTS], net(other, c).music[:, VA_OUTPUTS])


def test_what_was_not_measured_moves_nothing(pairs):
    net = shaken(network(pairs, "shared"))
    x, c = tensors(pairs)
    c[:, 3] = 0
    other = x.clone()
    other[:, 3] = -1
    unknown = x.clone()
    unknown[:, 3] = torch.nan
    with torch.no_grad():
        assert torch.equal(net(x, c).music, net(other, c).music)
        assert torch.equal(net(x, c).music, net(unknown, torch.ones_like(c)).music)


def test_rows_do_not_see_each_other(pairs):
    net = shaken(network(pairs, "shared"))
    x, c = tensors(pairs)
    with torch.no_grad():
        assert torch.allclose(net(x, c).music[:3], net(x[:3], c[:3]).music, atol=1e-6)


def test_arousal_and_valence_are_where_the_slices_say():
    assert VIDEO_NAMES[VA_INPUTS] == ("visual_arousal", "visual_valence") and MUSIC_NAMES[
        VA_OUTPUTS
    ] == ("arousal", "valence")
    assert VIDEO_NAMES[MAIN_INPUTS] + VIDEO_NAMES[VA_INPUTS] == VIDEO_NAMES


def test_emotions_are_the_quadrants_of_valence_and_arousal():
    music = torch.zeros(4, 10)
    music[:, MUSIC_NAMES.index("arousal")] = torch.tensor([0.5, 0.5, -0.5, -0.5])
    music[:, MUSIC_NAMES.index("valence")] = torch.tensor([0.5, -0.5, -0.5, 0.5])
    assert [EMOTIONS[i] for i in emotion_class(music)] == ["excited", "tense", "sad", "calm"]


def test_losses_by_hand_and_masked_targets_count_nowhere(pairs):
    net = network(pairs)
    x, c = tensors(pairs)
    music = torch.zeros(len(x), 10)
    weight = torch.zeros(len(x), 10)
    weight[0, 2], weight[1, 2] = 1.0, 0.5
    target = (music - net.out_mean) / net.out_scale
    with torch.no_grad():
        error = (net(x, c).music - target) ** 2
        found = losses(net, (x, c, music, weight))
    assert found["main"].item() == pytest.approx(
        ((error[0, 2] + 0.5 * error[1, 2]) / 1.5).item(), rel=1e-5
    )
    assert found["va"].item() == 0 and found["emotion"].item() == 0
