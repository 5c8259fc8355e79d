"""The score: the film's music as a plan that an editor works on.

One fragment: whatever somebody does on the board runs this part of the page again and nothing else.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from leitmotif.catalogue.library import Library
from leitmotif.page import score_tab_out, serving, state, widgets
from leitmotif.page.film import PLAYABLE
from leitmotif.page.state import plain
from leitmotif.score.model import Cue, Score
from leitmotif.score.spotting import SHORTEST_S
from leitmotif.score.views import PER_SECOND
from leitmotif.sessions.film_sheet import Sheet, sheet
from leitmotif.sessions.films import Film
from leitmotif.sessions.scoring import Heard, Scoring
from leitmotif.show import score_board
from leitmotif.words.page_words import Words

_BOARD = st.components.v2.component(
    "leitmotif.score", html=score_board.HTML, css=score_board.style(), js=score_board.script()
)


@st.fragment
def show(film: Film, library: Library, words: Words) -> None:
    scoring = film.once("scoring", lambda: Scoring(film, state.desk()))
    scoring.look()
    if scoring.score is None:
        _empty(scoring, library, words)
    else:
        _head(scoring, library, words)
        _board(scoring, words)
        score_tab_out.show(scoring, words)
    state.remember()


# ------------------------------------------------------------------------------ planning


def _empty(scoring: Scoring, library: Library, words: Words) -> None:
    """One line that teaches, and the first plan."""
    if scoring.plan is not None and not scoring.plan.ended:
        _planning(scoring, words)
        return
    _failed(scoring, words)
    if scoring.said is not None:
        st.warning(plain(words.trouble(scoring.said)))
    st.subheader(words("score_title"), anchor=False)
    st.caption(words("score_how"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _spot(scoring, library, words, words("score_spot"), "primary")


def _spot(scoring: Scoring, library: Library, words: Words, label: str, look: Any) -> None:
    """The two questions that a plan asks, and its button."""
    shortest = widgets.remembered(
        "score_shortest",
        SHORTEST_S,
        partial(
            st.number_input,
            words("score_shortest"),
            1.0,
            600.0,
            step=1.0,
            help=words("score_shortest_help"),
            width=170,
        ),
    )
    reprise = widgets.remembered(
        "score_reprise",
        False,
        partial(st.checkbox, words("score_reprise"), help=words("score_reprise_help")),
    )
    st.button(
        label,
        icon=":material/graphic_eq:",
        type=look,
        key="score_spot",
        on_click=scoring.begin,
        args=[library, float(shortest), bool(reprise)],
    )


@st.fragment(run_every=0.7)
def _planning(scoring: Scoring, words: Words) -> None:
    """The first plan is under way."""
    job = scoring.plan
    if job is None or job.ended:
        st.rerun()
    assert job is not None
    st.progress(job.stage.share, plain(words("score_planning", stage=words.stage(job.stage.name))))
    st.button(words("cancel"), icon=":material/stop_circle:", on_click=job.cancel, key="score_stop")


def _failed(scoring: Scoring, words: Words) -> None:
    if scoring.plan is not None and scoring.plan.state == "failed":
        state.failure(scoring.plan, scoring.film.kept, words)


def _head(scoring: Scoring, library: Library, words: Words) -> None:
    """What was planned, and a way to plan it again."""
    score = scoring.score
    assert score is not None
    _failed(scoring, words)
    with st.container(horizontal=True, vertical_alignment="center", key="score_head"):
        said = words(
            "score_said", n=len(score.cues), rate=_rate(score), name=scoring.film.kept.name
        )
        st.caption(plain(said), width="stretch")
        if scoring.plan is not None and not scoring.plan.ended:
            st.button(words("cancel"), key="score_stop", on_click=scoring.plan.cancel)
        else:
            with st.popover(words("score_again"), icon=":material/graphic_eq:"):
                st.caption(words("score_again_how"))
                _spot(scoring, library, words, words("score_spot"), "secondary")
    for note in score.notes:
        st.caption(":material/info: " + plain(words.sentence(note)))


def _rate(score: Score) -> str:
    shown = f"{float(score.film.rate.fps):.3f}".rstrip("0").rstrip(".")
    return f"{shown} DF" if score.film.rate.drop else shown


# ------------------------------------------------------------------------------ the board


def _board(scoring: Scoring, words: Words) -> None:
    score, film = scoring.score, scoring.film
    assert score is not None
    key = f"score|{film.kept.key}"
    # Asked first: what ends while this is drawn is shown by the next redraw.
    pending = scoring.pending or not film.once("sheet", lambda: _begin_sheet(film)).ended
    data = score_board.board(
        score,
        lambda cue: _sound(scoring.heard(cue)),
        lambda cue: _gone(scoring, cue, words),
        words,
        film=score_board.film(score, film.kept.key, _picture(film)),
        strip=score_board.strip(_strip(film)),
        cuts=score_board.cuts(film.timeline.cuts, score.film.rate),
        speech_said=_speech_said(score, words),
        compared=_compared(scoring, words),
        undo=scoring.steps[0],
        redo=scoring.steps[1],
        ack=st.session_state.get(f"{key}|ack", 0),
        said=words.trouble(scoring.said) if scoring.said else "",
        work=_work(scoring, words),
        pending=pending,
    )
    _BOARD(key=key, data=data, on_act_change=lambda: _act(scoring, key), on_look_change=_looked)


def _act(scoring: Scoring, key: str) -> None:
    """What somebody did on the board; what was done already is not done again."""
    told = st.session_state[key].get("act")
    if isinstance(told, dict) and int(told["id"]) > st.session_state.get(f"{key}|ack", 0):
        st.session_state[f"{key}|ack"] = int(told["id"])
        scoring.act(told["acts"])
        scoring.look()


def _looked() -> None:
    """The board asks what has been made meanwhile: drawing it again is the answer."""


def _picture(film: Film) -> str:
    kind = PLAYABLE.get(film.kept.path.suffix.lower())
    return serving.address(film.kept.path, kind) if kind else ""


def _sound(heard: Heard | None) -> score_board.Sound | None:
    if heard is None:
        return None
    return score_board.Sound(serving.address(heard.sound, "audio/flac"), heard.levels, PER_SECOND)


def _gone(scoring: Scoring, cue: Cue, words: Words) -> str:
    trouble = scoring.trouble(cue)
    return words.trouble(trouble) if trouble else ""


def _speech_said(score: Score, words: Words) -> str:
    return words("score_no_speech" if score.film.has_sound else "score_no_sound")


def _compared(scoring: Scoring, words: Words) -> dict[str, Any] | None:
    other = scoring.other()
    if other is None:
        return None
    return score_board.compared(other, _sound(scoring.heard(other)), _gone(scoring, other, words))


def _work(scoring: Scoring, words: Words) -> dict[str, Any] | None:
    """What goes on behind the board, in words, and how far it is."""
    if scoring.plan is not None and not scoring.plan.ended:
        stage = scoring.plan.stage
        return {
            "text": words("score_planning", stage=words.stage(stage.name)),
            "share": stage.share,
        }
    if scoring.work is not None and not scoring.work.ended:
        return {"text": words("score_working"), "share": scoring.work.stage.share}
    return None


def _begin_sheet(film: Film) -> Any:
    folder, path = state.desk().workspace.folder, film.kept.path
    length, name = film.timeline.duration, f"{film.kept.key[:32]}-sheet.jpg"
    return state.desk().workspace.start(partial(sheet, path, length, Path(folder, name)))


def _strip(film: Film) -> score_board.Strip | None:
    job = film.once("sheet", lambda: _begin_sheet(film))
    made: Sheet | None = job.result
    if made is None:
        return None
    address = serving.address(made.path, "image/jpeg")
    return score_board.Strip(address, made.cols, made.width, made.height, made.step, made.n)
