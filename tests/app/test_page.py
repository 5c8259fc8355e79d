"""The page without a browser: its states, its choices, and what stays when one of them moves.

Streamlit's AppTest runs the real script. The film is a real one of two seconds, watched once.
"""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.proto.BidiComponent_pb2 import BidiComponent
from streamlit.testing.v1 import AppTest

from data.catalogue import Catalogue
from data.profiles import MUSIC_NAMES
from data.words import say
from leitmotif.page import inputs, state
from leitmotif.render import ffmpeg
from leitmotif.sessions import films, jobs
from leitmotif.sessions.desk import Desk, _safe
from leitmotif.settings import DEMO_CATALOGUE
from matcher import presets

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "两秒 film.mp4"
    source = "testsrc2=size=160x90:rate=10:duration=2"
    subprocess.run(
        [
            ffmpeg.executable(),
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            source,
            "-pix_fmt",
            "yuv420p",
            path,
        ],
        check=True,
    )
    return path


def page(desk: str | None = None) -> AppTest:
    """A visit to a desk, by default to one that nobody has sat at."""
    at = AppTest.from_file(str(ROOT / "leitmotif" / "page" / "script.py"), default_timeout=120)
    at.query_params["desk"] = desk or uuid.uuid4().hex
    return at.run()


@pytest.fixture(scope="module", autouse=True)
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where desks are kept, away from a person's own."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEITMOTIF_DATA", str(folder))
        st.cache_resource.clear()
        yield folder
    st.cache_resource.clear()


def desk_of(at: AppTest) -> Desk:
    found = state._desks()._open.values()
    name = at.session_state["desk"]
    return next(d for d in found if d.folder.name == _safe(name))


@pytest.fixture(scope="module")
def watched(film: Path) -> AppTest:
    """A page with a film that has been watched; tests that change it put it back."""
    at = page()
    at.text_input(key="video_path").set_value(str(film)).run()
    assert film_of(at).job.wait(120) and film_of(at).ready
    return at.run()


def titles(at: AppTest) -> list[str]:
    """The tracks, as the page shows them."""
    return [card["head"].split('class="title">')[1].split("<")[0] for card in cards(at)]


def cards(at: AppTest) -> list[dict[str, str]]:
    """The cards of the tracks, as the browser is told them."""
    lists = [c.proto for c in at.get("bidi_component") if c.proto.component_name.endswith("cards")]
    return json.loads(lists[0].json)["cards"] if lists else []


def sliders(at: AppTest, kind: str) -> BidiComponent:
    """The ten sliders, "wishes" or "weights"."""
    found = [c.proto for c in at.get("bidi_component") if c.proto.id.endswith(f"-ten_{kind}")]
    return found[0]


def stand(at: AppTest, kind: str) -> dict[str, float]:
    """Where they stand, by name."""
    told = json.loads(sliders(at, kind).json)
    names = [slider["name"] for slider in told["fixed"]["sliders"]]
    return dict(zip(names, told["moved"]["values"], strict=True))


def below(at: AppTest) -> str:
    """What is said below the wishes."""
    return json.loads(sliders(at, "wishes").json)["moved"]["said"]


def move(at: AppTest, kind: str, **said: object) -> AppTest:
    """Move some of ten sliders, switch what is below them, or put them back (reset=True)."""
    component = sliders(at, kind)
    told = {"of": json.loads(component.json)["of"], "no": 1, "said": said}
    states = at._tree.get_widget_states()
    states.widgets.add(
        id=f"$$STREAMLIT_INTERNAL_KEY_{component.id}__events",
        json_trigger_value=json.dumps([{"event": "move", "value": told}]),
    )
    return at._run(states)


def turn(at: AppTest, tab: str) -> AppTest:
    """Open one of the three views beside the list: wants, matters, filters."""
    at.session_state["asked"] = say(f"page.{tab}")
    return at.run()


def said(at: AppTest, kind: str, name: str):
    """The widget of this name, whichever turn it has."""
    return next(w for w in at.get(kind) if w.key.startswith(f"{name}|"))


def film_of(at: AppTest):
    """The film chosen, as the session keeps it."""
    return desk_of(at).films[said(at, "radio", "film").value]


def weights(at: AppTest) -> np.ndarray:
    return np.array(at.session_state["turns"]["weights"].value)


