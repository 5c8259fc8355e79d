"""Pages and pieces of them: HTML from templates, where every text that is put in is escaped."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)


def render(template: str, **values: object) -> Markup:
    """A template of the folder `templates`, filled in; it may stand in another one as it is."""
    return Markup(_TEMPLATES.get_template(template).render(**values))
