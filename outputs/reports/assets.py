"""The files that report pages are made of: templates, and the scripts and style sheets that stand in a page itself."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import Template
from markupsafe import Markup

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


class Head(NamedTuple):
    """The head of a page, from its first line on, and its content security policy, which it holds as well."""

    html: Markup
    policy: str


def page_head(
    title: str, *, styles: Sequence[str] = ("run.css",), scripts: Sequence[str] = (), is_served: bool = False
) -> Head:
    """Return the head of a page that runs its own scripts alone and reads nothing from elsewhere.

    Args:
        title: of the page.
        styles: the names of its style sheets.
        scripts: the names of its scripts.
        is_served: the scripts may ask the server that the page comes from; no others ask anybody.
    """
    inlined = {"script-src": list(map(inline, scripts)), "style-src": list(map(inline, styles))}
    sources = {name: " ".join(f"'{part.source}'" for part in parts) for name, parts in inlined.items() if parts}
    if is_served:
        sources["connect-src"] = "'self'"
    directives = (f"{name} {of}" for name, of in sources.items())
    policy = "; ".join(("default-src 'none'", *directives, "base-uri 'none'", "form-action 'none'"))
    html = page_template("head.html").render(
        title=title, policy=policy, styles=inlined["style-src"], scripts=inlined["script-src"]
    )
    return Head(Markup(html), policy)


@cache
def page_template(name: str) -> Template:
    """Return the template of a page; what is put in is escaped."""
    return template_environment(_ASSETS, autoescape=True).get_template(name)
