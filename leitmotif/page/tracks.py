"""The tracks of the answer: a card each, with a player, reasons, and the film with the track.

One component draws them all (`leitmotif.show.cards`): a moved slider is one message, and a card
whose track stays is not built again. A button of a card is a function in `BUTTONS` that says how it
looks, and a line of `ACTS` that says what pressing it does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from data.errors import Progress
from data.numbers import parse_number
from leitmotif.catalogue.library import Library
from leitmotif.page import film as film_page
from leitmotif.page import search_line, serving, state
from leitmotif.page.arc_panel import ArcPanel
from leitmotif.page.hearts import ICONS, Listed
from leitmotif.pipeline import Recommendation
from leitmotif.render import ffmpeg, preview
from leitmotif.sessions.films import Film
from leitmotif.sessions.jobs import Job
from leitmotif.show import cards, drawing
from leitmotif.taste.diary import ANSWERS
from leitmotif.words.page_words import Words
from leitmotif.workers.alone import in_child
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
CARDS = "cards"
"""The component's key."""
_CARDS = st.components.v2.component(
    "leitmotif_cards",
    html=cards.HTML,
    css=cards.style(),
    js=cards.script(),
    isolate_styles=False,  # the page's own style draws heads and bars
)


@dataclass(frozen=True, eq=False)
class Answer:
    """What the cards show.

    own : what becomes of the film's own sound in a preview, "mute" or "duck". result : with the
    places that the person chose. folder : for what can be made again. notes : what is said above.
    """

    film: Film
    library: Library
    result: Recommendation
    own: str
    words: Words
    panel: ArcPanel
    listed: Listed
    folder: Path
    notes: tuple[str, ...] = ()

    @cached_property
    def sounds(self) -> dict[int, Path | None]:
        """The sound file of each match, by row; None where it is not there."""
        return {m.row: self.library.sound(m.row) for m in self.result.matches}

    def preview(self, match: Match) -> tuple[object, ...] | None:
        """What the film with a track under it is called among what is known of the film; None
        where there is no sound.
        """
        track = self.sounds[match.row]
        if track is None:
            return None
        in_point = match.placement.in_point if match.placement else 0.0
        return ("preview", str(track), self.own, self.result.start, self.result.end, in_point)

    def job(self, match: Match) -> Job[Path] | None:
        """The work on that film, unless it was stopped."""
        job = self.film.known.get(self.preview(match))
        return None if job is None or job.state == "cancelled" else job


def show(answer: Answer, of: str, n: int, shown: Callable[[], Answer]) -> None:
    """The cards of an answer.

    of, n : what it is an answer to, and its number; an earlier one does not take the place of a
    later one. shown : the answer that is on the page when something is done to a card.
    """
    _CARDS(
        key=CARDS,
        data={"of": of, "n": n, "cards": drawn(answer)},
        on_act_change=lambda: _act(shown()),
    )


def ahead() -> None:
    """No cards: so that a browser has fetched what draws them before the first list comes."""
    _CARDS(key=f"{CARDS}_ahead", data={"of": "", "n": 0, "cards": []})


def drawn(answer: Answer) -> list[dict[str, str]]:
    """The cards for the browser (`leitmotif.show.cards`)."""
    pairs = zip(answer.result.matches, answer.panel.result.matches, strict=True)
    return [_card(answer, n, match, suggested) for n, (match, suggested) in enumerate(pairs, 1)]


def rendering(film: Film) -> bool:
    """Whether a film with a track under it is being made."""
    jobs = [job for what, job in list(film.known.items()) if isinstance(what, tuple)]
    return any(isinstance(job, Job) and not job.ended for job in jobs)


def _card(answer: Answer, place: int, match: Match, suggested: Match) -> dict[str, str]:
    words, library, result = answer.words, answer.library, answer.result
    importance = result.query.importance
    assert importance is not None  # `match` fills it in
    head = drawing.track_head(
        place,
        match.name,
        match.track.get("artist", ""),
        _facts(match.track, words),
        words("distance", d=f"{match.distance:.3f}"),
    )
    off = (match.values - result.music.values) / library.index.scaling.sd
    return {
        "track": match.track_id,
        "head": str(head),
        "sound": _sound(answer, match),
        "lines": cards.lines_part(_lines(answer, place, match)),
        "arc": answer.panel.data(match, suggested),
        "bars": str(drawing.reason_bars(off, importance, words)),
        "acts": cards.acts_part([act for button in BUTTONS if (act := button(answer, match))]),
        "film": cards.film_part(_film(answer, match)),
    }


def _facts(track: dict[str, str], words: Words) -> list[str]:
    """Length, tempo, key and licence, where they are known."""
    seconds, bpm = (parse_number(track.get(n, "")) for n in ("duration_s", "bpm"))
    facts = [words.clock(seconds)] if np.isfinite(seconds) else []
    facts += [f"{bpm:.0f} BPM"] if np.isfinite(bpm) else []
    return facts + [track[n] for n in ("key", "license") if n in track]


def _lines(answer: Answer, place: int, match: Match) -> list[str]:
    """Why it stands here, where it begins, and what was said of it."""
    words, said = answer.words, answer.listed.answer(match.track_id)
    lines = [words("a_try")] if place - 1 == answer.listed.attempt else []
    lines.append(words.reason(match.reason))
    if match.placement and (match.placement.says_something or match.placement.in_point):
        at, reason = match.placement.in_point, words.sentence(match.placement.reason)
        lines.append(words("begins", at=words.clock(at), reason=reason))
    return lines + ([words(f"said_{said}")] if said else [])


# ---------------------------------------------------------------- player


