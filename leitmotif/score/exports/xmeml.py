"""The elements that every Final Cut Pro 7 XML is made of."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from leitmotif.score.timecode import FrameRate


def add(parent: ET.Element, tag: str, text: object = None, **attributes: str) -> ET.Element:
    """A new element in another, with its text if it has one."""
    element = ET.SubElement(parent, tag, attributes)
    if text is not None:
        element.text = str(text)
    return element


def add_rate(parent: ET.Element, rate: FrameRate) -> None:
    """Frames a second, as a time base and whether it is slowed by 1000/1001."""
    element = add(parent, "rate")
    add(element, "timebase", rate.timebase)
    add(element, "ntsc", "TRUE" if rate.ntsc else "FALSE")


def add_timecode(sequence: ET.Element, rate: FrameRate, start: int) -> None:
    """The timecode that a sequence begins with; start : its frame number."""
    code = add(sequence, "timecode")
    add_rate(code, rate)
    add(code, "string", rate.timecode(start))
    add(code, "frame", start)
    add(code, "displayformat", "DF" if rate.drop else "NDF")


def document(root: ET.Element) -> str:
    """The whole file as text."""
    ET.indent(root, " ")
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n'
    return head + ET.tostring(root, encoding="unicode") + "\n"
