"""CMX3600 edit lists, and Resolve's lists of markers in the same form.

One event a clip, audio only, source timecode counted from the track's beginning at the film's rate.
A speed stands in the format's own M2 line, to a tenth of a frame, and exactly in a comment.
Names and files stand in comments, as readers of the format expect.
"""

from __future__ import annotations

from data.errors import InputError
from leitmotif.score.exports.clips import clips, levels
from leitmotif.score.model import Film, Score
from leitmotif.score.timecode import FrameRate

_CHANNELS = ("AA", "A2")
MOST_EVENTS = 999


def edl(score: Score) -> str:
    """Clips as a CMX3600 list; levels as comments, in dB.

    Raises `InputError` for more events than the format counts.
    """
    rate = score.film.rate
    found = clips(score)
    if len(found) > MOST_EVENTS:
        raise InputError("score.many_events", found=len(found), most=MOST_EVENTS)
    source = FrameRate(rate.fps, rate.drop)
    lines = head(score.film)
    for k, clip in enumerate(found, 1):
        times = (
            source.timecode(clip.source),
            source.timecode(clip.source_out),
            score.timecode(clip.start),
            score.timecode(clip.end),
        )
        lines.append(f"{k:03d}  AX       {_CHANNELS[clip.lane]:<5} C        {' '.join(times)}")
        if clip.speed != 1:
            lines.append(f"M2   AX       {float(clip.speed * rate.fps):05.1f}       {times[0]}")
            lines.append(f"* SPEED: {float(clip.speed):.6f}")
        lines.append(f"* FROM CLIP NAME: {plain(clip.name)}")
        lines.append(f"* SOURCE FILE: {plain(clip.track.path)}")
        for frame, db in levels(clip):
            at = score.timecode(clip.start + frame)
            lines.append(f"* AUDIO LEVEL AT {at} IS {db:+.2f} DB  (REEL AX {_CHANNELS[clip.lane]})")
    return "\n".join(lines) + "\n"


def markers(score: Score) -> str:
    """Cues and hit points as a list of markers that DaVinci Resolve imports."""
    marks = [(cue.start, cue.frames, "Blue", f"{cue.number} {cue.title}") for cue in score.cues]
    marks += [
        (hit.frame, 1, "Red", f"{cue.number} {hit.label or 'hit'}")
        for cue in score.cues
        for hit in cue.hits
    ]
    lines = head(score.film)
    for k, (frame, length, colour, name) in enumerate(sorted(marks), 1):
        span = f"{score.timecode(frame)} {score.timecode(frame + 1)}"
        lines.append(f"{k:03d}  001      V     C        {span} {span}")
        lines.append(f" |C:ResolveColor{colour} |M:{plain(name).replace('|', '/')} |D:{length}")
    return "\n".join(lines) + "\n"


def head(film: Film) -> list[str]:
    """The lines that a list of edits for a film begins with."""
    mode = "DROP FRAME" if film.rate.drop else "NON-DROP FRAME"
    return [f"TITLE: {plain(film.path.rsplit('/', 1)[-1])}", f"FCM: {mode}", ""]


def plain(text: str) -> str:
    """Text on one line, as a comment wants it."""
    return " ".join(text.split())
