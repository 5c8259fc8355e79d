"""OpenTimelineIO: the score as a timeline that its many readers know."""

from __future__ import annotations

from pathlib import Path

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from leitmotif.score.exports.clips import Clip, clips, levels, relative_url, url
from leitmotif.score.model import Score
from leitmotif.score.timecode import FrameRate


def otio_json(score: Score) -> str:
    """Film and music on tracks; numbers, levels and fades in the metadata "leitmotif"."""
    film, fps = score.film, float(score.film.rate.fps)
    timeline = otio.schema.Timeline(name=film.path.replace("\\", "/").rsplit("/", 1)[-1])
    timeline.global_start_time = RationalTime(film.start, fps)
    picture = otio.schema.Track(name="Film", kind=otio.schema.TrackKind.Video)
    whole = TimeRange(RationalTime(film.start, fps), RationalTime(film.frames, fps))
    reference = otio.schema.ExternalReference(url(film.path), available_range=whole)
    picture.append(otio.schema.Clip(timeline.name, reference, whole))
    timeline.tracks.append(picture)
    if film.has_sound:
        own = otio.schema.Track(name="Film sound", kind=otio.schema.TrackKind.Audio)
        own.append(otio.schema.Clip(timeline.name, reference.deepcopy(), whole))
        timeline.tracks.append(own)
    folder = str(Path(film.path).parent)
    for lane in (0, 1):
        track = otio.schema.Track(name=f"Music {lane + 1}", kind=otio.schema.TrackKind.Audio)
        at = 0
        for clip in (c for c in clips(score) if c.lane == lane):
            if clip.start > at:
                gap = TimeRange(RationalTime(0, fps), RationalTime(clip.start - at, fps))
                track.append(otio.schema.Gap(source_range=gap))
            track.append(_clip(clip, film.rate, folder))
            at = clip.end
        timeline.tracks.append(track)
    for cue in score.cues:
        span = TimeRange(RationalTime(cue.start, fps), RationalTime(cue.frames, fps))
        marker = otio.schema.Marker(f"{cue.number} {cue.title}", span)
        timeline.tracks.markers.append(marker)
    return str(otio.adapters.write_to_string(timeline, "otio_json", indent=1)) + "\n"


def _clip(clip: Clip, rate: FrameRate, folder: str) -> otio.schema.Clip:
    fps = float(rate.fps)
    used = TimeRange(RationalTime(clip.source, fps), RationalTime(clip.frames, fps))
    frames = max(clip.source_out, rate.frame_at(clip.track.duration))
    whole = TimeRange(RationalTime(0, fps), RationalTime(frames, fps))
    reference = otio.schema.ExternalReference(url(clip.track.path), available_range=whole)
    facts: dict[str, object] = {"cue": clip.cue.number, "levels_db": _pairs(levels(clip))}
    facts |= {"fade_in": clip.fade_in, "fade_out": clip.fade_out}
    facts["relative_url"] = relative_url(clip.track.path, folder)
    made = otio.schema.Clip(clip.name, reference, used, metadata={"leitmotif": facts})
    if clip.speed != 1:
        made.effects.append(otio.schema.LinearTimeWarp(time_scalar=float(clip.speed)))
    return made


def _pairs(keys: list[tuple[int, float]]) -> list[list[float]]:
    return [[frame, db] for frame, db in keys]