def _sound(answer: Answer, match: Match) -> str:
    """Player and outline; both are made when a browser asks for them."""
    library, words, path = answer.library, answer.words, answer.sounds[match.row]
    if path is None:
        return cards.sound_part(None, "", "", words("no_sound"))
    kind = PLAYABLE.get(path.suffix.lower())
    stat = path.stat()
    if kind and stat.st_size <= LARGEST_PLAYED:
        address = serving.address(path, kind)
    else:
        copy = partial(ffmpeg.listening_copy, path, answer.folder)
        address = serving.address_of(("copy", path, stat.st_mtime_ns), "audio/mp4", copy)
    outline = serving.address_of(
        ("outline", path, stat.st_mtime_ns, match.track_id, library.curves),
        "image/svg+xml",
        partial(_outline, library, path, stat.st_mtime_ns, match.track_id),
    )
    said = words("outline" if library.curves is None else "outline_arousal", name=match.name)
    sound = cards.Sound(address, outline)
    label = words("player", name=match.name)
    return cards.sound_part(sound, label, said, words("unreadable_sound"))


def _outline(library: Library, path: Path, changed: int, track_id: str) -> bytes:
    arousal = library.arousal([track_id]).get(track_id)
    return drawing.outline_picture(_loudness(path, changed), arousal).encode()


@lru_cache(maxsize=5000)
def _loudness(path: Path, changed: int) -> np.ndarray:
    return ffmpeg.outline(path)


def listenable(path: Path) -> tuple[Path, str]:
    """The file itself if browsers play it and it is not large, else a copy they play, made once."""
    kind = PLAYABLE.get(path.suffix.lower())
    if kind and path.stat().st_size <= LARGEST_PLAYED:
        return path, kind
    return ffmpeg.listening_copy(path, state.desk().workspace.folder), "audio/mp4"


# ---------------------------------------------------------------- the film with the track


def _film(answer: Answer, match: Match) -> cards.Shown | None:
    job, words = answer.job(match), answer.words
    if job is None:
        return None
    if not job.ended:
        return cards.Shown(words("rendering", name=match.name), share=round(job.stage.share, 2))
    if job.state == "failed":
        return cards.Shown(answer.film.kept.named(words.trouble(job.error)), failed=True)
    path = job.result
    assert path is not None
    kind = {".mp4": "video/mp4", ".webm": "video/webm"}.get(path.suffix)
    name = f"{Path(answer.film.kept.name).stem} + {match.name}{path.suffix}"
    safe = "".join(c for c in name if c not in '\\/:*?"<>|')
    return cards.Shown(
        said="" if kind else words("not_playable"),
        address=serving.address(path, kind) if kind else "",
        label=words("preview_of", name=match.name),
        download=serving.address(path, kind or "application/octet-stream", safe),
        name=safe,
        take=words("download_preview"),
    )


def _render(answer: Answer, match: Match) -> None:
    what, track = answer.preview(match), answer.sounds[match.row]
    job = answer.job(match)
    if what is None or track is None or (job is not None and job.state != "failed"):
        return
    film, result = answer.film, answer.result
    workspace = state.desk().workspace
    output = workspace.folder / f"{film.kept.key[:32]}-{abs(hash(what)):x}.mp4"
    video = film.kept.path
    in_point = match.placement.in_point if match.placement else 0.0
    options = dict(original=answer.own, start=result.start, end=result.end, in_point=in_point)

    def work(progress: Progress) -> Path:
        return in_child(preview.render, video, track, output, progress=progress, **options)

    film.known[what] = workspace.start(work)


# ---------------------------------------------------------------- buttons


def _more_like(answer: Answer, match: Match) -> cards.Act | None:
    words = answer.words
    return cards.Act("like", words("more_like"), "graphic_eq", words("more_like_how"))


def _hear(answer: Answer, match: Match) -> cards.Act | None:
    job = answer.job(match)
    if answer.sounds[match.row] is None or (job is not None and job.state == "done"):
        return None
    if job is not None and not job.ended:
        return cards.Act("stop", answer.words("cancel"), "stop_circle")
    return cards.Act("hear", answer.words("hear"), "theaters")


def _heart(kind: str, answer: Answer, match: Match) -> cards.Act | None:
    pressed = answer.listed.answer(match.track_id) == kind
    return cards.Act(f"say_{kind}", answer.words(f"say_{kind}"), ICONS[kind], pressed=pressed)


BUTTONS: tuple[Callable[[Answer, Match], cards.Act | None], ...] = (
    *(partial(_heart, kind) for kind in ANSWERS),
    _more_like,
    _hear,
)
"""The buttons of a card, from left to right; None leaves one out."""


def _like(answer: Answer, match: Match, value: Any) -> None:
    search_line.like(film_page.place(answer.film), match.track_id)


def _say(kind: str, answer: Answer, match: Match, value: Any) -> None:
    tracks = [m.track_id for m in answer.result.matches]
    with state.sentence():
        answer.listed.say(kind, tracks.index(match.track_id), match.track_id)


def _stop(answer: Answer, match: Match, value: Any) -> None:
    job = answer.job(match)
    if job is not None:
        job.cancel()


ACTS: dict[str, Callable[[Answer, Match, Any], None]] = {
    "like": _like,
    "hear": lambda answer, match, value: _render(answer, match),
    "stop": _stop,
    **{f"say_{kind}": partial(_say, kind) for kind in ANSWERS},
    "place": lambda answer, match, value: answer.panel.choose(match, value),
}
"""What a card can tell: the act, the track, and a value, as a browser sent them."""


def _act(answer: Answer) -> None:
    said = st.session_state[CARDS].get("act")
    if not isinstance(said, dict):
        return
    match = next((m for m in answer.result.matches if m.track_id == said.get("track")), None)
    act = ACTS.get(str(said.get("act")))
    if match is not None and act is not None:
        act(answer, match, said.get("value"))
