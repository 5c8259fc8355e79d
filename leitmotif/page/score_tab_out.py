"""What leaves the score: files for other programs, and the film with its music."""

from __future__ import annotations

import hashlib
import io
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from data.errors import InputError, Progress
from leitmotif.page import serving, state, widgets
from leitmotif.page.state import plain
from leitmotif.score.exports import FORMATS
from leitmotif.score.model import Score
from leitmotif.score.render import TARGETS_LUFS, render_film, write_bed
from leitmotif.sessions.child import in_child
from leitmotif.sessions.jobs import Job
from leitmotif.sessions.scoring import Scoring
from leitmotif.show.templates import render
from leitmotif.words.page_words import Words

_KINDS = {
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".wav": "audio/wav",
}


def show(scoring: Scoring, words: Words) -> None:
    exports, film = st.columns([1, 1], gap="large")
    with exports:
        _exports(scoring, words)
    with film:
        _film(scoring, words)


# ------------------------------------------------------------------------------ other programs


def _exports(scoring: Scoring, words: Words) -> None:
    score = scoring.score
    assert score is not None
    st.subheader(words("score_take"), anchor=False, help=words("score_take_how"))
    if not scoring.settled:
        st.caption(words("score_take_wait"))
    stem = Path(scoring.film.kept.name).stem
    texts = {form.name: _text(form.write, score) for form in FORMATS}
    st.download_button(
        words("score_take_all", n=sum(isinstance(text, str) for text in texts.values())),
        lambda: _zipped(stem, texts),
        f"{stem}.score.zip",
        "application/zip",
        icon=":material/folder_zip:",
        type="primary",
        on_click="ignore",
        disabled=not scoring.settled,
        key="take|score|all",
    )
    with st.container(horizontal=True, gap="small", key="score_formats"):
        for form in FORMATS:
            text = texts[form.name]
            failed = isinstance(text, InputError)
            st.download_button(
                words(f"score_format_{form.name}"),
                "" if isinstance(text, InputError) else text,
                f"{stem}{form.suffix}",
                "text/plain",
                on_click="ignore",
                disabled=failed or not scoring.settled,
                help=words.trouble(text)
                if isinstance(text, InputError)
                else words(f"score_for_{form.name}"),
                key=f"take|score|{form.name}",
            )


def _text(write: Any, score: Score) -> str | InputError:
    try:
        return str(write(score))
    except InputError as error:
        return error


def _zipped(stem: str, texts: dict[str, str | InputError]) -> bytes:
    """Every format that could be written, in one file."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for form in FORMATS:
            text = texts[form.name]
            if isinstance(text, str):
                archive.writestr(f"{stem}{form.suffix}", text)
    return whole.getvalue()


# ------------------------------------------------------------------------------ the film


def _film(scoring: Scoring, words: Words) -> None:
    score = scoring.score
    assert score is not None
    st.subheader(words("score_render"), anchor=False, help=words("score_render_how"))
    left, right = st.columns(2)
    with left:
        loudness = _choice("score_loudness", list(TARGETS_LUFS), words)
    with right:
        own = _choice("score_own", ["mix", "mute"], words, disabled=not score.film.has_sound)
    what = _what(score, loudness, own)
    job = scoring.film.known.get(what)
    if job is None or job.state == "cancelled":
        st.button(
            words("score_render_now"),
            icon=":material/movie:",
            type="primary",
            disabled=not scoring.settled or not score.sounding(),
            on_click=_render,
            args=[scoring, loudness, own, what],
            key="score_render",
        )
    elif not job.ended:
        _rendering(job, words)
    elif job.state == "failed":
        state.failure(job, scoring.film.kept, words)
        st.button(
            words("again"),
            icon=":material/refresh:",
            on_click=_render,
            args=[scoring, loudness, own, what],
        )
    else:
        _rendered(scoring, job.result, words)


def _choice(name: str, options: list[str], words: Words, **look: Any) -> str:
    """One of several, the first one at first. Name and options are keys of `words`."""
    box = partial(st.selectbox, words(name), options, format_func=lambda o: words(o), **look)
    return widgets.remembered(name, options[0], box)


def _what(score: Score, loudness: str, own: str) -> tuple[str, str]:
    """What a rendering is of: anything that sounds differently is another one."""
    said = repr((score.film, score.sounding(), loudness, own))
    return "score film", hashlib.sha256(said.encode()).hexdigest()[:24]


def _render(scoring: Scoring, loudness: str, own: str, what: tuple[str, str]) -> None:
    score, workspace = scoring.score, state.desk().workspace
    output = workspace.folder / f"{scoring.film.kept.key[:32]}-score-{what[1]}.mp4"
    music = output.with_suffix(".wav")

    def work(progress: Progress) -> tuple[Path, Path]:
        options = {"film_sound": own, "target_lufs": TARGETS_LUFS[loudness]}
        film = in_child(render_film, score, output, progress=progress, **options)
        return film, in_child(write_bed, score, music, progress=progress)

    scoring.film.known[what] = workspace.start(work)


@st.fragment(run_every=0.7)
def _rendering(job: Job[Any], words: Words) -> None:
    if job.ended:
        st.rerun()
    name, done, total = job.stage
    clock = words("of_time", done=words.clock(done), total=words.clock(total)) if total else ""
    st.progress(job.stage.share, " · ".join(filter(None, (words.stage(name), clock))))
    st.button(words("cancel"), key="cancel_score", on_click=job.cancel)


def _rendered(scoring: Scoring, made: tuple[Path, Path], words: Words) -> None:
    film, music = made
    stem = Path(scoring.film.kept.name).stem
    links = [
        {"address": serving.address(path, _KINDS[path.suffix], name), "name": name, "label": label}
        for path, name, label in (
            (film, f"{stem}.scored{film.suffix}", words("score_take_film")),
            (music, f"{stem}.music{music.suffix}", words("score_take_music")),
        )
    ]
    st.html(render("download_links.html", links=links))
    st.caption(plain(words("score_rendered", mb=f"{film.stat().st_size / 1e6:.1f}")))