def catalogue_file(path: Path, *titles: str) -> Path:
    """A table with a track for each title."""
    path.parent.mkdir(exist_ok=True)
    rows = [
        f"{n},{title}," + ",".join(str(n + j) for j in range(10)) for n, title in enumerate(titles)
    ]
    path.write_text("\n".join(["track_id,title," + ",".join(MUSIC_NAMES), *rows]), encoding="utf-8")
    return path


def test_empty_page_teaches_in_one_line():
    at = page()
    assert not at.exception
    assert at.header[0].value == say("page.empty_title")
    assert say("page.sample") in [b.label for b in at.button]


def test_results_of_a_film(watched: AppTest):
    assert not watched.exception
    assert len(titles(watched)) == 5
    bars = next(h.proto.body for h in watched.get("html") if "<table>" in h.proto.body)
    assert bars.count("<tr") == 11 and "Scene tension" in bars


def test_sliders_begin_at_the_prediction(watched: AppTest):
    from features.video import score
    from leitmotif.pipeline import request
    from recommender import load_recommender

    catalogue = Catalogue.read(DEMO_CATALOGUE)
    predicted = request(score(film_of(watched).timeline), catalogue, load_recommender())
    for name, value in zip(MUSIC_NAMES, predicted.values, strict=True):
        assert stand(watched, "wishes")[name] == pytest.approx(value, abs=0.051)


def test_a_wish_changes_the_list_and_can_be_taken_back(watched: AppTest):
    before, predicted = titles(watched), stand(watched, "wishes")
    timeline = film_of(watched).timeline
    ends = {"arousal": (-100, 100), "brightness": (0, 100), "rhythm_speed": (0, 100)}
    move(
        watched,
        "wishes",
        **{n: low if predicted[n] > (low + high) / 2 else high for n, (low, high) in ends.items()},
    )
    assert titles(watched) != before
    assert "You changed" in below(watched)
    assert film_of(watched).timeline is timeline  # not watched again
    move(watched, "wishes", reset=True)
    assert titles(watched) == before and stand(watched, "wishes") == predicted
    assert not below(watched)


def test_what_is_changed_leads_until_the_person_says_otherwise(watched: AppTest):
    """Arousal at its lowest is answered by calm tracks; once one at +65 stood in front."""
    move(watched, "wishes", arousal=-100)
    led = [arousal_of(title) for title in titles(watched)]
    assert max(led) < 0
    move(watched, "wishes", on=False)
    assert [arousal_of(title) for title in titles(watched)] != led
    move(watched, "wishes", on=True)
    assert [arousal_of(title) for title in titles(watched)] == led
    turn(watched, "matters")
    move(watched, "weights", arousal=0.1)
    assert [arousal_of(title) for title in titles(watched)] != led, "the person's weight stands"
    said(watched, "button_group", "preset").set_value("equal").run()
    turn(watched, "wants")
    move(watched, "wishes", reset=True)


def test_what_a_browser_may_send_for_a_move_is_kept_within_the_ends(watched: AppTest):
    before = stand(watched, "wishes")
    move(watched, "wishes", arousal=1e9, warmth="much", valence=None, brightness=True, x=3)
    assert stand(watched, "wishes") == before | {"arousal": 100.0}
    move(watched, "wishes", reset=True)
    assert stand(watched, "wishes") == before


def arousal_of(title: str) -> float:
    demo = Catalogue.read(DEMO_CATALOGUE)
    row = demo.text("title").index(title)
    return float(demo.features[row, MUSIC_NAMES.index("arousal")])


def test_presets_move_the_weights(watched: AppTest):
    said(watched, "button_group", "preset").set_value("va_only").run()
    assert weights(watched) == pytest.approx(presets.va_only())
    turn(watched, "matters")
    move(watched, "weights", warmth=2.0)
    assert said(watched, "button_group", "preset").value is None  # own weights belong to no preset
    said(watched, "button_group", "preset").set_value("equal").run()
    assert weights(watched) == pytest.approx(np.ones(10))


def test_no_weight_at_all_is_a_sentence(watched: AppTest):
    turn(watched, "matters")
    move(watched, "weights", **dict.fromkeys(MUSIC_NAMES, 0.0))
    assert not watched.exception and watched.warning and titles(watched) == []
    said(watched, "button_group", "preset").set_value("equal").run()
    assert len(titles(watched)) == 5


