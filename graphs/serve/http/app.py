"""The routes of the service: sessions, practice, chat completions, health, metrics, and the pages given to it."""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from graphs.serve.dialogues.service import Service
from graphs.serve.dialogues.sessions import Session
from graphs.serve.http.guard import BODY_S, Guard, host_name
from graphs.serve.http.openai_api import completion_routes
from graphs.serve.http.openapi import docs_page, document
from graphs.serve.http.practice_api import practice_routes
from graphs.serve.http.requests import (
    GiveFeedback,
    OpenSession,
    SayTurn,
    bearer,
    body_of,
    own_hosts,
    refusing,
    request_key,
    require_operator,
    visitor_of,
)
from graphs.serve.refusal import error_body


def build_app(service: Service, pages: Sequence[BaseRoute] = (), *, body_s: float = BODY_S) -> Starlette:
    """Return the application of a service.

    Args:
        service: what it does.
        pages: further routes, behind the service's own.
        body_s: seconds that a body may take to arrive.
    """
    handlers = _Handlers(service)
    routes = [
        Route("/v1/sessions", refusing(service, handlers.open_session), methods=["POST"]),
        Route("/v1/sessions/{id}", refusing(service, handlers.show_session), methods=["GET"]),
        Route("/v1/sessions/{id}", refusing(service, handlers.erase_session), methods=["DELETE"]),
        Route("/v1/sessions/{id}/turns", refusing(service, handlers.say_turn), methods=["POST"]),
        Route("/v1/sessions/{id}/feedback", refusing(service, handlers.give_feedback), methods=["POST"]),
        *practice_routes(service),
        *completion_routes(service),
        Route("/health", handlers.health, methods=["GET"]),
        Route("/metrics", refusing(service, handlers.metrics), methods=["GET"]),
        Route("/openapi.json", handlers.openapi, methods=["GET"]),
        Route("/docs", handlers.docs, methods=["GET"]),
    ]
    guard = Middleware(Guard, _hosts(service), service.sites.origins, service.metrics, body_s=body_s)
    handled = {HTTPException: _not_found}
    app = Starlette(routes=[*routes, *pages], middleware=[guard], exception_handlers=handled)  # type: ignore[arg-type]
    # A redirect would repeat the Host that was sent.
    app.router.redirect_slashes = False
    return app


def _hosts(service: Service) -> frozenset[str] | None:
    """Return the names that requests may be sent to; any where keys or tokens alone open the service to others."""
    named = frozenset(map(host_name, service.settings.allow_host))
    return named | own_hosts(service.settings) if named or service.settings.is_local else None


async def _not_found(request: Request, error: HTTPException) -> Response:
    messages = {404: "there is nothing at this path", 405: "this path does not take that method"}
    message = messages.get(error.status_code, "this request is not understood")
    return JSONResponse(error_body(error.status_code, "unknown", message), error.status_code, error.headers)


class _Handlers:
    """The handlers of the service's own routes; refusals are answered around them."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def open_session(self, request: Request) -> Response:
        """Begin a session."""
        body = await body_of(request, OpenSession)
        visitor = visitor_of(self._service, request)
        session, token = await self._service.open(visitor, body.site, body.language, body.topic)
        shown = session.show()
        return JSONResponse(
            {key: shown[key] for key in ("id", "expires_at", "language", "turns")} | {"token": token}, 201
        )

    async def show_session(self, request: Request) -> Response:
        """Show a session."""
        return JSONResponse(self._session(request).show())

    async def erase_session(self, request: Request) -> Response:
        """Erase a session's dialogue."""
        await self._service.erase(visitor_of(self._service, request), self._session(request))
        return Response(status_code=204)

    async def say_turn(self, request: Request) -> Response:
        """Answer a turn."""
        session = self._session(request)
        body = await body_of(request, SayTurn)
        visitor = visitor_of(self._service, request)
        number = await self._service.say(
            visitor, session, body.text, ends_call=body.ends_call, request=request_key(request)
        )
        return JSONResponse({"turn": session.show_turn(number), "over": session.card.over}, 201)

    async def give_feedback(self, request: Request) -> Response:
        """Store stars or a thumb."""
        session = self._session(request)
        body = await body_of(request, GiveFeedback)
        visitor = visitor_of(self._service, request)
        if body.stars is not None:
            await self._service.star(visitor, session, body.stars, body.comment)
        elif body.number is not None:
            await self._service.thumb(visitor, session, body.number, 1 if body.thumb == "up" else -1)
        return Response(status_code=204)

    async def health(self, request: Request) -> Response:
        """Say whether the service answers."""
        status = "paused" if self._service.pause.is_on else "ok" if await self._service.replicas.look() else "no engine"
        return JSONResponse({"status": status}, 200 if status == "ok" else 503)

    async def metrics(self, request: Request) -> Response:
        """Give the figures for Prometheus."""
        require_operator(self._service, request)
        return Response(self._service.metrics.render(), media_type="text/plain; version=0.0.4")

    async def openapi(self, request: Request) -> Response:
        """Give the OpenAPI document."""
        return JSONResponse(document())

    async def docs(self, request: Request) -> Response:
        """Show the OpenAPI document as a page."""
        page, policy = docs_page()
        return HTMLResponse(page, headers={"Content-Security-Policy": policy})

    def _session(self, request: Request) -> Session:
        return self._service.sessions.find(request.path_params["id"], bearer(request))
