"""Reference scenes: which film of one's own a picture or an edit is from.

Drop a picture and see where it is from; drop an edit and have every shot's place, to the frame, for
an editing program. A scene can be sent to the Score tab as a reference.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from data.errors import InputError, Progress
from features.video.pictures import read_picture
from features.video.signals.keyframes import jpeg
from features.video.stretch import frames_at
from leitmotif.page import scene_references, state, uploads
from leitmotif.page.state import plain
from leitmotif.scenes.conform import conform_in
from leitmotif.scenes.conformed import Conformed, Place, report_text
from leitmotif.scenes.edit_lists import FORMATS
from leitmotif.scenes.find import Hit, find
from leitmotif.scenes.library import Library, add_to
from leitmotif.scenes.like import Scene
from leitmotif.sessions.jobs import Job
from leitmotif.sessions.workspace import VIDEO_SUFFIXES, Kept
from leitmotif.words.page_words import Words
from leitmotif.workers.alone import in_child

PICTURES = (".bmp", ".jpeg", ".jpg", ".png", ".webp")
_SIDE = 384
_HITS = 6
_SHOWN = 60
"""Shots that stand in the page; the files have them all."""
_MIME = {".edl": "text/plain", ".otio": "application/json", ".xml": "text/xml", ".csv": "text/csv"}


@st.fragment
def show(words: Words) -> None:
    """The library, the field to ask with, and what was found."""
    with Library.open() as library:
        films = library.films
    st.subheader(words("scenes_title"), anchor=False)
    st.caption(words("scenes_how"))
    if state.local():
        _add(words, bool(films))
    if not films:
        st.info(words("scenes_empty"), icon=":material/video_library:")
        return
    st.caption(words("scenes_films", n=len(films)))
    uploads.field("scene", (*PICTURES, *VIDEO_SUFFIXES), _asked, words)
    state.troubles(words)
    asked: Kept | None = st.session_state.get("scene_asked")
    if asked is None or not asked.path.is_file():
        return
    st.markdown(f"**{plain(asked.name)}**")
    if asked.path.suffix.lower() in PICTURES:
        _picture(asked, words)
    else:
        _edit(asked, words)


def _asked(kept: Kept, _mine: bool) -> None:
    st.session_state["scene_asked"] = kept


# ------------------------------------------------------------------------------ the library


def _add(words: Words, some: bool) -> None:
    """A folder of this machine whose films are read into the library."""
    job: Job[Any] | None = st.session_state.get("scenes_adding")
    if job is not None and not job.ended:
        _adding(words)
        return
    if job is not None and job.state == "failed":
        st.error(plain(words.trouble(job.error)), icon=":material/error:")
    with st.expander(words("scenes_add"), expanded=not some):
        line, button = st.columns([5, 1], vertical_alignment="bottom")
        folder = line.text_input(words("scenes_folder"), key="scenes_folder")
        if button.button(words("scenes_read"), disabled=not folder, width="stretch"):
            workspace = state.desk().workspace
            st.session_state["scenes_adding"] = workspace.start(partial(_read_in, folder))
            st.rerun(scope="fragment")


def _read_in(folder: str, progress: Progress) -> None:
    in_child(add_to, folder, progress=progress)


@st.fragment(run_every=1.0)
def _adding(words: Words) -> None:
    job: Job[Any] = st.session_state["scenes_adding"]
    if job.ended:
        st.rerun()
    st.progress(job.stage.share, plain(words("scenes_reading")))
    st.button(
        words("cancel"), icon=":material/stop_circle:", on_click=job.cancel, key="scenes_stop"
    )


# ------------------------------------------------------------------------------ a picture


def _picture(asked: Kept, words: Words) -> None:
    known: dict[str, list[Hit]] = st.session_state.setdefault("scene_hits", {})
    if asked.key not in known:
        try:
            picture = read_picture(asked.path)
            with Library.open() as library, st.spinner(words("scenes_looking")):
                known[asked.key] = find(library, picture, k=_HITS)
        except InputError as error:
            st.error(plain(asked.named(words.trouble(error))), icon=":material/error:")
            return
    hits = known[asked.key]
    left, right = st.columns([1, 2])
    left.image(asked.path.read_bytes(), width="stretch")
    sure = bool(hits) and hits[0].known
    right.markdown(f"**{words('scenes_found' if sure else 'scenes_unknown')}**")
    cards = right.columns(2)
    for k, hit in enumerate([hit for hit in hits if hit.known] if sure else hits):
        with cards[k % 2].container(border=True):
            _hit(k, hit, words)


def _hit(k: int, hit: Hit, words: Words) -> None:
    still = _still(hit.film.path, hit.at)
    if still:
        st.image(still, width="stretch")
    span = f"{words.clock(hit.at)} ({words.clock(hit.start)}–{words.clock(hit.end)})"
    st.markdown(f"**{plain(hit.film.name)}** · {span}")
    st.caption(words("scenes_like", p=f"{max(hit.similarity, 0):.0%}"))
    end = max(hit.end, hit.at + 4)
    scene = Scene(hit.film.path, hit.film.name, max(hit.start - 1, 0.0), end)
    _send(f"hit-{k}", scene, words)


def _send(key: str, scene: Scene, words: Words) -> None:
    """The button that makes a scene a reference of the score."""
    st.button(
        words("scenes_refer"),
        icon=":material/bookmark_add:",
        key=f"refer-{key}",
        on_click=scene_references.add,
        args=[asdict(scene)],
    )


@st.cache_data(show_spinner=False, max_entries=200)
def _still(path: str, seconds: float) -> bytes | None:
    """The film's picture at a time; None where the film cannot be read any more."""
    try:
        return jpeg(next(frames_at(path, [seconds], _SIDE)))
    except InputError:
        return None


