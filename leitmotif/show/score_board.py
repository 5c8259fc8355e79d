"""The board of the score: what its script is given to draw, and the script itself.

The script (`templates/score_*.js`) draws the timeline, plays film and sounds, and sends back what a
person does. Everything that it says comes from here.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from leitmotif.score.model import Cue, HitPoint, Score, Track
from leitmotif.score.timecode import FrameRate
from leitmotif.words.page_words import Words

_TEMPLATES = Path(__file__).with_name("templates")
_PARTS = ("score_clock.js", "score_player.js", "score_draw.js", "score_board.js")
_WORDS = (
    *("first", "play", "pause", "space", "timecode", "own_sound", "film_sound", "side_a", "side_b"),
    *("undo", "redo", "lock", "unlock", "mute", "unmute", "split", "join", "hit", "wider", "fit"),
    *("closer", "lane_picture", "lane_speech", "lane_music", "timeline", "no_track", "locked"),
    *("muted", "in", "out", "length", "exact", "candidates", "use", "compare", "fitting", "hits"),
    *("no_hits", "remove_hit", "no_cue", "keys", "stretch", "stretch_help"),
)


class Strip(NamedTuple):
    """A sheet of small pictures, one every `step` seconds, `cols` in a row."""

    src: str
    cols: int
    width: int
    height: int
    step: float
    n: int


class Sound(NamedTuple):
    """Where a cue is heard, and how loud it is along it: `hz` values a second, 0–255."""

    src: str
    levels: bytes
    hz: int


@cache
def script() -> str:
    """The module that draws the board."""
    return "\n".join((_TEMPLATES / name).read_text(encoding="utf-8") for name in _PARTS)


@cache
def style() -> str:
    return (_TEMPLATES / "score_board.css").read_text(encoding="utf-8")


HTML = '<div class="score-board"></div>'


def words_of(words: Words) -> dict[str, str]:
    """Everything that the script says itself; it fills in numbers (`{s}`, `{n}`) by its own."""
    return {name: words(f"score_{name}", s="{s}", n="{n}") for name in _WORDS}


def film(score: Score, key: str, src: str) -> dict[str, Any]:
    """The picture. src : address of the film for a player, "" where browsers cannot play it."""
    rate = score.film.rate
    return {
        "key": key,
        "src": src,
        "fps": [rate.fps.numerator, rate.fps.denominator],
        "drop": rate.drop,
        "start": score.film.start,
        "frames": score.film.frames,
        "sound": score.film.has_sound and bool(src),
    }


def strip(pictures: Strip | None) -> dict[str, Any] | None:
    """The film strip."""
    if pictures is None:
        return None
    src, cols, width, height, step, n = pictures
    return {"src": src, "cols": cols, "w": width, "h": height, "step": step, "n": n}


def speech(score: Score) -> list[tuple[float, float]]:
    """Where somebody speaks, in seconds."""
    seconds = score.film.rate.seconds
    return [(float(seconds(a)), float(seconds(b))) for a, b in score.speech]


def cue(
    cue: Cue,
    rate: FrameRate,
    sound: Sound | None,
    gone: str,
    words: Words,
) -> dict[str, Any]:
    """One cue. gone : why it cannot be heard, if it cannot."""
    return {
        "n": cue.number,
        "start": cue.start,
        "end": cue.end,
        "track": cue.track.track_id if cue.track else "",
        "title": cue.title,
        "artist": cue.track.artist if cue.track else "",
        "locked": cue.locked,
        "muted": cue.muted,
        "stretch": cue.stretch,
        "speed": float(cue.pieces[0].speed) if cue.pieces else 1.0,
        "gone": gone,
        "note": words.sentence(cue.note),
        "fitting": bool(cue.track) and not cue.muted and not gone and sound is None,
        "hits": [_hit(hit, words) for hit in cue.hits],
        "joins": [float(after.begins) for _, after in pairwise(cue.pieces)],
        "gain": [[frame, level] for frame, level in cue.gain],
        **_heard(sound),
        "tracks": [
            {"id": c.track.track_id, "title": _title(c.track), "artist": c.track.artist}
            | {"about": _about(c.track, words)}
            for c in cue.candidates
        ],
    }


def compared(cue: Cue, sound: Sound | None, gone: str) -> dict[str, Any]:
    """A cue with the other track, for side B."""
    track = cue.track.track_id if cue.track else ""
    return {"cue": cue.number, "track": track, "gone": gone, **_heard(sound)}


def _heard(sound: Sound | None) -> dict[str, Any]:
    src, levels, hz = sound or Sound("", b"", 1)
    return {"sound": src, "wave": base64.b64encode(levels).decode("ascii"), "hz": hz}


def _title(track: Track) -> str:
    return track.title or track.track_id


def _about(track: Track, words: Words) -> str:
    """Artist, tempo, length."""
    bpm = track.facts.get("bpm", "")
    tempo = f"{float(bpm):.0f} BPM" if bpm.replace(".", "", 1).isdigit() else ""
    return " · ".join(filter(None, (track.artist, tempo, words.clock(float(track.duration)))))


def _hit(hit: HitPoint, words: Words) -> dict[str, Any]:
    if hit.miss is None:
        said = words("score_miss_unknown")
    elif hit.miss == 0:
        said = words("score_miss_none")
    else:
        said = words("score_miss_late" if hit.miss > 0 else "score_miss_early", n=abs(hit.miss))
    return {"frame": hit.frame, "label": hit.label, "miss": hit.miss, "said": said}


def cuts(frames: Iterable[float], rate: FrameRate) -> list[int]:
    """Frames at which a shot begins. frames : seconds."""
    return [rate.frame_at(second) for second in frames]


def board(
    score: Score,
    sounds: Callable[[Cue], Sound | None],
    gone: Callable[[Cue], str],
    words: Words,
    **more: Any,
) -> Mapping[str, Any]:
    """What the script is given. more : its other parts, as the functions above make them."""
    rate = score.film.rate
    cues = [cue(c, rate, sounds(c), gone(c), words) for c in score.cues]
    return {"words": words_of(words), "cues": cues, "speech": speech(score), **more}
