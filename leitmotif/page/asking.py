"""What a moved slider asks, answered without a redraw of the page.

A redraw costs a browser a hundred milliseconds before anything has changed. A move changes the ten
wishes alone, so it goes to an address that nobody guesses, and what comes back changes the sliders
and the cards. The rest of what is asked is that of the last redraw. Where more than those two would
change (a warning comes or goes, nothing is left), the page is drawn again.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Hashable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as Asked
from starlette.responses import Response
from starlette.routing import Route

from data.errors import InputError
from data.profiles import MUSIC_NAMES, VideoProfile
from leitmotif import pipeline
from leitmotif.catalogue.library import Library
from leitmotif.find.search import Request
from leitmotif.page import hearts, search_line, state, tracks
from leitmotif.page.arc_panel import ArcPanel
from leitmotif.page.wishes import LEADING, Wishes
from leitmotif.sessions.desk import Desk, plain_values
from leitmotif.sessions.films import Film
from leitmotif.words.page_words import Words
from matcher import presets
from matcher.course import Course
from matcher.query import Query
from recommender.predict import Recommender

LARGEST = 4096
"""Bytes that may be told at once; ten numbers are a few hundred."""
_PREFIX = "moved"
_count = count(1)
_open: WeakValueDictionary[str, Asking] = WeakValueDictionary()


@dataclass(frozen=True)
class Rest:
    """What is asked beside the wishes.

    query : without values and weights. weights : (10,), before what was changed leads. own : the
    dimensions whose weight the person has set. said : what words ask. by_taste : whether the order
    of the person's taste is switched on. own_sound : "mute" or "duck", as of `tracks.Answer`. part,
    kind : what the part of the film is called, and what leads it.
    """

    video: VideoProfile
    recommender: Recommender
    query: Query
    weights: np.ndarray
    own: frozenset[str]
    said: Request | None
    course: Course | None
    learned: hearts.Learned
    by_taste: bool
    own_sound: str
    start: float
    end: float | None
    part: str
    kind: str


@dataclass(eq=False)
class Asking:
    """All that is asked of the tracks, and the answer that is shown; kept by the session.

    places : of tracks under films, as the person chose them. all_wishes : of every part of a film.
    turn : held by whoever draws or answers.
    """

    film: Film
    library: Library
    words: Words
    wishes: Wishes
    rest: Rest
    memory: hearts.Memory
    places: dict[str, float]
    desk: Desk
    all_wishes: dict[str, Any]
    key: str
    turn: threading.Lock
    shown: tracks.Answer | None = None
    n: int = 0

    @classmethod
    def now(
        cls, film: Film, library: Library, words: Words, wishes: Wishes, rest: Rest, n: int
    ) -> Asking:
        """At the address of this part of the film. n : number of the redraw (`number`)."""
        made = cls(
            film,
            library,
            words,
            wishes,
            rest,
            hearts.Memory.now(),
            st.session_state.setdefault("places", {}),
            state.desk(),
            st.session_state["wishes"],
            key_of(rest.part),
            turn(),
            n=n,
        )
        _open[made.key] = st.session_state["asking"] = made
        return made

    def answer(self) -> tracks.Answer | None:
        """None where nothing is left. Raises `InputError`."""
        rest, wishes = self.rest, self.wishes
        query = replace(rest.query, values=wishes.values, importance=self._lifted())
        learned = rest.learned.held(self._what(query), self.memory)
        result = pipeline.match(
            rest.video,
            self.library.catalogue,
            learned.wanted(query),
            index=search_line.ordering(rest.said, self.library),
            recommender=rest.recommender,
            course=rest.course,
            start=rest.start,
            end=rest.end,
        )
        if not result.matches:
            return None
        result, listed = hearts.listed(
            result, rest.query.k, learned, rest.course, rest.part, self.memory
        )
        panel = ArcPanel(self.film, result, rest.course, self.words, self.places)
        notes = self._notes(result)
        result = panel.placed()
        return tracks.Answer(
            self.film,
            self.library,
            result,
            rest.own_sound,
            self.words,
            panel,
            listed,
            self.desk.workspace.folder,
            notes,
        )

    def _lifted(self) -> np.ndarray:
        """The weights (10,), with what was edited in the lead, but for those that the person
        set."""
        rest, wishes = self.rest, self.wishes
        edited = np.isin(MUSIC_NAMES, list(wishes.lead - rest.own))
        if not edited.any():
            return rest.weights
        known = rest.weights * (wishes.predicted.confidence > 0)
        return np.where(edited, presets.lead(known, edited), rest.weights)

    def _what(self, query: Query) -> Hashable:
        """Stands for everything that is asked for."""
        rest, said = self.rest, self.rest.said
        values, importance = query.complete()
        rows = None if query.filter is None else query.filter.rows
        parts = [rows] if said is None else [rows, said.ranking.costs, said.ranking.allowed]
        more = tuple(None if part is None else hash(part.tobytes()) for part in parts)
        numbers = values.tobytes(), importance.tobytes(), query.k, query.diversity
        place = rest.part, rest.kind
        return place, numbers, query.metric, query.scale, more, rest.by_taste

    def _notes(self, result: pipeline.Recommendation) -> tuple[str, ...]:
        """What is said above the list."""
        words, rows = self.words, [m.row for m in result.matches]
        said = [
            self.film.kept.named(words.sentence(warning))
            for warning in result.warnings
            if warning not in self.rest.video.warnings
        ]
        return (*said, *(words.sentence(w) for w in search_line.told(self.rest.said, rows)))

    def move(self, said: Any) -> dict[str, Any]:
        """Take in what was moved, as a browser sent it: what that changes, or that the page has to
        be drawn again."""
        with self.turn, state.one_at_a_time():
            self.wishes.tell(said)
            self._remember()
            try:
                answer = self.answer()
            except InputError:  # the page says it
                answer = None
            if answer is None or self.shown is None or answer.notes != self.shown.notes:
                return {"redraw": True}
            self.shown, self.n = answer, number()
            return {
                "of": self.key,
                "n": self.n,
                "moved": self.wishes.moved(),
                "cards": tracks.drawn(answer),
            }

    def _remember(self) -> None:
        """For the next visit."""
        before = self.desk.choices
        switches = dict(before.get("remembered", {}))
        if LEADING in self.wishes.switches:
            switches[LEADING] = self.wishes.leading
        wishes = plain_values(self.all_wishes)
        self.desk.choose({**before, "wishes": wishes, "remembered": switches})


def number() -> int:
    """Grows with every redraw and answer."""
    return next(_count)


def key_of(part: str) -> str:
    """What moves for a part of the film are told under, in this session."""
    keys: dict[str, str] = st.session_state.setdefault("moved_at", {})
    return keys.setdefault(part, secrets.token_urlsafe(18))


def address(key: str) -> str:
    """Where moves are told, from the page's own address."""
    return f"{_PREFIX}/{key}"


def turn() -> threading.Lock:
    """Held by whoever draws this session's list, or answers a move."""
    lock: threading.Lock = st.session_state.setdefault("turn", threading.Lock())
    return lock


async def _answer(request: Asked) -> Response:
    """What a move changes; 404 for an address that was never given, or whose session has ended."""
    asking = _open.get(request.path_params["key"])
    if asking is None:
        return Response(status_code=404)
    content = b""
    async for piece in request.stream():
        content += piece
        if len(content) > LARGEST:
            return Response(status_code=413)
    try:
        said = json.loads(content)
    except ValueError:
        return Response(status_code=400)
    found = json.dumps(await run_in_threadpool(asking.move, said), ensure_ascii=False)
    return Response(found, media_type="application/json", headers={"cache-control": "no-store"})


ROUTES = (Route(f"/{_PREFIX}/{{key}}", _answer, methods=["POST"]),)