def test_filters_leave_what_was_asked_for_or_say_that_nothing_is_left(watched: AppTest):
    turn(watched, "filters")
    words = next(t for t in watched.text_input if t.key.startswith("words|"))
    words.set_value("no such title").run()
    assert titles(watched) == [] and watched.warning[0].value == say("page.none_left")
    next(t for t in watched.text_input if t.key.startswith("words|")).set_value("").run()
    assert len(titles(watched)) == 5
    turn(watched, "wants")


def test_energy_and_singing_filter_the_list(watched: AppTest):
    demo = Catalogue.read(DEMO_CATALOGUE)
    energy = dict(zip(demo.text("title"), demo.text("energy"), strict=True))
    turn(watched, "filters")
    said(watched, "button_group", "energy").set_value(["peak"]).run()
    assert titles(watched) and {energy[t] for t in titles(watched)} == {"peak"}
    said(watched, "button_group", "sung").set_value("vocals").run()
    assert titles(watched) == [] and watched.warning[0].value == say("page.none_left")
    said(watched, "button_group", "sung").set_value("either").run()
    said(watched, "button_group", "energy").set_value([]).run()
    assert len(titles(turn(watched, "wants"))) == 5


def test_other_language_keeps_everything_else(watched: AppTest):
    before = titles(watched)
    next(c for c in watched.get("button_group") if c.key == "language").set_value("zh").run()
    assert titles(watched) == before
    shown = " ".join(
        [s.value for s in watched.subheader]
        + [sliders(watched, "wishes").json.encode().decode("unicode_escape")]
        + [b.label for b in watched.button]
    )
    assert "所见画面" in shown and "温暖度" in shown and "Warmth" not in shown
    next(c for c in watched.get("button_group") if c.key == "language").set_value("en").run()


def test_the_same_content_is_one_film(watched: AppTest, film: Path):
    at = watched
    at.text_input(key="video_path").set_value(f'"{film}"').run()
    assert len(desk_of(at).films) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [("/no/such/film.mp4", "no such file"), (str(ROOT / "README.md"), "not read here")],
)
def test_a_path_that_cannot_be_used_is_a_sentence(text: str, said: str):
    at = page()
    at.text_input(key="video_path").set_value(text).run()
    assert not at.exception and said in at.error[0].value.replace("\\", "")


def test_chinese_page_says_in_chinese_what_is_wrong(tmp_path: Path):
    """Also of a file that only turns out to be no film once it is read."""
    (tmp_path / "notes.mp4").write_text("these are words\n" * 50, encoding="utf-8")
    at = page()
    next(c for c in at.get("button_group") if c.key == "language").set_value("zh").run()
    at.text_input(key="video_path").set_value("/no/such/film.mp4").run()
    assert "本机没有这个文件" in at.error[0].value
    at.text_input(key="catalogue_path").set_value(str(ROOT / "constraints.txt")).run()
    assert "不是音乐曲库" in at.error[0].value
    at.text_input(key="video_path").set_value(str(tmp_path / "notes.mp4")).run()
    assert film_of(at).job.wait(60)
    assert at.run().error[0].value.replace("\\", "").startswith("notes.mp4：这是文本文件，不是视频")


def test_a_build_is_listed_and_chosen_though_a_redraw_ends_on_the_way(monkeypatch, tmp_path):
    class Ended(Exception):
        """As Streamlit ends a redraw wherever it looks into `st.session_state`."""

    built = SimpleNamespace(catalogue=[1, 2], failed=[])
    job = SimpleNamespace(result=(built, tmp_path / "built.csv"), state="done")
    listed: dict[str, Any] = {}
    desk = SimpleNamespace(build=("Music", job), left_out={}, list_catalogue=listed.__setitem__)
    monkeypatch.setattr(state, "desk", lambda: desk)
    monkeypatch.setattr(inputs.st, "toast", lambda _: None)
    chosen = []

    def ends(*_):
        raise Ended

    for choose in (ends, lambda *what: chosen.append(what)):
        monkeypatch.setattr(inputs.widgets, "choose", choose)
        with suppress(Ended):
            inputs._end_build(*desk.build, lambda *_, **__: "")
    assert chosen == [("catalogue", str(tmp_path / "built.csv"))]
    assert list(listed) == [str(tmp_path / "built.csv")] and desk.build is None


