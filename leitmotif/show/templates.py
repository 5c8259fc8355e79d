"""Pages and pieces of them: HTML from templates, where every text that is put in is escaped."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

TEMPLATES = Path(__file__).with_name("templates")
"""The folder."""
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)


def render(template: str, **values: object) -> Markup:
    """A template of the folder `templates`, filled in; it may stand in another one as it is."""
    return Markup(_ENVIRONMENT.get_template(template).render(**values))
