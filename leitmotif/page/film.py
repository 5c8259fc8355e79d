"""What it saw: the film, its eleven numbers, and its course over time."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from data.profiles import VideoProfile
from leitmotif.page import serving, state, widgets
from leitmotif.page.state import plain
from leitmotif.sessions.films import Film
from leitmotif.sessions.jobs import Job
from leitmotif.show import charts, drawing
from leitmotif.words.page_words import Words

PLAYABLE = {".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/mp4", ".webm": "video/webm"}
WHOLE = -1
"""Stands among the scenes for the whole video."""
LARGEST_PLAYED = 128 << 20
"""Bytes of a video shown in the page: Streamlit holds what it serves in memory (heuristic)."""
_CHART = st.components.v2.component(
    "leitmotif_film_chart",
    html=charts.HTML,
    css=charts.style(),
    js=charts.script(),
    isolate_styles=False,
)


def progress(film: Film, words: Words) -> None:
    """The film is being watched, or could not be."""
    job = film.job
    assert job is not None
    if job.state == "failed":
        state.failure(job, film.kept, words)
    elif job.state == "cancelled":
        st.info(words("cancelled"))
    else:
        _watching(film, words)
        return
    st.button(words("again"), icon=":material/refresh:", on_click=state.open_film, args=[film.kept])


@st.fragment(run_every=1.0)
def _watching(film: Film, words: Words) -> None:
    job = film.job
    assert job is not None
    if job.ended or film.ready:
        st.rerun()
    with st.container(border=True):
        st.markdown(f"**{plain(words('watching', name=film.kept.name))}**")
        _stage(job, words)
        st.button(
            words("cancel"), icon=":material/stop_circle:", on_click=film.leave, key="cancel_film"
        )


def _stage(job: Job[Any], words: Words) -> None:
    name, done, total = job.stage
    clock = words("of_time", done=words.clock(done), total=words.clock(total)) if total else ""
    at = " · ".join(filter(None, (words.stage(name), clock)))
    st.progress(job.stage.share, words("queued") if job.state == "waiting" else at)


def _first_look(film: Film, words: Words) -> None:
    """That this is a first look, how sure it is, and how far the full one is."""
    job, sure = film.job, state.profile(film, 0.0, None).confidence
    assert job is not None
    said = words("first_look", sure=round(100 * float(np.mean(sure))))
    if not job.ended:
        _refining(film, said, words)
        return
    st.info(said, icon=":material/bolt:")
    if job.state == "failed":
        state.failure(job, film.kept, words)
    st.button(
        words("look_closely"),
        icon=":material/refresh:",
        key="look_closely",
        on_click=state.open_film,
        args=[film.kept],
    )


@st.fragment(run_every=1.0)
def _refining(film: Film, said: str, words: Words) -> None:
    job = film.job
    assert job is not None
    if job.ended:
        st.rerun()
    with st.container(border=True, key="first_look"):
        text, stop = st.columns([6, 1], vertical_alignment="center")
        text.markdown(f":material/bolt: {said}")
        with text:
            _stage(job, words)
        stop.button(words("cancel"), on_click=film.leave, key="cancel_film", width="stretch")


def settle(film: Film) -> None:
    """Where the full look has taken the place of the first, the same part of the film is chosen,
    with everything that was asked for it.

    Scenes begin and end elsewhere then: the one that shares most with the one chosen counts as it.
    """
    seen = st.session_state.setdefault("stretches", {})
    key = film.kept.key
    before, now = seen.get(key), scene_times(film)
    if before is not None and before[0] and not film.first_look and before[1] != (0.0, None):
        chosen = max(range(len(film.scenes())), key=lambda n: _shared(film.scenes()[n], before[1]))
        widgets.choose(_scene(film), chosen)
        now = scene_times(film)
        widgets.carry(_place(film, before[1]), _place(film, now))
    seen[key] = (film.first_look, now)


def _shared(scene: tuple[float, float], other: tuple[float, float | None]) -> float:
    """Seconds that two stretches have in common."""
    start, end = other
    return min(scene[1], np.inf if end is None else end) - max(scene[0], start)


def show(film: Film, words: Words) -> None:
    """The film beside its profile, and below both its course over time."""
    if film.first_look:
        _first_look(film, words)
    start, end = scene_times(film)
    profile = state.profile(film, start, end)
    whole = state.profile(film, 0.0, None)
    picture, numbers = st.columns([5, 6], gap="large")
    with picture:
        _player(film, start, end, words)
        for warning in film.timeline.warnings:
            st.caption(":material/info: " + plain(film.kept.named(words.sentence(warning))))
    with numbers:
        st.subheader(words("saw"), anchor=False, help=words("saw_how"))
        st.html(drawing.profile_bars(profile, words))
    with st.container(key="course"):
        _course(film, whole, words)


def _player(film: Film, start: float, end: float | None, words: Words) -> None:
    path = film.kept.path
    kind = PLAYABLE.get(path.suffix.lower())
    about = (
        f"{words.clock(film.timeline.duration)} · {words('n_shots', n=len(film.timeline.shots))}"
    )
    if kind and path.is_file() and path.stat().st_size <= LARGEST_PLAYED:
        address = state.served(path, kind, f"film|{film.kept.key}")
        said = words("film_player", name=film.kept.name)
        st.html(drawing.film_player(address, start, end, said))
    elif film.timeline.keyframes:
        st.image(_picture_of(film, start, end), width="stretch", alt=film.kept.name)
        about += " · " + words("no_player")
    st.caption(plain(f"{film.kept.name} · {about}"))


def _picture_of(film: Film, start: float, end: float | None) -> bytes:
    """A picture from inside a stretch of the film, else the nearest one."""
    middle = (start + (film.timeline.duration if end is None else end)) / 2
    return min(film.timeline.keyframes, key=lambda k: abs(k[0] - middle))[1]


def _course(film: Film, whole: VideoProfile, words: Words) -> None:
    timeline, scenes = film.timeline, film.scenes()
    curves = whole.curves
    assert curves is not None
    heading, choice = st.columns([3, 2], vertical_alignment="bottom")
    heading.subheader(words("over_time"), anchor=False, help=words("over_time_how"))
    if widgets.chosen(_scene(film)) != chosen_scene(film):
        widgets.choose(_scene(film), chosen_scene(film))
    chosen = choice.selectbox(
        words("scene"),
        range(WHOLE, len(scenes)),
        format_func=lambda n: words("whole") if n == WHOLE else _scene_name(n, scenes, words),
        key=widgets.placed(_scene(film)),
        label_visibility="collapsed",
        disabled=len(scenes) < 2,
    )
    widgets.note(_scene(film), chosen)
    look = "first" if film.first_look else "full"
    key = f"chart|{film.kept.key}"
    drawn = film.once(
        (key, look, words.language),
        lambda: charts.film_chart(curves, timeline.duration, timeline.cuts, scenes, words),
    )
    rest = {
        "of": f"{look}|{words.language}",
        "pictures": _strip(film, look),
        "chosen": chosen,
        "alt": words("film_alt", cuts=len(timeline.cuts), length=words.clock(timeline.duration)),
        "time": words("time"),
    }
    _CHART(key=key, data=drawn | rest, on_scene_change=lambda: _click(key, film))


def _strip(film: Film, look: str) -> list[tuple[float, float, str]]:
    """The pictures over the chart: left edge and width in seconds, and the address."""
    frames, scenes, duration = film.timeline.keyframes, film.scenes(), film.timeline.duration
    if not frames:
        return []
    times = [time for time, _ in frames]
    width, places = film.once(("strip", look), lambda: charts.strip_places(times, duration, scenes))
    strip = []
    for n, left in places:
        what = ("picture", film.kept.key, look, times[n])
        make = partial(charts.thumbnail, frames[n][1])
        strip.append((left, width, serving.address_of(what, "image/jpeg", make)))
    return strip


def _click(key: str, film: Film) -> None:
    """A click on a scene chooses it; on the chosen one, the whole video again."""
    scene = st.session_state[key].get("scene")
    if isinstance(scene, int) and 0 <= scene < len(film.scenes()) > 1:
        widgets.choose(_scene(film), WHOLE if chosen_scene(film) == scene else scene)


def _scene_name(n: int, scenes: list[tuple[float, float]], words: Words) -> str:
    start, end = scenes[n]
    return f"{words('scene_n', n=n + 1)} · {words.clock(start)} – {words.clock(end)}"


def _scene(film: Film) -> str:
    """The name of the choice of a scene."""
    return f"scene|{film.kept.key}"


def chosen_scene(film: Film) -> int:
    """The scene chosen, `WHOLE` for the whole video, also where what was chosen is no scene."""
    scene = widgets.chosen(_scene(film))
    return scene if isinstance(scene, int) and 0 <= scene < len(film.scenes()) else WHOLE


def scene_times(film: Film) -> tuple[float, float | None]:
    """Start and end of the scene chosen; end is None for the whole video."""
    scene = chosen_scene(film)
    return (0.0, None) if scene == WHOLE else film.scenes()[scene]


def place(film: Film) -> str:
    """What the part of a film that is chosen is called among what is remembered."""
    return _place(film, scene_times(film))


def _place(film: Film, stretch: tuple[float, float | None]) -> str:
    start, end = stretch
    return f"{film.kept.key}|{start:.3f}|{end}"