def test_a_page_for_others_offers_no_paths_of_this_machine(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("leitmotif.page.state.LOCAL", ())
    at = page()
    assert not [
        t.key for t in at.text_input if t.key in ("video_path", "catalogue_path", "build_folder")
    ]


def test_shipped_settings_tell_nobody_and_stay_on_this_machine():
    import tomllib

    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert settings["browser"]["gatherUsageStats"] is False
    assert settings["server"]["address"] == "localhost"
    assert settings["runner"]["postScriptGC"] is False  # it made everybody wait at every move


@pytest.mark.parametrize("same_extractor", [True, False])
def test_ratings_named_at_the_start_bend_what_the_page_sees(
    film, tmp_path, monkeypatch, same_extractor
):
    """A calibration that puts scene tension at 100·Φ(1) = 84.1.

    One learned on another extractor is told, not used.
    """
    from data.profiles import VIDEO_NAMES
    from features.video import read_timeline, score
    from features.video.profile_coefficients import ProfileCoefficients

    timeline = read_timeline(film)
    grid = np.linspace(-2.5, 2.5, 5)
    curves = np.repeat(np.stack([grid, np.ones(5)])[None], len(VIDEO_NAMES), axis=0)
    models = tuple("calibrated" if name == "scene_tension" else "closed" for name in VIDEO_NAMES)
    ProfileCoefficients(models, curves, timeline.extractor if same_extractor else "another 1").save(
        tmp_path / "mine.safetensors"
    )
    monkeypatch.setenv("LEITMOTIF_PROFILE_WEIGHTS", str(tmp_path / "mine.safetensors"))
    state.profile_weights.clear()
    try:
        at = page()
        at.text_input(key="video_path").set_value(str(film)).run()
        assert film_of(at).job.wait(120)
        seen = film_of(at.run()).known[(0.0, None)]
    finally:
        monkeypatch.delenv("LEITMOTIF_PROFILE_WEIGHTS")
        state.profile_weights.clear()
    assert seen["scene_tension"] == pytest.approx(
        84.134 if same_extractor else score(timeline)["scene_tension"], abs=0.01
    )
    assert any("another 1" in warning for warning in seen.warnings) is not same_extractor


def test_what_matters_still_matters_for_the_next_film(film: Path, tmp_path: Path):
    second = tmp_path / "second.mp4"
    second.write_bytes(film.read_bytes() + b"\0")
    at = page()
    at.text_input(key="video_path").set_value(str(film)).run()
    assert film_of(at).job.wait(120)
    at.run()
    before = weights(at).tolist()
    turn(at, "matters")
    move(at, "weights", warmth=2.0)
    next(c for c in at.get("button_group") if c.key == "metric").set_value("cosine")
    turn(at, "filters")
    next(t for t in at.text_input if t.key.startswith("words|")).set_value("a")
    seconds = next(s for s in at.slider if s.key.startswith("seconds|"))
    seconds.set_range(seconds.min, seconds.max - 1)
    at.number_input(key="k").set_value(3).run()
    assert len(titles(at)) == 3

    # the second film waits, and the list is away meanwhile
    with jobs._SLOTS, jobs._SLOTS, films.FIRST_LOOKS:
        at.text_input(key="video_path").set_value(str(second)).run()
        assert titles(at) == []
    assert film_of(at).job.wait(120)
    at.run()
    assert len(titles(at)) == 3 and at.number_input(key="k").value == 3
    assert weights(at).tolist() == [
        2.0 if name == "warmth" else weight
        for name, weight in zip(MUSIC_NAMES, before, strict=True)
    ]
    assert said(at, "button_group", "preset").value is None
    turn(at, "filters")
    assert next(t for t in at.text_input if t.key.startswith("words|")).value == "a"
    assert next(s for s in at.slider if s.key.startswith("seconds|")).value == (
        seconds.min,
        seconds.max - 1,
    )
    turn(at, "matters")
    assert next(c for c in at.get("button_group") if c.key == "metric").value == "cosine"
    assert not at.exception and not at.warning


# ---------------------------------------------------------------- a browser that hears late


def browser_says(at: AppTest):
    """What a browser sends with its next click: what its widgets say, as far as it has heard."""
    return at._tree.get_widget_states()


def test_catalogue_the_page_chose_outlives_a_click_of_a_browser_that_has_not_heard_of_it(
    tmp_path: Path,
):
    at = page()
    before = browser_says(at)
    at.text_input(key="catalogue_path").set_value(
        str(catalogue_file(tmp_path / "mine.csv", "a", "b"))
    ).run()
    assert said(at, "selectbox", "catalogue").options[-1] == "mine.csv"
    chosen = said(at, "selectbox", "catalogue").value
    assert chosen != "demo"
    at._run(before)
    assert said(at, "selectbox", "catalogue").value == chosen


def test_film_opened_last_outlives_such_a_click(film: Path, tmp_path: Path):
    second = tmp_path / film.name  # also of the same name
    second.write_bytes(film.read_bytes() + b"another content")
    at = page()
    at.text_input(key="video_path").set_value(str(film)).run()
    before, first = browser_says(at), said(at, "radio", "film").value
    at.text_input(key="video_path").set_value(str(second)).run()
    chosen = said(at, "radio", "film").value
    assert chosen != first
    at._run(before)
    assert said(at, "radio", "film").value == chosen


def test_presets_and_wishes_outlive_such_a_click(watched: AppTest):
    said(watched, "button_group", "preset").set_value("va_only")
    before = browser_says(watched)  # the preset clicked, the sliders as they were
    watched.run()._run(before)
    assert weights(watched) == pytest.approx(presets.va_only())
    said(watched, "button_group", "preset").set_value("equal").run()
    assert weights(watched) == pytest.approx(np.ones(10))

    predicted = stand(watched, "wishes")
    move(watched, "wishes", warmth=100)
    before = browser_says(watched)
    move(watched, "wishes", reset=True)
    watched._run(before)
    assert stand(watched, "wishes") == predicted


def test_a_move_is_answered_without_a_redraw_as_a_redraw_would(watched: AppTest):
    before, first = titles(watched), stand(watched, "wishes")
    address = json.loads(sliders(watched, "wishes").json)["address"]
    asked = watched.session_state["asking"]
    assert address == f"moved/{asked.key}"
    drawn = json.loads(sliders(watched, "wishes").json)["n"]

    answer = json.loads(json.dumps(asked.move({"arousal": -100.0, "brightness": 100.0})))
    assert answer["n"] > drawn and answer["of"] == asked.key
    moved = [card["track"] for card in answer["cards"]]
    watched.run()
    assert answer["cards"] == cards(watched) and titles(watched) != before
    assert answer["moved"] == json.loads(sliders(watched, "wishes").json)["moved"]

    asked = watched.session_state["asking"]  # at the same address
    assert json.loads(sliders(watched, "wishes").json)["address"] == address
    back = asked.move({"reset": True})
    assert [card["track"] for card in back["cards"]] != moved
    assert titles(watched.run()) == before and stand(watched, "wishes") == first


def test_a_move_after_which_more_would_change_asks_for_a_redraw(watched: AppTest):
    turn(watched, "filters")
    next(t for t in watched.text_input if t.key.startswith("words|")).set_value("no such").run()
    assert watched.session_state["asking"].move({"arousal": -100.0}) == {"redraw": True}
    next(t for t in watched.text_input if t.key.startswith("words|")).set_value("").run()
    turn(watched, "wants")
    assert stand(watched, "wishes")["arousal"] == -100, "it was taken in all the same"
    move(watched, "wishes", reset=True)


def test_a_move_of_what_is_gone_comes_too_late(watched: AppTest):
    turn(watched, "matters")
    told = json.loads(sliders(watched, "weights").json)
    said(watched, "button_group", "preset").set_value("va_only").run()
    states = browser_says(watched)
    states.widgets.add(
        id=f"$$STREAMLIT_INTERNAL_KEY_{sliders(watched, 'weights').id}__events",
        json_trigger_value=json.dumps(
            [{"event": "move", "value": {"of": told["of"], "no": 7, "said": {"warmth": 3}}}]
        ),
    )
    watched._run(states)
    assert weights(watched) == pytest.approx(presets.va_only())
    assert json.loads(sliders(watched, "weights").json)["heard"] == 7
    said(watched, "button_group", "preset").set_value("equal").run()
    turn(watched, "wants")


def test_catalogues_of_one_name_are_told_apart(tmp_path: Path):
    at = page()
    keys = []
    for folder in "ab":
        at.text_input(key="catalogue_path").set_value(
            str(catalogue_file(tmp_path / folder / "mine.csv", folder))
        ).run()
        keys.append(said(at, "selectbox", "catalogue").value)
    assert said(at, "selectbox", "catalogue").options[1:] == ["mine.csv", "mine.csv (2)"]
    said(at, "selectbox", "catalogue").set_value(keys[0]).run()
    assert said(at, "selectbox", "catalogue").value == keys[0]


def test_what_was_uploaded_is_taken_in_and_the_field_stands_anew(film: Path, tmp_path: Path):
    at = page()
    table = catalogue_file(tmp_path / "mine.csv", "a", "b").read_bytes()
    said(at, "file_uploader", "catalogue_upload").set_value(("mine.csv", table, "text/csv")).run()
    assert said(at, "selectbox", "catalogue").options[-1] == "mine.csv (uploaded)"
    assert said(at, "file_uploader", "catalogue_upload").value is None
    films = [
        ("one.mp4", film.read_bytes(), "video/mp4"),
        ("two.mp4", film.read_bytes() + b"\0", "video/mp4"),
    ]
    said(at, "file_uploader", "video_upload").set_value(films).run()
    assert said(at, "radio", "film").options == ["one\\.mp4", "two\\.mp4"]


# ---------------------------------------------------------------- what stays


def test_another_visit_finds_everything_as_it_was(film: Path, tmp_path: Path):
    at = page("mine")
    at.text_input(key="video_path").set_value(str(film)).run()
    assert film_of(at).job.wait(120)
    at.run()
    table = catalogue_file(tmp_path / "kept.csv", "one", "two", "three")
    at.text_input(key="catalogue_path").set_value(str(table)).run()
    move(at, "wishes", warmth=100)
    turn(at, "matters")
    next(c for c in at.get("button_group") if c.key == "metric").set_value("cosine")
    at.number_input(key="k").set_value(2).run()
    next(c for c in at.get("button_group") if c.key == "language").set_value("zh").run()
    before = titles(at)
    assert len(before) == 2

    st.cache_resource.clear()  # as a restart does: what the server held is gone
    again = page("mine")
    assert film_of(again).job.wait(120)
    again.run()
    assert titles(again) == before and again.number_input(key="k").value == 2
    assert said(again, "selectbox", "catalogue").options[-1] == "kept.csv"
    assert stand(again, "wishes")["warmth"] == 10, "its upper end"
    rows = json.loads(sliders(again, "wishes").json)["fixed"]["sliders"]
    assert "温暖度" in [row["label"] for row in rows]
    again.session_state["asked"] = "权重"
    again.run()
    assert next(c for c in again.get("button_group") if c.key == "metric").value == "cosine"
    assert not again.exception and titles(page("another")) == []

    # What is moved at a later visit stays, too.
    again.session_state["asking"].move({"warmth": -10})
    st.cache_resource.clear()
    assert stand(page("mine").run(), "wishes")["warmth"] == -10


def test_an_uploaded_table_finds_the_sound_that_its_paths_name(film: Path):
    track = sorted((DEMO_CATALOGUE.parent / "demo" / "tracks").iterdir())[0]
    row = f"1,{track}," + ",".join(map(str, range(10)))
    text = "\n".join(["track_id,path," + ",".join(MUSIC_NAMES), row])
    at = page()
    at.text_input(key="video_path").set_value(str(film)).run()
    assert film_of(at).job.wait(120)
    upload = said(at, "file_uploader", "catalogue_upload")
    upload.set_value(("mine.csv", text.encode(), "text/csv")).run()
    assert titles(at) == ["1"]
    assert 'class="wave"' in cards(at)[0]["sound"]


def test_damaged_curves_leave_the_list_standing(film: Path, tmp_path: Path):
    for name in ("audio_features.csv", "audio_features.curves.parquet"):
        content = bytearray((DEMO_CATALOGUE.parent / name).read_bytes())
        if name.endswith("parquet"):
            content[len(content) // 2] ^= 255
        (tmp_path / name).write_bytes(bytes(content))
    at = page()
    at.text_input(key="catalogue_path").set_value(str(tmp_path / "audio_features.csv")).run()
    at.text_input(key="video_path").set_value(str(film)).run()
    assert film_of(at).job.wait(120)
    at.run()
    assert len(titles(at)) == 5 and not at.exception and not at.error
