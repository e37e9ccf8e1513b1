"""The OpenAPI document of the service, made of the types of its bodies, and a page that shows it without any script."""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from agents.prompts.templates import template_environment
from graphs.dialogue.review import Review
from graphs.serve.http.openai_api import CompleteChat
from graphs.serve.http.practice_api import OpenPractice, PracticeTurn
from graphs.serve.http.requests import GiveFeedback, OpenSession, SayTurn
from outputs.reports.assets import page_head


class Turn(BaseModel):
    """A turn; strategy and stage are told without a site alone."""

    number: int
    speaker: str
    text: str
    strategy: str | None
    stage: str | None
    at: str


class OpenedSession(BaseModel):
    """A session that has begun, with the supporter's greeting."""

    id: str
    token: str
    expires_at: str
    language: str
    turns: list[Turn]


class ShownSession(BaseModel):
    """A session with all its turns."""

    id: str
    expires_at: str
    language: str
    turns: list[Turn]
    over: bool
    rated: int | None


class AnsweredTurn(BaseModel):
    """The supporter's answer, and whether the call is over with it."""

    turn: Turn
    over: bool


class Caller(BaseModel):
    """Who may call somebody that practises."""

    id: str
    age: str
    job: str


class Callers(BaseModel):
    """Those who may call, by language; of a large pool the first ones."""

    personas: dict[str, list[Caller]]


class ShownPracticeTurn(BaseModel):
    """A turn of a practice call; those of the supporter, who is the person, have the strategy named or heard."""

    number: int
    speaker: str
    text: str
    strategy: str | None
    stage: str | None
    ends_call: bool


class ShownPractice(BaseModel):
    """A practice call with all its turns; what was found of it is null until it was ended."""

    id: str
    expires_at: str
    language: str
    topic: str
    scenario: str
    turns: list[ShownPracticeTurn]
    over: bool
    findings: Review | None


class OpenedPractice(ShownPractice):
    """A practice call that has begun: the person speaks first."""

    token: str


class AnsweredPracticeTurn(BaseModel):
    """The person's turn, the customer's answer to it, and whether the call is over; then there may be no answer."""

    said: ShownPracticeTurn
    turn: ShownPracticeTurn | None
    over: bool


class Operation(NamedTuple):
    """What can be done at a path: what it takes and gives, who may do it, and what it may be refused for."""

    method: str
    path: str
    summary: str
    takes: type[BaseModel] | None = None
    status: int = 200
    gives: type[BaseModel] | None = None
    secured: str | None = None
    refusals: tuple[int, ...] = ()


OPERATIONS = (
    Operation(
        *("POST", "/v1/sessions", "Begin a session; without a site it needs a key.", OpenSession, 201, OpenedSession),
        *("key", (400, 401, 404, 429, 503)),
    ),
    Operation("GET", "/v1/sessions/{id}", "Show a session.", None, 200, ShownSession, "token", (401,)),
    Operation("DELETE", "/v1/sessions/{id}", "Erase a session's dialogue.", None, 204, None, "token", (401, 503)),
    Operation(
        *("POST", "/v1/sessions/{id}/turns", "Say something, and get the supporter's answer.", SayTurn, 201),
        *(AnsweredTurn, "token", (400, 401, 409, 413, 429, 503)),
    ),
    Operation(
        *("POST", "/v1/sessions/{id}/feedback", "Give stars and a comment, or a thumb for a turn.", GiveFeedback, 204),
        *(None, "token", (400, 401, 404, 413, 429, 503)),
    ),
    Operation("GET", "/v1/practice/personas", "List who may call.", None, 200, Callers, "key", (401, 404)),
    Operation(
        *("POST", "/v1/practice", "Be the supporter: a persona calls, and you speak first.", OpenPractice, 201),
        *(OpenedPractice, "key", (400, 401, 404, 413, 503)),
    ),
    Operation("GET", "/v1/practice/{id}", "Show a practice call.", None, 200, ShownPractice, "token", (401,)),
    Operation(
        *("POST", "/v1/practice/{id}/turns", "Say something to the customer, and get their answer.", PracticeTurn, 201),
        *(AnsweredPracticeTurn, "token", (400, 401, 409, 413, 429, 503)),
    ),
    Operation(
        *("POST", "/v1/practice/{id}/end", "End the call, and get what was found of it.", None, 200, Review, "token"),
        (401, 413, 429, 503),
    ),
    Operation(
        *("POST", "/v1/chat/completions", "Go on with a chat, as OpenAI's clients ask for it.", CompleteChat, 200),
        *(None, "key", (400, 401, 409, 413, 503)),
    ),
    Operation("GET", "/v1/models", "List the model.", None, 200, None, "key", (401,)),
    Operation("GET", "/health", "Say whether the service answers.", refusals=(503,)),
    Operation("GET", "/metrics", "Give the figures for Prometheus.", None, 200, None, "key", (401,)),
)
_REFUSALS = {
    400: "The body is not as it should be.",
    401: "Key or token are missing, another's, or out of date.",
    404: "There is no such thing.",
    409: "The call is over.",
    413: "It is too long.",
    429: "Too many requests: wait for Retry-After seconds.",
    503: "Paused, out of budget, or no model answers.",
}


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    kinds = [kind for operation in OPERATIONS for kind in (operation.takes, operation.gives) if kind]
    _, schemas = models_json_schema(
        [(kind, "validation") for kind in dict.fromkeys(kinds)], ref_template="#/components/schemas/{model}"
    )
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _describe(operation)
    bearer = {"type": "http", "scheme": "bearer"}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "rolecs",
            "version": "1",
            "description": "A customer-support agent, and practice for people.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "key": bearer | {"description": "A key of the operator's."},
                "token": bearer | {"description": "The token of the session."},
            },
        },
    }


def _describe(operation: Operation) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "Done."}
    if operation.gives:
        answer["content"] = _content(operation.gives)
    described: dict[str, Any] = {
        "summary": operation.summary,
        "responses": {str(operation.status): answer}
        | {str(status): {"description": _REFUSALS[status]} for status in operation.refusals},
    }
    if operation.takes:
        described["requestBody"] = {"required": True, "content": _content(operation.takes)}
    if operation.secured:
        described["security"] = [{operation.secured: []}]
    if "{id}" in operation.path:
        described["parameters"] = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    return described


def _content(kind: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}}


@cache
def docs_page() -> tuple[str, str]:
    """Return the page, and the content security policy that it is to be sent with."""
    head = page_head("rolecs: the service's API")
    template = template_environment(Path(__file__).parent, autoescape=True).get_template("openapi.html")
    page = template.render(
        head=head, operations=OPERATIONS, refusals=_REFUSALS, schemas=document()["components"]["schemas"]
    )
    return page, f"{head.policy}; frame-ancestors 'none'"
