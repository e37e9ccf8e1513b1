"""The files that report pages are made of: templates, and the scripts and style sheets that stand in a page itself."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import Template

from agents.prompts.templates import template_environment

_ASSETS = Path(__file__).parent / "pages"


class Inlined(NamedTuple):
    """A script or style sheet as it stands between its tags, and its hash for the content security policy."""

    text: str
    source: str


def inline(name: str) -> Inlined:
    """Return a script or style sheet."""
    text = (_ASSETS / name).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Inlined(text, f"sha256-{digest}")


@cache
def page_template(name: str) -> Template:
    """Return the template of a page; what is put in is escaped."""
    return template_environment(_ASSETS, autoescape=True).get_template(name)
