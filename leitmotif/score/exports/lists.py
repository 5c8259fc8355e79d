"""Lists for people and small programs: cue sheet, labels, regions, chapters, playlist."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from data.errors import InputError
from leitmotif.score.model import Cue, Score

_CHAPTERS, _CHAPTER_S = 3, 10
"""YouTube shows chapters from three on, each at least ten seconds long, the first at 0:00."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cue_sheet(score: Score) -> str:
    """One row a cue, as broadcasters ask for it; cells that a spreadsheet would take for formulas
    begin with an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    facts = ("composer", "publisher", "isrc", "license", "license_url")
    head = ("cue", "title", "artist", *facts, "usage", "in", "out", "duration_s")
    writer.writerow(head)
    for cue in score.sounding():
        assert cue.track
        row = [cue.number, cue.title, cue.track.artist]
        row += [cue.track.facts.get(name, "") for name in facts]
        row += ["background instrumental", score.timecode(cue.start), score.timecode(cue.end)]
        row.append(f"{float(score.film.rate.seconds(cue.frames)):.3f}")
        writer.writerow([safe(cell) for cell in row])
    return "\ufeff" + text.getvalue()


def audacity(score: Score) -> str:
    """Label track: start, end in seconds, and name, by tabs."""
    lines = [f"{_s(score, c.start)}\t{_s(score, c.end)}\t{_name(c)}" for c in score.cues]
    return "\n".join(lines) + "\n"


def reaper(score: Score) -> str:
    """Regions and markers as Reaper's region manager reads them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("#", "Name", "Start", "End", "Length"))
    for k, cue in enumerate(score.cues, 1):
        times = (_s(score, cue.start), _s(score, cue.end), _s(score, cue.frames))
        writer.writerow((f"R{k}", _name(cue), *times))
    hits = [(cue, hit) for cue in score.cues for hit in cue.hits]
    for k, (cue, hit) in enumerate(hits, 1):
        writer.writerow(
            (f"M{k}", f"{cue.number} {hit.label}".strip(), _s(score, hit.frame), "", "")
        )
    return text.getvalue()


def chapters(score: Score) -> str:
    """YouTube chapters. Raises `InputError` where there are too few that are long enough."""
    seconds = [float(score.film.rate.seconds(cue.start)) for cue in score.cues]
    kept: list[tuple[int, Cue]] = []
    for at, cue in zip(seconds, score.cues, strict=True):
        start = 0 if not kept else int(at)
        if not kept or start - kept[-1][0] >= _CHAPTER_S:
            kept.append((start, cue))
    if len(kept) < _CHAPTERS:
        raise InputError("score.few_chapters", found=len(kept), least=_CHAPTERS)
    return "\n".join(f"{_clock(at)} {cue.title or cue.number}" for at, cue in kept) + "\n"


def m3u8(score: Score) -> str:
    """A playlist of the tracks in order of their cues, in UTF-8."""
    lines = ["#EXTM3U"]
    for cue in score.sounding():
        assert cue.track
        who = f"{cue.track.artist} - " if cue.track.artist else ""
        lines.append(f"#EXTINF:{round(cue.track.duration)},{who}{cue.title}")
        lines.append(str(Path(cue.track.path).resolve()))
    return "\n".join(lines) + "\n"


def _name(cue: Cue) -> str:
    return " ".join(f"{cue.number} {cue.title}".split())


def _s(score: Score, frames: int) -> str:
    return f"{float(score.film.rate.seconds(frames)):.6f}"


def _clock(seconds: int) -> str:
    minutes, s = divmod(seconds, 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02d}:{s:02d}" if hours else f"{m}:{s:02d}"


def safe(cell: object) -> str:
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text
