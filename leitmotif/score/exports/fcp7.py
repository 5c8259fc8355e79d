"""Final Cut Pro 7 XML (xmeml 5), which Premiere and Resolve read.

The film lies on the picture track and its sound on the first pair of tracks, where it has any; the
music lies on two pairs below. Levels and fades are keyframes of the "Audio Levels" filter, as gain
factors.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from leitmotif.score.exports.clips import Clip, clips, faded_levels, url
from leitmotif.score.exports.xmeml import add as _add
from leitmotif.score.exports.xmeml import add_rate as _rate
from leitmotif.score.exports.xmeml import add_timecode, document
from leitmotif.score.model import Film, Score
from leitmotif.score.timecode import FrameRate

_SAMPLE_RATE = 48_000


def fcp7(score: Score) -> str:
    """The score as one sequence."""
    film, rate = score.film, score.film.rate
    root = ET.Element("xmeml", version="5")
    sequence = _add(root, "sequence", id="score")
    _add(sequence, "name", f"{_name(film)} score")
    _add(sequence, "duration", film.frames)
    _rate(sequence, rate)
    add_timecode(sequence, film.rate, film.start)
    media = _add(sequence, "media")
    _picture(_add(media, "video"), film)
    _sound(_add(media, "audio"), score)
    for cue in score.cues:
        marker = _add(sequence, "marker")
        _add(marker, "name", cue.number)
        _add(marker, "comment", cue.title)
        _add(marker, "in", cue.start)
        _add(marker, "out", cue.end)
    return document(root)


def _picture(video: ET.Element, film: Film) -> None:
    shape = _add(_add(video, "format"), "samplecharacteristics")
    _rate(shape, film.rate)
    _add(shape, "width", film.width)
    _add(shape, "height", film.height)
    item = _add(_add(video, "track"), "clipitem", id="film")
    _add(item, "name", _name(film))
    _add(item, "duration", film.frames)
    _rate(item, film.rate)
    for tag, value in (("start", 0), ("end", film.frames), ("in", 0), ("out", film.frames)):
        _add(item, tag, value)
    file = _add(item, "file", id="file-film")
    _add(file, "name", _name(film))
    _add(file, "pathurl", url(film.path))
    _rate(file, film.rate)
    _add(file, "duration", film.frames)
    inside = _add(file, "media")
    _add(_add(inside, "video"), "samplecharacteristics")
    if film.has_sound:
        _add(_add(inside, "audio"), "channelcount", 2)


def _own(track: ET.Element, film: Film, channel: int) -> None:
    """The film's own sound, linked with its picture."""
    item = _add(track, "clipitem", id=f"film-{channel}")
    _add(item, "name", _name(film))
    _add(item, "duration", film.frames)
    _rate(item, film.rate)
    for tag, value in (("start", 0), ("end", film.frames), ("in", 0), ("out", film.frames)):
        _add(item, tag, value)
    _add(item, "file", id="file-film")
    source = _add(item, "sourcetrack")
    _add(source, "mediatype", "audio")
    _add(source, "trackindex", channel)
    for other in ("film", "film-1", "film-2"):
        _add(_add(item, "link"), "linkclipref", other)


def _sound(audio: ET.Element, score: Score) -> None:
    shape = _add(_add(audio, "format"), "samplecharacteristics")
    _add(shape, "depth", 16)
    _add(shape, "samplerate", _SAMPLE_RATE)
    if score.film.has_sound:
        for channel in (1, 2):
            track = _add(audio, "track")
            _own(track, score.film, channel)
            _add(track, "outputchannelindex", channel)
    found = clips(score)
    files: dict[str, str] = {}
    for lane in (0, 1):
        for channel in (1, 2):
            track = _add(audio, "track")
            for k, clip in enumerate(found):
                if clip.lane == lane:
                    _clip(track, clip, k, channel, score.film.rate, files)
            _add(track, "outputchannelindex", channel)


def _clip(
    track: ET.Element, clip: Clip, k: int, channel: int, rate: FrameRate, files: dict[str, str]
) -> None:
    item = _add(track, "clipitem", id=f"clip-{k}-{channel}")
    _add(item, "name", clip.name)
    _add(item, "duration", round(_frames(clip, rate) / clip.speed))
    _rate(item, rate)
    _add(item, "start", clip.start)
    _add(item, "end", clip.end)
    _add(item, "in", clip.place)
    _add(item, "out", clip.place + clip.frames)
    _file(item, clip, rate, files)
    source = _add(item, "sourcetrack")
    _add(source, "mediatype", "audio")
    _add(source, "trackindex", channel)
    if clip.speed != 1:
        _speed(item, clip)
    if keys := faded_levels(clip):
        _levels(item, clip, keys)
    for other in (1, 2):
        link = _add(item, "link")
        _add(link, "linkclipref", f"clip-{k}-{other}")


def _file(item: ET.Element, clip: Clip, rate: FrameRate, files: dict[str, str]) -> None:
    path = clip.track.path
    if path in files:
        _add(item, "file", id=files[path])
        return
    files[path] = f"file-{len(files) + 1}"
    file = _add(item, "file", id=files[path])
    _add(file, "name", path.replace("\\", "/").rsplit("/", 1)[-1])
    _add(file, "pathurl", url(path))
    _rate(file, rate)
    _add(file, "duration", _frames(clip, rate))
    audio = _add(_add(file, "media"), "audio")
    _add(audio, "channelcount", 2)


def _speed(item: ET.Element, clip: Clip) -> None:
    """The filter that plays a clip faster; frames of its item are counted as it plays then."""
    effect = _add(_add(item, "filter"), "effect")
    for tag, value in (
        *(("name", "Time Remap"), ("effectid", "timeremap"), ("effectcategory", "motion")),
        *(("effecttype", "motion"), ("mediatype", "audio")),
    ):
        _add(effect, tag, value)
    for name, value in (
        *(("variablespeed", "0"), ("speed", f"{100 * float(clip.speed):.6g}")),
        *(("reverse", "FALSE"), ("frameblending", "FALSE")),
    ):
        parameter = _add(effect, "parameter")
        _add(parameter, "parameterid", name)
        _add(parameter, "name", name)
        _add(parameter, "value", value)


def _levels(item: ET.Element, clip: Clip, keys: list[tuple[int, float]]) -> None:
    effect = _add(_add(item, "filter"), "effect")
    for tag, value in (
        *(("name", "Audio Levels"), ("effectid", "audiolevels")),
        *(("effectcategory", "audiolevels"), ("effecttype", "audiolevels"), ("mediatype", "audio")),
    ):
        _add(effect, tag, value)
    level = _add(effect, "parameter")
    _add(level, "name", "Level")
    _add(level, "parameterid", "level")
    _add(level, "valuemin", 0)
    _add(level, "valuemax", 3.98109)
    _add(level, "value", f"{_factor(keys[0][1]):.6f}")
    for frame, db in keys:
        key = _add(level, "keyframe")
        _add(key, "when", clip.place + frame)
        _add(key, "value", f"{_factor(db):.6f}")


def _factor(db: float) -> float:
    return float(min(10 ** (db / 20), 3.98109))


def _frames(clip: Clip, rate: FrameRate) -> int:
    return int(max(rate.frame_at(clip.track.duration), clip.source_out))


def _name(film: Film) -> str:
    return film.path.replace("\\", "/").rsplit("/", 1)[-1]
