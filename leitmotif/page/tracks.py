"""The tracks of the answer: a card each, with a player, reasons, and the film with the track."""

from __future__ import annotations

import mimetypes
from pathlib import Path

import numpy as np
import streamlit as st

from data.errors import InputError, Progress
from data.numbers import parse_number
from leitmotif.catalogue.library import Library
from leitmotif.page import film as film_page
from leitmotif.page import search_line, state
from leitmotif.page.arc_panel import ArcPanel
from leitmotif.page.hearts import Listed
from leitmotif.page.state import plain
from leitmotif.pipeline import Recommendation
from leitmotif.render import ffmpeg, preview
from leitmotif.sessions.child import in_child
from leitmotif.sessions.films import Film
from leitmotif.sessions.jobs import Job
from leitmotif.show import drawing
from leitmotif.words.page_words import Words
from matcher.search import Match

PLAYABLE = {
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
}
PLAYABLE |= {
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".aac": "audio/aac",
    ".webm": "audio/webm",
    ".weba": "audio/webm",
}
LARGEST_PLAYED = 12 << 20
"""Bytes of a sound file that is served as it is; larger ones are made smaller first (heuristic)."""


def show(
    film: Film,
    library: Library,
    result: Recommendation,
    own: str,
    words: Words,
    panel: ArcPanel,
    listed: Listed,
) -> None:
    """own : what becomes of the film's own sound in a preview, "mute" or "duck"."""
    sd, importance = library.index.scaling.sd, result.query.importance
    assert importance is not None  # `match` fills it in
    sounds = []
    for place, match in enumerate(result.matches, start=1):
        with st.container(border=True, key=f"track-{place}"):
            off = (match.values - result.music.values) / sd
            st.html(
                drawing.track_head(
                    place,
                    match.name,
                    match.track.get("artist", ""),
                    _facts(match.track, words),
                    words("distance", d=f"{match.distance:.3f}"),
                )
            )
            sounds.append((st.empty(), match))
            st.caption(plain(words.reason(match.reason)))
            if match.placement and (match.placement.says_something or match.placement.in_point):
                at, reason = match.placement.in_point, words.sentence(match.placement.reason)
                st.caption(plain(words("begins", at=words.clock(at), reason=reason)))
            panel.show(match, panel.result.matches[place - 1])
            st.html(drawing.reason_bars(off, importance, words))
            st.button(
                words("more_like"),
                icon=":material/graphic_eq:",
                key=f"more-like|{match.row}",
                help=words("more_like_how"),
                on_click=search_line.like,
                args=[film_page.place(film), match.track_id],
            )
            listed.show(place - 1, match, words)
            _preview(film, library, result, match, own, words)
    # The list stands before the first sound file is opened.
    arousal = library.arousal([match.track_id for _, match in sounds])
    for slot, match in sounds:
        with slot.container():
            _player(library, match, arousal.get(match.track_id), words)


def _facts(track: dict[str, str], words: Words) -> list[str]:
    """Length, tempo, key and licence, where they are known."""
    seconds, bpm = (parse_number(track.get(n, "")) for n in ("duration_s", "bpm"))
    facts = [words.clock(seconds)] if np.isfinite(seconds) else []
    facts += [f"{bpm:.0f} BPM"] if np.isfinite(bpm) else []
    return facts + [track[n] for n in ("key", "license") if n in track]


# ---------------------------------------------------------------- player


def _player(library: Library, match: Match, arousal: np.ndarray | None, words: Words) -> None:
    path = library.sound(match.row)
    if path is None:
        st.caption(words("no_sound"))
        return
    try:
        outline = _outline(str(path), path.stat().st_mtime_ns)
        playable, kind = listenable(path)
    except InputError:
        st.caption(words("unreadable_sound"))
        return
    said = words("outline" if arousal is None else "outline_arousal", name=match.name)
    st.html(drawing.waveform(outline, arousal, said))
    st.audio(str(playable), format=kind, alt=words("player", name=match.name))


@st.cache_data(show_spinner=False, max_entries=5000)
def _outline(path: str, changed: int) -> np.ndarray:
    return ffmpeg.outline(path)


def listenable(path: Path) -> tuple[Path, str]:
    """The file itself if browsers play it and it is not large, else a copy they play, made once."""
    kind = PLAYABLE.get(path.suffix.lower())
    if kind and path.stat().st_size <= LARGEST_PLAYED:
        return path, kind
    return ffmpeg.listening_copy(path, state.desk().workspace.folder), "audio/mp4"


# ---------------------------------------------------------------- the film with the track


def _preview(
    film: Film, library: Library, result: Recommendation, match: Match, own: str, words: Words
) -> None:
    track = library.sound(match.row)
    if track is None:
        return
    in_point = match.placement.in_point if match.placement else 0.0
    what = ("preview", str(track), own, result.start, result.end, in_point)
    job = film.known.get(what)
    if job is None or job.state == "cancelled":
        st.button(
            words("hear"),
            icon=":material/theaters:",
            key=f"hear|{match.row}|{own}",
            on_click=_render,
            args=[film, track, own, result.start, result.end, in_point, what],
        )
    elif not job.ended:
        _rendering(job, match.name, words)
    elif job.state == "failed":
        state.failure(job, film.kept, words)
    else:
        _rendered(job.result, film, match, words)


def _render(
    film: Film,
    track: Path,
    own: str,
    start: float,
    end: float | None,
    in_point: float,
    what: tuple[object, ...],
) -> None:
    workspace = state.desk().workspace
    output = workspace.folder / f"{film.kept.key[:32]}-{abs(hash(what)):x}.mp4"
    video = film.kept.path
    options = dict(original=own, start=start, end=end, in_point=in_point)

    def work(progress: Progress) -> Path:
        return in_child(preview.render, video, track, output, progress=progress, **options)

    film.known[what] = workspace.start(work)


@st.fragment(run_every=0.7)
def _rendering(job: Job[Path], name: str, words: Words) -> None:
    if job.ended:
        st.rerun()
    st.progress(job.stage.share, plain(words("rendering", name=name)))
    st.button(words("cancel"), key=f"cancel|{id(job)}", on_click=job.cancel)


def _rendered(path: Path, film: Film, match: Match, words: Words) -> None:
    kind = {".mp4": "video/mp4", ".webm": "video/webm"}.get(path.suffix)
    if kind:
        st.video(str(path), format=kind, alt=words("preview_of", name=match.name))
    else:
        st.caption(words("not_playable"))
    name = f"{Path(film.kept.name).stem} + {match.name}{path.suffix}"
    st.download_button(
        words("download_preview"),
        lambda: path.read_bytes(),
        file_name="".join(c for c in name if c not in '\\/:*?"<>|'),
        mime=mimetypes.guess_type(path.name)[0],
        icon=":material/download:",
        on_click="ignore",
        key=f"take|{path.name}",
    )