# ------------------------------------------------------------------------------ an edit


def _edit(asked: Kept, words: Words) -> None:
    jobs: dict[str, Job[Conformed]] = st.session_state.setdefault("scene_jobs", {})
    if asked.key not in jobs:
        path = asked.path
        jobs[asked.key] = state.desk().workspace.start(
            lambda progress: in_child(conform_in, path, progress=progress)
        )
    job = jobs[asked.key]
    if not job.ended:
        _conforming(job, words)
    elif job.state == "done" and job.result is not None:
        _conformed(asked, job.result, words)
    elif job.state == "failed":
        state.failure(job, asked, words)
    else:
        st.info(words("cancelled"))


@st.fragment(run_every=1.0)
def _conforming(job: Job[Conformed], words: Words) -> None:
    if job.ended:
        st.rerun()
    st.progress(job.stage.share, plain(words("scenes_conforming")))
    st.button(
        words("cancel"), icon=":material/stop_circle:", on_click=job.cancel, key="conform_stop"
    )


def _conformed(asked: Kept, found: Conformed, words: Words) -> None:
    foreign = sum(shot.place is None for shot in found.shots)
    st.markdown(f"**{words('scenes_shots', n=len(found.shots), foreign=foreign)}**")
    for note in found.notes:
        st.caption(":material/info: " + plain(asked.named(words.sentence(note))))
    stem = Path(asked.name).stem
    with st.container(horizontal=True):
        for form in FORMATS:
            st.download_button(
                form.name.upper(),
                partial(_text, form.write, found),
                f"{stem}{form.suffix}",
                _MIME[form.suffix],
                icon=":material/download:",
                on_click="ignore",
                key=f"scene-{form.name}",
            )
        st.download_button(
            "JSON",
            partial(report_text, found),
            f"{stem}.conform.json",
            "application/json",
            icon=":material/download:",
            on_click="ignore",
            key="scene-json",
        )
    rate, start = found.edit.rate, found.edit.start
    for k, shot in enumerate(found.shots[:_SHOWN]):
        with st.container(border=True):
            own, theirs, said = st.columns([1, 1, 2], vertical_alignment="center")
            middle = (shot.record_in + shot.record_out) / 2
            own.image(_still(str(asked.path), float(middle / rate.fps)) or b"", width="stretch")
            with said:
                head = f"{k + 1} · {rate.timecode(start + shot.record_in)}"
                if shot.place is None:
                    st.markdown(f"**{plain(head)}** · {words('scenes_foreign')}")
                    continue
                _shot(k, head, shot.place, shot.confidence, words)
            half = float(shot.frames / rate.fps / 2)
            at = float(shot.place.time_in) + float(shot.place.speed) * half
            still = _still(shot.place.source.path, at)
            if still:
                theirs.image(still, width="stretch")


def _text(write: Any, found: Conformed) -> bytes:
    return str(write(found)).encode("utf-8")


def _shot(k: int, head: str, place: Place, confidence: float, words: Words) -> None:
    st.markdown(f"**{plain(head)}** · {plain(place.source.title)}")
    facts = [words("scenes_frames", a=place.source_in, b=place.source_out)]
    if place.speed != 1:
        facts.append(words("scenes_speed", v=f"{float(place.speed):.3f}"))
    if place.mirrored:
        facts.append(words("scenes_mirrored"))
    facts.append(words("scenes_sure", p=f"{confidence:.0%}"))
    st.caption(plain(" · ".join(facts)))
    begin = float(place.time_in)
    end = begin + (place.source_out - place.source_in) / float(place.source.rate)
    _send(f"shot-{k}", Scene(place.source.path, place.source.title, begin, end), words)
