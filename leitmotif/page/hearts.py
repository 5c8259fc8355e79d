"""What a person says of the tracks they are shown, and the order that follows from it.

Whoever looks at this machine's own page is the one that the commands know; of visitors from
elsewhere every desk has its own taste. An answer redraws its card's row and nothing else: the list
stays as it is until something else is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from leitmotif.page import state
from leitmotif.page.state import plain
from leitmotif.pipeline import Recommendation
from leitmotif.sessions.desk import OWN
from leitmotif.settings import data_folder
from leitmotif.store.database import Database
from leitmotif.taste import Beliefs, Diary
from leitmotif.taste.answer import POOL, Tasted, again, as_asked, can_order, taste
from leitmotif.taste.diary import ANSWERS, ME
from leitmotif.words.page_words import Words
from matcher.course import Course
from matcher.query import Query
from matcher.search import Match

ICONS = {"like": "favorite", "chosen": "movie", "skip": "skip_next", "never": "block"}
_MOST_KEPT = 24
"""Lists of this visit that are shown again as they were."""


@st.cache_resource(show_spinner=False)
def _database() -> Database:
    return Database(data_folder())


def diary() -> Diary:
    """Of whoever looks at this page."""
    desk = st.session_state["desk"]
    return Diary(_database(), ME if desk == OWN else f"desk {desk}")


@dataclass(frozen=True)
class Learned:
    """What is known of the person as this redraw begins.

    never : ids of tracks that are not shown. answers : how often they said something. in_use :
    whether their order is asked for.
    """

    diary: Diary
    never: frozenset[str]
    beliefs: Beliefs
    answers: int = 0
    in_use: bool = False

    @classmethod
    def now(cls) -> Learned:
        """Learned again only where something was said since the last redraw."""
        kept = diary()
        mark = (kept.person, kept.mark())
        last = st.session_state.get("learned")
        if last is None or last[0] != mark:
            last = mark, cls(kept, kept.never(), kept.beliefs(), mark[1][0])
            st.session_state["learned"] = last
        found: Learned = last[1]
        return found

    def used(self, in_use: bool) -> Learned:
        return replace(self, in_use=in_use)

    def wanted(self, query: Query) -> Query:
        """The query, with tracks enough to choose a list of its k from."""
        query = replace(query, never=self.never)
        ordered = self.in_use and can_order(query)
        return replace(query, k=max(query.k, POOL)) if ordered else query


@dataclass(frozen=True)
class Listed:
    """A list that is shown: its number in the diary, and the place of the try in it."""

    diary: Diary
    shown: str
    attempt: int | None

    def show(self, place: int, match: Match, words: Words) -> None:
        """The answers to one track of it. place : from 0."""
        _row(self, place, match.track_id, words)


def listed(
    result: Recommendation, k: int, learned: Learned, course: Course | None
) -> tuple[Recommendation, Listed]:
    """The k tracks of an answer that are shown, and their list: the same one to the same answer."""
    lists: dict[tuple[object, ...], Tasted] = st.session_state.setdefault("lists", {})
    values, importance = result.query.complete()
    found = tuple(m.track_id for m in result.matches)
    what = (found, values.tobytes(), importance.tobytes(), k, result.start, learned.diary.person)
    known = lists.get(what)
    if known is not None:
        return again(result, known, k), Listed(learned.diary, known.shown, known.attempt)
    if learned.in_use and can_order(result.query):
        result, tasted = taste(result, learned.diary, k, learned.beliefs, course=course)
    else:
        result, tasted = as_asked(result, learned.diary)
    lists[what] = tasted
    while len(lists) > _MOST_KEPT:
        lists.pop(next(iter(lists)))
    return result, Listed(learned.diary, tasted.shown, tasted.attempt)


@st.fragment
def _row(shown: Listed, place: int, track_id: str, words: Words) -> None:
    key = f"say|{shown.shown}|{place}"
    if key not in st.session_state:
        st.session_state[key] = shown.diary.answers(shown.shown).get(track_id)
    if place == shown.attempt:
        st.caption(":material/casino: " + words("a_try"), help=words("a_try_how"))
    said = st.pills(
        words("your_say"),
        ANSWERS,
        format_func=lambda kind: f":material/{ICONS[kind]}: {words(f'say_{kind}')}",
        key=key,
        on_change=_say,
        args=[shown, place, track_id, key],
        label_visibility="collapsed",
    )
    if said:
        st.caption(plain(words(f"said_{said}")))


def _say(shown: Listed, place: int, track_id: str, key: str) -> None:
    shown.diary.withdraw(track_id, shown.shown)
    kind = st.session_state[key]
    with state.sentence():
        if kind:
            shown.diary.answer(kind, track_id, shown.shown, seen=place + 1)
