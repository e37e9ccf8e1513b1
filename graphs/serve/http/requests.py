"""What the service's requests hold, who makes them, and how they are answered."""

import ipaddress
import json
from collections.abc import Awaitable, Callable
from functools import lru_cache, wraps
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from agents.csc.language import Language
from agents.errors import describe_invalid
from graphs.config.serving import ServeSettings
from graphs.serve.dialogues.service import Service, Visitor
from graphs.serve.http.guard import LOOPBACK_HOSTS, host_name, is_own_origin
from graphs.serve.refusal import Refusal

BodyT = TypeVar("BodyT", bound=BaseModel)
Handler = Callable[[Request], Awaitable[Response]]
MOST_REQUEST_KEY = 100
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


class Body(BaseModel):
    """Base of bodies: what is not known in one is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OpenSession(Body):
    """Begins a session: on a site by its public id, or without one with the key."""

    site: Annotated[str, Field(max_length=64)] | None = None
    language: Language | None = None
    topic: Annotated[str, Field(max_length=64)] | None = None


class SayTurn(Body):
    """What the customer says; `ends_call` ends the call with it, and then the text may be empty."""

    text: str = ""
    ends_call: bool = False


class GiveFeedback(Body):
    """Stars for the dialogue with a comment, or a thumb for a turn of the supporter."""

    stars: int | None = Field(None, ge=1, le=5, strict=True)
    comment: str = ""
    number: int | None = Field(None, ge=1, strict=True)
    thumb: Literal["up", "down"] | None = None

    @model_validator(mode="after")
    def _check_one(self) -> "GiveFeedback":
        is_thumb = self.number is not None and self.thumb is not None
        if (self.stars is not None) == is_thumb or (self.number is None) != (self.thumb is None):
            raise ValueError("give stars, or number and thumb")
        if is_thumb and self.comment:
            raise ValueError("a comment goes with stars")
        return self


def parse_body(content_type: str, content: bytes, kind: type[BodyT]) -> BodyT:
    """Return what a body holds.

    Raises:
        Refusal: it is no JSON, or not in the form that is asked for; the message quotes nothing of it.
    """
    # A page of another origin may send forms and plain text to anybody; JSON only to who allows it.
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Refusal(415, "no_json", "send JSON, as Content-Type: application/json")
    try:
        return kind.model_validate(json.loads(content, parse_constant=_refuse_constant))
    except ValidationError as error:
        raise Refusal(400, "wrong_body", describe_invalid(error)) from None
    except (ValueError, RecursionError):
        raise Refusal(400, "no_json", "the body is no JSON") from None


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


async def body_of(request: Request, kind: type[BodyT]) -> BodyT:
    """Return the body of a request; see `parse_body`."""
    return parse_body(request.headers.get("content-type", ""), await request.body(), kind)


def bearer(request: Request) -> str:
    """Return the token or key that a request shows; empty where it shows none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def request_key(request: Request) -> str | None:
    """Return what the client calls a request, by which one that is sent twice is known.

    Raises:
        Refusal: the name is too long.
    """
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= MOST_REQUEST_KEY:
        raise Refusal(400, "wrong_key", f"an Idempotency-Key has 1 to {MOST_REQUEST_KEY} characters")
    return key


def visitor_of(service: Service, request: Request) -> Visitor:
    """Return who makes a request.

    Without a file of keys and without sites a program at this machine is an operator, unless a page of another origin
    or a proxy speaks through it.
    """
    address = _block_of(request.client.host if request.client else "")
    name = service.pseudonyms.of(address)
    if service.keys:
        return Visitor(name, service.is_key(bearer(request)))
    headers = request.headers
    settings, is_forwarded = service.settings, any(map(headers.__contains__, _FORWARDED))
    is_direct = host_name(headers.get("host", "")) in own_hosts(settings) and not is_forwarded
    is_own = "origin" not in headers or is_own_origin(headers)
    return Visitor(name, settings.is_local and not len(service.sites) and is_direct and is_own)


def own_hosts(settings: ServeSettings) -> frozenset[str]:
    """Return the names by which programs at this machine reach the service."""
    # It may listen at another address of this machine alone, such as 127.0.0.2.
    return LOOPBACK_HOSTS | ({settings.host} if settings.is_local else frozenset())


def require_operator(service: Service, request: Request) -> Visitor:
    """Return who makes a request that only operators may make.

    Raises:
        Refusal: it is somebody else.
    """
    visitor = visitor_of(service, request)
    if not visitor.is_operator:
        raise Refusal(401, "unauthorised", "a key is needed, as Authorization: Bearer ...")
    return visitor


def refusing(service: Service, handler: Handler) -> Handler:
    """Return a handler that answers a refusal in the form of errors."""

    @wraps(handler)
    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            service.metrics.refused(refusal.code)
            service.audit.note("refused", code=refusal.code)
            headers: dict[str, str] = {}
            if refusal.retry_after_s is not None:
                headers["Retry-After"] = str(max(1, round(refusal.retry_after_s)))
            if refusal.status == 401:
                headers["WWW-Authenticate"] = "Bearer"
            return JSONResponse(refusal.body, refusal.status, headers)

    return answered


@lru_cache(4096)
def _block_of(address: str) -> str:
    """Return the addresses that one visitor may have: of IPv6 the 64 first bits, unless it carries one of IPv4.

    >>> _block_of("2001:db8:1:2:3:4:5:6"), _block_of("192.0.2.7"), _block_of("::ffff:192.0.2.7")
    ('2001:db8:1:2::', '192.0.2.7', '192.0.2.7')
    """
    try:
        parsed: Any = ipaddress.ip_address(address)
    except ValueError:
        return address
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return str(ipaddress.ip_network((parsed, 64), strict=False).network_address if parsed.version == 6 else parsed)
