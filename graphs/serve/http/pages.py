"""The pages of the service: the widget's script, the page in its frame, and the page on which to talk and practise.

Nothing in them is inline and nothing comes from elsewhere; a content security policy says so to browsers. What a page
shows of a call comes by the API and is text.
"""

from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from agents.csc.language import Language
from agents.csc.strategies import STAGE_NAMES, Strategy, name_of
from agents.prompts.templates import template_environment
from graphs.serve.dialogues.service import Service
from outputs.reports.run_page import script_json

_STATIC = Path(__file__).parent / "static"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
_ASSETS = frozenset({"conversation.css", "conversation.js", "embed.js", "practice.js", "talk.js"})
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors "
)


def page_routes(service: Service) -> list[Route]:
    """Return the routes of a service's pages."""
    talk_page = _talk_page(service)

    async def talk(request: Request) -> Response:
        """The page on which to talk to the supporter, or to be the supporter."""
        return Response(talk_page, media_type="text/html", headers=_policy("'none'"))

    async def embed(request: Request) -> Response:
        """The page in the widget's frame; only pages of the site's origins may frame it."""
        site = service.sites.get(request.query_params.get("site", ""))
        if site is None:
            return PlainTextResponse("No such site: look at data-site of the script tag.", 404, _policy("'none'"))
        return _file("embed.html", _policy(" ".join(site.origins)))

    return [
        Route("/", talk, methods=["GET"]),
        Route("/embed", embed, methods=["GET"]),
        Route("/widget.js", _widget, methods=["GET"]),
        Route("/assets/{name}", _asset, methods=["GET"]),
    ]


async def _widget(request: Request) -> Response:
    """The script that other sites' pages load, also those that let in only what says that it may be."""
    return _file("widget.js", {"Cache-Control": "public, max-age=600", "Cross-Origin-Resource-Policy": "cross-origin"})


async def _asset(request: Request) -> Response:
    """A script or style sheet of the pages."""
    name = request.path_params["name"]
    if name not in _ASSETS:
        return PlainTextResponse("There is nothing at this path.", 404)
    return _file(name, {"Cache-Control": "no-cache"})


def _policy(ancestors: str) -> dict[str, str]:
    return {"Content-Security-Policy": f"{_POLICY}{ancestors}"}


def _file(name: str, headers: dict[str, str]) -> Response:
    return Response(_read(name), media_type=_TYPES[Path(name).suffix], headers=headers)


@cache
def _read(name: str) -> bytes:
    return (_STATIC / name).read_bytes()


def _talk_page(service: Service) -> str:
    vocabulary = {
        language: {
            "strategies": {strategy: name_of(strategy, language) for strategy in Strategy},
            "stages": {stage: names[language] for stage, names in STAGE_NAMES.items()},
            "topics": service.grounds.names(language),
        }
        for language in Language
    }
    template = template_environment(_STATIC, autoescape=True).get_template("talk.html")
    return template.render(vocabulary=script_json(vocabulary), offers_practice=bool(service.personas))
