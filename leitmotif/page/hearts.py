"""What a person says of the tracks they are shown, and the order that follows from it.

Whoever looks at this machine's own page is the one that the commands know; of visitors from
elsewhere every desk has its own taste. The list stays as it is until something else is asked, so
that nothing moves under the hand that says what it likes.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace

import streamlit as st

from leitmotif.page import state
from leitmotif.pipeline import Recommendation
from leitmotif.taste import Beliefs, Diary
from leitmotif.taste.answer import POOL, Tasted, again, as_asked, can_order, taste
from matcher.course import Course
from matcher.query import Query

ICONS = {"like": "favorite", "chosen": "movie", "skip": "skip_next", "never": "block"}
_MOST_KEPT = 24
"""Lists of this visit that are shown again as they were."""


@dataclass
class Memory:
    """What a session knows of its lists.

    held : what was asked last, and what was known of the person when it was. said : answers by the
    part of the film and the track (`Listed.said`). lists : those that were shown.
    """

    held: tuple[Hashable, Learned] | None = None
    said: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    lists: dict[tuple[object, ...], Tasted] = field(default_factory=dict)

    @classmethod
    def now(cls) -> Memory:
        kept: Memory = st.session_state.setdefault("hearts", cls())
        return kept

    def let_go(self) -> None:
        """Let the list that is looked at follow what was said, or taken back."""
        self.held = None
        self.said.clear()


@dataclass(frozen=True)
class Learned:
    """What is known of the person as this redraw begins.

    mark : another one as soon as they say something. never : ids of tracks that are not shown.
    in_use : whether their order is asked for.
    """

    diary: Diary
    mark: tuple[int, int]
    never: frozenset[str]
    beliefs: Beliefs
    in_use: bool = False

    @classmethod
    def now(cls) -> Learned:
        """Learned again only where something was said since the last redraw."""
        kept = state.diary()
        mark = kept.mark()
        last: Learned | None = st.session_state.get("learned")
        if last is None or (last.diary.person, last.mark) != (kept.person, mark):
            last = cls(kept, mark, kept.never(), kept.beliefs())
            st.session_state["learned"] = last
        return last

    @property
    def said(self) -> int:
        """How often they said something."""
        return self.mark[0]

    def held(self, asked: Hashable, memory: Memory) -> Learned:
        """What was known when this was asked first: an answer moves no list that is looked at."""
        what = asked, self.diary.person
        if memory.held is None or memory.held[0] != what:
            memory.held = what, self
        return memory.held[1]

    def used(self, in_use: bool) -> Learned:
        return replace(self, in_use=in_use)

    def wanted(self, query: Query) -> Query:
        """The query, with tracks enough to choose a list of its k from."""
        query = replace(query, never=self.never)
        ordered = self.in_use and can_order(query)
        return replace(query, k=max(query.k, POOL)) if ordered else query


@dataclass(frozen=True)
class Listed:
    """A list that is shown: its number in the diary, and the place of the try in it.

    said : what was said of tracks for this part of the film, at this visit or in this list: the
    answer, and the list it was about.
    """

    diary: Diary
    shown: str
    attempt: int | None
    said: dict[str, tuple[str, str]]

    @classmethod
    def of(
        cls, diary: Diary, tasted: Tasted, part: str, memory: Memory, known: bool = False
    ) -> Listed:
        """known : whether it was shown before, so that something may have been said of it."""
        said = memory.said.setdefault(part, {})
        answers = diary.answers(tasted.shown) if known else {}
        for track_id, kind in answers.items():
            said.setdefault(track_id, (kind, tasted.shown))
        return cls(diary, tasted.shown, tasted.attempt, said)

    def answer(self, track_id: str) -> str:
        """What was said of a track; empty where nothing was."""
        return self.said.get(track_id, ("", ""))[0]

    def say(self, kind: str, place: int, track_id: str) -> None:
        """Keep an answer to a track at a place, from 0; the same one again takes it back."""
        before, shown = self.said.pop(track_id, ("", self.shown))
        self.diary.withdraw(track_id, shown)
        if before != kind:
            self.diary.answer(kind, track_id, self.shown, seen=place + 1)
            self.said[track_id] = kind, self.shown


def listed(
    result: Recommendation,
    k: int,
    learned: Learned,
    course: Course | None,
    part: str,
    memory: Memory,
) -> tuple[Recommendation, Listed]:
    """The k tracks of an answer that are shown, and their list: the same one to the same answer.

    part : what the part of the film is called (`leitmotif.page.film.place`).
    """
    lists = memory.lists
    values, importance = result.query.complete()
    found = tuple(m.track_id for m in result.matches)
    what = (
        learned.diary.person,
        learned.mark,
        found,
        values.tobytes(),
        importance.tobytes(),
        k,
        learned.in_use,
    )
    known = lists.get(what)
    if known is not None:
        return again(result, known, k), Listed.of(learned.diary, known, part, memory, known=True)
    if learned.in_use and can_order(result.query):
        result, tasted = taste(result, learned.diary, k, learned.beliefs, course=course)
    else:
        result, tasted = as_asked(result, learned.diary)
    lists[what] = tasted
    while len(lists) > _MOST_KEPT:
        lists.pop(next(iter(lists)))
    return result, Listed.of(learned.diary, tasted, part, memory)
