"""The routes by which operators practise as the supporter: who may call, a call by its turns, what was found of it."""

from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agents.csc.language import Language
from agents.csc.strategies import Strategy
from graphs.serve.dialogues.practice import PracticeSession
from graphs.serve.dialogues.service import Service
from graphs.serve.http.requests import Body, bearer, body_of, refusing, request_key, require_operator, visitor_of

MOST_LISTED = 500
"""Personas of a language that are listed; others can be named all the same."""


class OpenPractice(Body):
    """Has a persona call; whom and what about is drawn by chance where it is not named."""

    language: Language | None = None
    topic: Annotated[str, Field(max_length=64)] | None = None
    persona: Annotated[str, Field(max_length=200)] | None = None


class PracticeTurn(Body):
    """What the supporter, who is the person, says; a labeller names the strategy where it is not named."""

    text: str
    strategy: Strategy | None = None


def practice_routes(service: Service) -> list[Route]:
    """Return the routes of practice."""
    handlers = _Handlers(service)
    return [
        Route("/v1/practice/personas", refusing(service, handlers.list_callers), methods=["GET"]),
        Route("/v1/practice", refusing(service, handlers.open_practice), methods=["POST"]),
        Route("/v1/practice/{id}", refusing(service, handlers.show_practice), methods=["GET"]),
        Route("/v1/practice/{id}/turns", refusing(service, handlers.say_practice_turn), methods=["POST"]),
        Route("/v1/practice/{id}/end", refusing(service, handlers.end_practice), methods=["POST"]),
    ]


class _Handlers:
    """The handlers of practice; refusals are answered around them."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def list_callers(self, request: Request) -> Response:
        """List who may call."""
        require_operator(self._service, request)
        listed = {
            language: [{"id": one.id, "age": one.age, "job": one.job} for one in callers[:MOST_LISTED]]
            for language, callers in self._service.practice.callers.items()
        }
        return JSONResponse({"personas": listed})

    async def open_practice(self, request: Request) -> Response:
        """Have a persona call."""
        visitor = require_operator(self._service, request)
        body = await body_of(request, OpenPractice)
        language = body.language or self._service.settings.language
        session, token = await self._service.practice.open(visitor.name, language, body.topic, body.persona)
        return JSONResponse(session.show() | {"token": token}, 201)

    async def show_practice(self, request: Request) -> Response:
        """Show a call."""
        return JSONResponse(self._session(request).show())

    async def say_practice_turn(self, request: Request) -> Response:
        """Answer a turn as the customer."""
        session = self._session(request)
        body = await body_of(request, PracticeTurn)
        visitor, words = visitor_of(self._service, request), self._service.readable(body.text)
        number = await self._service.practice.say(visitor.name, session, words, body.strategy, request_key(request))
        return JSONResponse(session.show_exchange(number), 201)

    async def end_practice(self, request: Request) -> Response:
        """End a call, and say what was found of it."""
        session = self._session(request)
        review = await self._service.practice.examine(visitor_of(self._service, request).name, session)
        return JSONResponse(review.model_dump(mode="json"))

    def _session(self, request: Request) -> PracticeSession:
        return self._service.practice.find(request.path_params["id"], bearer(request))
