"""FCPXML 1.10, for Final Cut Pro and Resolve.

The film is the spine; clips of music hang under it on lanes −1 and −2. All times are rational
multiples of the frame duration. Levels are keyframes of the clip's volume, in dB; fades its own.
"""

from __future__ import annotations

from fractions import Fraction
from xml.etree import ElementTree as ET

from leitmotif.score.exports.clips import Clip, clips, levels, url
from leitmotif.score.model import Score
from leitmotif.score.timecode import FrameRate


def fcpxml(score: Score) -> str:
    """The score as one project."""
    film, rate = score.film, score.film.rate
    found = clips(score)
    root = ET.Element("fcpxml", version="1.10")
    resources = ET.SubElement(root, "resources")
    size = {"width": str(film.width), "height": str(film.height)}
    frame = _time(Fraction(1), rate)
    ET.SubElement(resources, "format", {"id": "r1", "frameDuration": frame, **size})
    name = film.path.replace("\\", "/").rsplit("/", 1)[-1]
    start, length = _time(film.start, rate), _time(film.frames, rate)
    sound = {"hasAudio": "1", "audioSources": "1", "audioChannels": "2"} if film.has_sound else {}
    picture = {"hasVideo": "1", "format": "r1", "videoSources": "1", **sound}
    _asset(resources, "r2", name, film.path, start, length, picture)
    tracks = list(dict.fromkeys(clip.track.path for clip in found))
    ids = {path: f"r{k}" for k, path in enumerate(tracks, 3)}
    for path, identity in ids.items():
        used = [clip for clip in found if clip.track.path == path]
        title = used[0].track.title or used[0].track.track_id
        _asset(resources, identity, title, path, "0s", _whole(used, rate), _MUSIC)
    event = ET.SubElement(ET.SubElement(root, "library"), "event", name="Leitmotif")
    project = ET.SubElement(event, "project", name=f"{name} score")
    form = "DF" if rate.drop else "NDF"
    sequence = ET.SubElement(
        project, "sequence", format="r1", duration=length, tcStart=start, tcFormat=form
    )
    spine = ET.SubElement(sequence, "spine")
    body = ET.SubElement(
        spine, "asset-clip", ref="r2", name=name, offset=start, start=start, duration=length
    )
    body.set("tcFormat", form)
    for clip in found:
        _clip(body, clip, ids[clip.track.path], score)
    for cue in score.cues:
        at = _time(cue.start + film.start, rate)
        ET.SubElement(body, "marker", start=at, duration=frame, value=f"{cue.number} {cue.title}")
    ET.indent(root, " ")
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n'
    return head + ET.tostring(root, encoding="unicode") + "\n"


_MUSIC = {"hasAudio": "1", "audioSources": "1", "audioChannels": "2", "audioRate": "48000"}


def _asset(
    resources: ET.Element,
    identity: str,
    name: str,
    path: str,
    start: str,
    duration: str,
    kind: dict[str, str],
) -> None:
    attributes = {"id": identity, "name": name, "start": start, "duration": duration, **kind}
    asset = ET.SubElement(resources, "asset", attributes)
    ET.SubElement(asset, "media-rep", kind="original-media", src=url(path))


def _clip(parent: ET.Element, clip: Clip, ref: str, score: Score) -> None:
    rate = score.film.rate
    element = ET.SubElement(
        parent,
        "asset-clip",
        ref=ref,
        lane=str(-1 - clip.lane),
        name=clip.name,
        offset=_time(clip.start + score.film.start, rate),
        start=_time(clip.place, rate),
        duration=_time(clip.frames, rate),
        audioRole="music",
    )
    if clip.speed != 1:
        _speed(element, clip, rate)
    keys = levels(clip)
    if not (keys or clip.fade_in or clip.fade_out):
        return
    param = ET.SubElement(ET.SubElement(element, "adjust-volume"), "param", name="amount")
    for tag, frames in (("fadeIn", clip.fade_in), ("fadeOut", clip.fade_out)):
        if frames:
            ET.SubElement(param, tag, type="easeIn", duration=_time(frames, rate))
    if keys:
        animation = ET.SubElement(param, "keyframeAnimation")
        for frame, db in keys:
            at = _time(clip.place + frame, rate)
            ET.SubElement(animation, "keyframe", time=at, value=f"{db:.2f}dB", curve="linear")


def _speed(element: ET.Element, clip: Clip, rate: FrameRate) -> None:
    """A clip's own time against the track's; its `start` is in its own."""
    times = ET.SubElement(element, "timeMap", preservesPitch="1")
    last = max(clip.source_out, rate.frame_at(clip.track.duration))
    for frames in (0, last):
        at, value = _time(frames / clip.speed, rate), _time(frames, rate)
        ET.SubElement(times, "timept", time=at, value=value, interp="linear")


def _whole(used: list[Clip], rate: FrameRate) -> str:
    """A track's length in whole frames, no shorter than what is used of it."""
    frames = max(clip.source_out for clip in used)
    return _time(max(frames, rate.frame_at(used[0].track.duration)), rate)


def _time(frames: int | Fraction, rate: FrameRate) -> str:
    """A number of frames as rational seconds, in units of the frame duration."""
    seconds = frames / rate.fps
    if not seconds:
        return "0s"
    return (
        f"{seconds.numerator}/{seconds.denominator}s"
        if seconds.denominator > 1
        else f"{seconds.numerator}s"
    )
