"""What leaves the score: files for other programs, and the film with its music."""

from __future__ import annotations

import hashlib
import io
import zipfile
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, get_args

import streamlit as st

from data.atomic import sweep
from data.errors import InputError, Progress
from leitmotif.page import serving, state, widgets
from leitmotif.page.state import plain
from leitmotif.score.exports import FORMATS
from leitmotif.score.model import DUCKINGS, Score
from leitmotif.score.render import TARGETS_LUFS, FilmSound
from leitmotif.sessions.jobs import Job
from leitmotif.sessions.scoring import Rendered, Scoring, render, stem_paths
from leitmotif.show.templates import render as drawn
from leitmotif.words.page_words import Words
from leitmotif.workers.alone import in_child

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
    score = scoring.outward
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
    left, middle, right = st.columns(3)
    with left:
        loudness = _choice("score_loudness", list(TARGETS_LUFS), words)
    with middle:
        own = _choice("score_own", list(get_args(FilmSound)), words, not score.film.has_sound)
    with right:
        _ducking(scoring, words)
    stems = widgets.remembered("score_stems", False, partial(st.checkbox, words("score_stems")))
    order = Order(loudness, own, stems)
    what = _what(score, order)
    job = scoring.film.known.get(what)
    if job is not None and not job.ended:
        _rendering(job, words)
        return
    if job is not None and job.state == "failed":
        state.failure(job, scoring.film.kept, words)
    elif job is not None and job.state == "done":
        _rendered(scoring, job.result, words)
        return
    st.button(
        words("score_render_now"),
        icon=":material/movie:",
        type="primary",
        disabled=not scoring.settled or not score.sounding(),
        on_click=_render,
        args=[scoring, order, what],
        key="score_render",
    )


class Order(NamedTuple):
    """How the film is wanted."""

    loudness: str
    own: str
    stems: bool


def _choice(name: str, options: list[str], words: Words, disabled: bool = False) -> str:
    """One of several, the first one at first. Name and options are keys of `words`."""
    box = partial(
        st.selectbox, words(name), options, format_func=lambda o: words(o), disabled=disabled
    )
    return widgets.remembered(name, options[0], box)


def _ducking(scoring: Scoring, words: Words) -> None:
    """Which preset the score has; another choice is an operation that can be undone."""
    score = scoring.score
    assert score is not None
    names = [*DUCKINGS]
    now = next((n for n in names if DUCKINGS[n] == score.ducking), "own")
    name = f"score_ducking|{scoring.film.kept.key}"
    widgets.choose(name, now)
    st.selectbox(
        words("score_ducking"),
        names if now in names else ["own", *names],
        format_func=lambda n: words(f"duck_{n}"),
        key=widgets.placed(name),
        disabled=not score.speech,
        help=words("score_ducking_help"),
        on_change=lambda: scoring.duck(widgets.chosen(name)),
    )


def _what(score: Score, order: Order) -> tuple[str, str]:
    """What a rendering is of: anything that sounds differently is another one."""
    said = repr((score.film, score.sounding(), order))
    return "score film", hashlib.sha256(said.encode()).hexdigest()[:24]


def _render(scoring: Scoring, order: Order, what: tuple[str, str]) -> None:
    score, workspace = scoring.score, state.desk().workspace
    output = workspace.folder / f"{scoring.film.kept.key[:32]}-score-{what[1]}.mp4"
    options = {"film_sound": order.own, "target_lufs": TARGETS_LUFS[order.loudness]}
    options["stems"] = order.stems

    def work(progress: Progress) -> Rendered:
        try:
            return in_child(render, score, output, progress=progress, **options)
        finally:  # one that was stopped had no time to
            for path in (output, *stem_paths(output).values()):
                sweep(path)

    scoring.film.known[what] = workspace.start(work)


@st.fragment(run_every=0.7)
def _rendering(job: Job[Rendered], words: Words) -> None:
    if job.ended:
        st.rerun()
    name, done, total = job.stage
    clock = words("of_time", done=words.clock(done), total=words.clock(total)) if total else ""
    st.progress(job.stage.share, " · ".join(filter(None, (words.stage(name), clock))))
    st.button(words("cancel"), key="cancel_score", on_click=job.cancel)


def _rendered(scoring: Scoring, made: Rendered, words: Words) -> None:
    stem = Path(scoring.film.kept.name).stem
    files = [(made.film, f"{stem}.scored{made.film.suffix}", words("score_take_film"))]
    files += [
        (path, f"{stem}.{name}.wav", words(f"score_take_stem_{name}"))
        for name, path in made.stems.items()
    ]
    links = [
        {"address": serving.address(path, _KINDS[path.suffix], name), "name": name, "label": label}
        for path, name, label in files
    ]
    st.html(drawn("download_links.html", links=links))
    st.caption(plain(words("score_rendered", mb=f"{made.film.stat().st_size / 1e6:.1f}")))
    if made.passages:
        st.caption(plain(words("score_passages", met=made.met, n=made.passages)))
    for sentence in made.said:
        st.caption(":material/info: " + plain(words.sentence(sentence)))
