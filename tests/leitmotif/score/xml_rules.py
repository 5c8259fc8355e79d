"""What the published references allow in the XML that we write, as tables, and who checks it.

FCPXML: Apple's "Document Type Definition" of the interchange format, version 1.10 (elements and
attributes that we do not write are left out of the tables, so that one that slips in is found).
xmeml: the "Elements Catalog" of Apple's Final Cut Pro XML Interchange Format, version 5, in which
children may come in any order.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from xml.etree import ElementTree as ET


class Rule(NamedTuple):
    """children : a regular expression over "name " of each child in order. needs, may : attributes,
    with a regular expression of their values."""

    children: str = ""
    needs: dict[str, str] = {}  # noqa: RUF012
    may: dict[str, str] = {}  # noqa: RUF012


TEXT, WHOLE, TIME = r"[\s\S]*", r"-?\d+", r"-?\d+(/\d+)?s"
BOOL, REF, FADE = "[01]", r"[A-Za-z_][\w.-]*", "linear|easeIn|easeOut|easeInOut"
FORM = "DF|NDF"
ITEM = "(asset-clip )"
TIMING = {"start": TIME, "offset": TIME, "duration": TIME, "name": TEXT, "lane": WHOLE}

FCPXML = {
    "fcpxml": Rule("(resources )?(library )", {"version": r"1\.10"}),
    "resources": Rule("((asset|format) )*"),
    "format": Rule("", {"id": REF}, {"frameDuration": TIME, "width": WHOLE, "height": WHOLE}),
    "asset": Rule(
        "(media-rep )+(metadata )?",
        {"id": REF},
        {
            **{"name": TEXT, "start": TIME, "duration": TIME, "format": REF},
            **{"hasVideo": BOOL, "hasAudio": BOOL, "videoSources": WHOLE, "audioSources": WHOLE},
            **{"audioChannels": WHOLE, "audioRate": WHOLE},
        },
    ),
    "media-rep": Rule("", {"src": r"(file://)?[^\s:]+"}, {"kind": "original-media|proxy-media"}),
    "library": Rule("(event )*"),
    "event": Rule("(project )*", {}, {"name": TEXT}),
    "project": Rule("sequence ", {}, {"name": TEXT}),
    "sequence": Rule(
        "(note )?spine (metadata )?",
        {"format": REF},
        {"duration": TIME, "tcStart": TIME, "tcFormat": FORM},
    ),
    "spine": Rule(f"({ITEM})*"),
    "asset-clip": Rule(
        f"(note )?(timeMap )?(adjust-volume )?({ITEM})*(marker )*(metadata )?",
        {"ref": REF},
        {**TIMING, "tcFormat": FORM, "audioRole": TEXT},
    ),
    "timeMap": Rule("(timept )*", {}, {"preservesPitch": BOOL}),
    "timept": Rule("", {"time": TIME, "value": TIME}, {"interp": "smooth2|linear|smooth"}),
    "adjust-volume": Rule("(param )*", {}, {"amount": TEXT}),
    "param": Rule("(fadeIn )?(fadeOut )?(keyframeAnimation )?(param )*", {"name": TEXT}),
    "fadeIn": Rule("", {"duration": TIME}, {"type": FADE}),
    "fadeOut": Rule("", {"duration": TIME}, {"type": FADE}),
    "keyframeAnimation": Rule("(keyframe )*"),
    "keyframe": Rule("", {"time": TIME, "value": r"-?\d+\.\d+dB"}, {"curve": "linear|smooth"}),
    "marker": Rule("", {"start": TIME, "value": TEXT}, {"duration": TIME}),
}


def _any(*names: str, **attributes: str) -> Rule:
    return Rule(f"(({'|'.join(names)}) )*", {}, attributes)


_LEAVES = (
    *("name", "duration", "timebase", "ntsc", "string", "frame", "displayformat", "width"),
    *("height", "depth", "samplerate", "start", "end", "in", "out", "pathurl", "channelcount"),
    *("mediatype", "trackindex", "linkclipref", "effectid", "effectcategory", "effecttype"),
    *("parameterid", "valuemin", "valuemax", "value", "when", "comment", "outputchannelindex"),
)
XMEML = {
    **{name: Rule() for name in _LEAVES},
    "xmeml": Rule("(sequence )+", {"version": "5"}),
    "sequence": _any("name", "duration", "rate", "timecode", "media", "marker", id=REF),
    "rate": _any("timebase", "ntsc"),
    "timecode": _any("rate", "string", "frame", "displayformat"),
    "media": _any("video", "audio"),
    "video": _any("format", "track", "samplecharacteristics"),
    "audio": _any("format", "track", "channelcount", "samplecharacteristics"),
    "format": _any("samplecharacteristics"),
    "samplecharacteristics": _any("rate", "width", "height", "depth", "samplerate"),
    "track": _any("clipitem", "outputchannelindex"),
    "clipitem": _any(
        *("name", "duration", "rate", "start", "end", "in", "out", "file", "sourcetrack"),
        *("filter", "link"),
        id=REF,
    ),
    "file": _any("name", "pathurl", "rate", "duration", "media", id=REF),
    "sourcetrack": _any("mediatype", "trackindex"),
    "link": _any("linkclipref"),
    "filter": _any("effect"),
    "effect": _any("name", "effectid", "effectcategory", "effecttype", "mediatype", "parameter"),
    "parameter": _any("name", "parameterid", "valuemin", "valuemax", "value", "keyframe"),
    "keyframe": _any("when", "value"),
    "marker": _any("name", "comment", "in", "out"),
}


def breaches(root: ET.Element, rules: dict[str, Rule]) -> list[str]:
    """Everything in a document that the rules do not allow; ids are unique and references lead to
    one."""
    found = []
    ids = [e.get("id") for e in root.iter() if e.get("id") and (len(e) or rules is FCPXML)]
    found += [f"id {i} comes twice" for i in set(ids) if ids.count(i) > 1]
    for element in root.iter():
        rule = rules.get(element.tag)
        if rule is None:
            found.append(f"<{element.tag}> is not known")
            continue
        children = "".join(f"{child.tag} " for child in element)
        if not re.fullmatch(rule.children, children):
            found.append(f"<{element.tag}> holds {children or 'nothing'}")
        allowed = {**rule.needs, **rule.may}
        found += [f"<{element.tag}> lacks {n}" for n in rule.needs if n not in element.attrib]
        for name, value in element.attrib.items():
            if name not in allowed or not re.fullmatch(allowed[name], value):
                found.append(f"<{element.tag}> has {name}={value!r}")
        found += _loose(element, set(ids))
    return found


def _loose(element: ET.Element, ids: set[str | None]) -> list[str]:
    """References to nothing."""
    targets = [element.get("ref"), element.get("format")]
    targets += [element.text] if element.tag == "linkclipref" else []
    return [f"<{element.tag}> refers to {t}" for t in targets if t and t not in ids]
