"""A conformed edit for other programs: EDL, OpenTimelineIO, Final Cut Pro 7 XML, a table.

Every shot is a clip of its film, at its speed; a shot from no film of the library is a clip of the
edit itself, so that the timeline is whole. The edit's own sound lies under it. Timecodes of sources
are counted from the film's beginning at the edit's rate; the frames of the film in its own rate
stand beside them.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from data.atomic import atomic_path
from data.errors import InputError
from leitmotif.scenes.conformed import Conformed, Shot, save_report
from leitmotif.score.exports.clips import url
from leitmotif.score.exports.edl import MOST_EVENTS, head, plain
from leitmotif.score.exports.lists import safe
from leitmotif.score.exports.xmeml import add, add_rate, add_timecode, document

_SPEED_1 = Fraction(1)


@dataclass(frozen=True)
class Clip:
    """A shot as a timeline has it, in frames of the edit's rate.

    source : frame of the file that it begins with. speed : of the file per frame of the timeline.
    """

    shot: Shot
    path: str
    name: str
    start: int
    end: int
    source: int
    speed: Fraction
    length: int

    @property
    def frames(self) -> int:
        return self.end - self.start

    @property
    def used(self) -> int:
        """Frames of the file that are gone through."""
        return max(round(self.frames * self.speed), 1)


def clips(conformed: Conformed) -> Iterator[Clip]:
    """Every shot in order."""
    fps = conformed.edit.rate.fps
    for shot in conformed.shots:
        start, end, place = shot.record_in, shot.record_out, shot.place
        if place is None:
            file, frames = conformed.edit.path, conformed.edit.frames
            yield Clip(shot, file, conformed.name, start, end, start, _SPEED_1, frames)
            continue
        source = math.floor(place.time_in * fps + Fraction(1, 1000))
        length = round(place.source.duration * fps)
        film = place.source
        yield Clip(shot, film.path, film.title, start, end, source, place.speed, length)


def edl(conformed: Conformed) -> str:
    """CMX3600: pictures, one event a shot, then the sound. Speeds as M2, the rest as comments.

    Raises `InputError` for more events than the format counts.
    """
    film, found = conformed.edit, list(clips(conformed))
    if len(found) + film.has_sound > MOST_EVENTS:
        raise InputError("scenes.many_shots", found=len(found), most=MOST_EVENTS)
    code, lines = film.rate.timecode, head(film)
    for k, clip in enumerate(found, 1):
        times = [code(clip.source), code(clip.source + clip.used)]
        times += [code(film.start + clip.start), code(film.start + clip.end)]
        lines.append(f"{k:03d}  AX       V     C        {' '.join(times)}")
        if clip.speed != 1:
            rate = float(film.rate.fps * clip.speed)
            lines.append(f"M2   AX       {rate:05.1f}                {code(clip.source)}")
        lines += [f"* {plain(line)}" for line in _comments(clip)]
    if film.has_sound:
        span = f"{code(0)} {code(film.frames)}"
        record = f"{code(film.start)} {code(film.start + film.frames)}"
        lines.append(f"{len(found) + 1:03d}  AX       AA    C        {span} {record}")
        lines.append(f"* FROM CLIP NAME: {plain(conformed.name)}")
        lines.append(f"* SOURCE FILE: {plain(film.path)}")
    return "\n".join(lines) + "\n"


def _comments(clip: Clip) -> Iterator[str]:
    yield f"FROM CLIP NAME: {clip.name}"
    yield f"SOURCE FILE: {clip.path}"
    place = clip.shot.place
    if place is None:
        yield "NOT IN THE LIBRARY"
        return
    yield f"SOURCE FRAMES: {place.source_in} TO {place.source_out} AT {place.source.rate}"
    if clip.speed != 1:
        yield f"SPEED: {float(100 * clip.speed):.2f} PERCENT"
    if place.mirrored:
        yield "MIRRORED"
    if place.window != (0.0, 0.0, 1.0, 1.0):
        yield "WINDOW: " + " ".join(f"{edge:.4f}" for edge in place.window)


def otio_json(conformed: Conformed) -> str:
    """A timeline of pictures and the edit's sound; what OpenTimelineIO has no word for (mirrored,
    the window, the film's own frames) in the metadata "leitmotif".
    """
    film, fps = conformed.edit, float(conformed.edit.rate.fps)
    timeline = otio.schema.Timeline(name=conformed.name)
    timeline.global_start_time = RationalTime(film.start, fps)
    picture = otio.schema.Track(name="Films", kind=otio.schema.TrackKind.Video)
    for clip in clips(conformed):
        picture.append(_otio_clip(clip, fps))
    timeline.tracks.append(picture)
    if film.has_sound:
        sound = otio.schema.Track(name="Sound of the edit", kind=otio.schema.TrackKind.Audio)
        whole = TimeRange(RationalTime(0, fps), RationalTime(film.frames, fps))
        reference = otio.schema.ExternalReference(url(film.path), available_range=whole)
        sound.append(otio.schema.Clip(conformed.name, reference, whole))
        timeline.tracks.append(sound)
    return str(otio.adapters.write_to_string(timeline, "otio_json", indent=1)) + "\n"


def _otio_clip(clip: Clip, fps: float) -> otio.schema.Clip:
    whole = TimeRange(RationalTime(0, fps), RationalTime(clip.length, fps))
    reference = otio.schema.ExternalReference(url(clip.path), available_range=whole)
    used = TimeRange(RationalTime(clip.source, fps), RationalTime(clip.frames, fps))
    facts: dict[str, object] = {"in_library": clip.shot.place is not None}
    place = clip.shot.place
    if place:
        facts |= {"source_in": place.source_in, "source_out": place.source_out}
        facts |= {"source_rate": str(place.source.rate), "mirrored": place.mirrored}
        facts |= {"window": list(place.window), "speed": str(place.speed)}
        facts |= {"confidence": clip.shot.confidence}
    made = otio.schema.Clip(clip.name, reference, used, metadata={"leitmotif": facts})
    if clip.speed != 1:
        made.effects.append(otio.schema.LinearTimeWarp(time_scalar=float(clip.speed)))
    return made


def fcp7(conformed: Conformed) -> str:
    """Final Cut Pro 7 XML: speeds as "Time Remap", mirrored shots as "Flop".

    In- and out-points of a clip with a speed are counted after it, as the format has them.
    """
    film, rate = conformed.edit, conformed.edit.rate
    root = ET.Element("xmeml", version="5")
    sequence = add(root, "sequence", id="edit")
    add(sequence, "name", conformed.name)
    add(sequence, "duration", film.frames)
    add_rate(sequence, rate)
    add_timecode(sequence, rate, film.start)
    media = add(sequence, "media")
    video = add(media, "video")
    shape = add(add(video, "format"), "samplecharacteristics")
    add_rate(shape, rate)
    add(shape, "width", film.width)
    add(shape, "height", film.height)
    track, files = add(video, "track"), dict[str, str]()
    for k, clip in enumerate(clips(conformed), 1):
        _fcp7_clip(track, k, clip, conformed, files)
    audio = add(media, "audio")
    for channel in (1, 2) if film.has_sound else ():
        _fcp7_sound(add(audio, "track"), channel, conformed, files)
    return document(root)


def _fcp7_clip(
    track: ET.Element, k: int, clip: Clip, conformed: Conformed, files: dict[str, str]
) -> None:
    item = add(track, "clipitem", id=f"shot-{k}")
    add(item, "name", clip.name)
    add(item, "duration", round(clip.length / clip.speed))
    add_rate(item, conformed.edit.rate)
    first = round(clip.source / clip.speed)
    for tag, value in (
        ("start", clip.start),
        ("end", clip.end),
        ("in", first),
        ("out", first + clip.frames),
    ):
        add(item, tag, value)
    _fcp7_file(item, clip.path, clip.length, conformed, files)
    if clip.speed != 1:
        effect = _effect(item, "Time Remap", "timeremap", "motion", "motion")
        _parameter(effect, "variablespeed", 0)
        _parameter(effect, "speed", f"{float(100 * clip.speed):.4f}")
        _parameter(effect, "reverse", "FALSE")
    if clip.shot.place and clip.shot.place.mirrored:
        _effect(item, "Flop", "Flop", "Perspective", "filter")


def _fcp7_sound(
    track: ET.Element, channel: int, conformed: Conformed, files: dict[str, str]
) -> None:
    film = conformed.edit
    item = add(track, "clipitem", id=f"sound-{channel}")
    add(item, "name", conformed.name)
    add(item, "duration", film.frames)
    add_rate(item, film.rate)
    for tag, value in (("start", 0), ("end", film.frames), ("in", 0), ("out", film.frames)):
        add(item, tag, value)
    _fcp7_file(item, film.path, film.frames, conformed, files)
    source = add(item, "sourcetrack")
    add(source, "mediatype", "audio")
    add(source, "trackindex", channel)
    add(track, "outputchannelindex", channel)


def _fcp7_file(
    item: ET.Element, path: str, length: int, conformed: Conformed, files: dict[str, str]
) -> None:
    if path in files:
        add(item, "file", id=files[path])
        return
    files[path] = f"file-{len(files) + 1}"
    file = add(item, "file", id=files[path])
    add(file, "name", Path(path.replace("\\", "/")).name)
    add(file, "pathurl", url(path))
    add_rate(file, conformed.edit.rate)
    add(file, "duration", length)
    inside = add(file, "media")
    add(add(inside, "video"), "samplecharacteristics")
    if path == conformed.edit.path and conformed.edit.has_sound:
        add(add(inside, "audio"), "channelcount", 2)


def _effect(item: ET.Element, name: str, ident: str, category: str, kind: str) -> ET.Element:
    effect = add(add(item, "filter"), "effect")
    for tag, value in (
        ("name", name),
        ("effectid", ident),
        ("effectcategory", category),
        ("effecttype", kind),
        ("mediatype", "video"),
    ):
        add(effect, tag, value)
    return effect


def _parameter(effect: ET.Element, name: str, value: object) -> None:
    parameter = add(effect, "parameter")
    add(parameter, "parameterid", name)
    add(parameter, "name", name)
    add(parameter, "value", value)


COLUMNS = (
    *("shot", "record_in", "record_out", "in_library", "title", "path", "source_in", "source_out"),
    *("source_rate", "seconds_in", "speed", "mirrored", "left", "top", "right", "bottom"),
    *("agreement", "confidence", "second_title", "second_seconds_in", "second_agreement"),
)


def table(conformed: Conformed) -> str:
    """CSV, a line a shot; what is not known is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for k, shot in enumerate(conformed.shots, 1):
        row: dict[str, object] = {"shot": k, "record_in": shot.record_in}
        row |= {"record_out": shot.record_out, "in_library": int(shot.place is not None)}
        row["confidence"] = round(shot.confidence, 3)
        if place := shot.place:
            row |= {"title": safe(place.source.title), "path": safe(place.source.path)}
            row |= {"source_in": place.source_in, "source_out": place.source_out}
            row |= {"source_rate": place.source.rate, "speed": round(float(place.speed), 4)}
            row |= {"seconds_in": round(float(place.time_in), 4), "mirrored": int(place.mirrored)}
            row |= dict(zip(("left", "top", "right", "bottom"), place.window, strict=True))
            row["agreement"] = round(place.agreement, 4)
        if other := shot.second:
            row |= {"second_title": safe(other.source.title)}
            row["second_agreement"] = round(other.agreement, 4)
            row["second_seconds_in"] = round(float(other.time_in), 4)
        writer.writerow(row)
    return text.getvalue()


class Format(NamedTuple):
    """How a format is called, the ending of its files, and what writes it."""

    name: str
    suffix: str
    write: Callable[[Conformed], str]


FORMATS = (
    Format("edl", ".edl", edl),
    Format("otio", ".otio", otio_json),
    Format("fcp7", ".xml", fcp7),
    Format("csv", ".csv", table),
)


def export(conformed: Conformed, stem: Path, names: list[str] | None = None) -> list[Path]:
    """Write the formats named (None: all) and the report beside each other; the files written.

    stem : folder and name without an ending. Raises `InputError` for an unknown format.
    """
    known = {form.name: form for form in FORMATS}
    wanted = list(known) if names is None else names
    if unknown := [name for name in wanted if name not in known]:
        raise InputError("score.unknown_format", name=unknown[0], names=list(known))
    written = []
    for name in wanted:
        path = stem.with_name(stem.name + known[name].suffix)
        with atomic_path(path) as temporary:
            temporary.write_text(known[name].write(conformed), encoding="utf-8", newline="")
        written.append(path)
    written.append(save_report(conformed, stem.with_name(f"{stem.name}.conform.json")))
    return written
