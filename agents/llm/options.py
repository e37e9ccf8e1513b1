"""How to talk with a server: where it is, how answers are drawn, how long to wait for them."""

from typing import NamedTuple
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from agents.errors import UsageError


class Sampling(NamedTuple):
    """How answers are drawn. `thinking_tokens` is the room for thinking before each answer; 0 turns it off."""

    temperature: float
    top_p: float
    thinking_tokens: int = 0


class RetryPolicy(BaseModel):
    """How long to wait for one answer, how often to ask again, and how long a server may be away before it is gone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    request_timeout_s: float = Field(300.0, gt=0)
    attempts: int = Field(4, ge=1)
    outage_s: float = Field(120.0, ge=0)


def normalise_base_url(url: str) -> str:
    """Return `url` as the client needs it, with `/v1` added when it has no path.

    Raises:
        UsageError: not an http(s) URL, or one that carries a user name or password.

    >>> normalise_base_url("http://127.0.0.1:8000")
    'http://127.0.0.1:8000/v1'
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(f"base URL {url!r}: not an http or https URL, such as http://127.0.0.1:8000/v1")
    if parts.username or parts.password:
        raise UsageError("base URL: leave user name and password out of it; put the key into ROLECS_API_KEY")
    return url.rstrip("/") if parts.path.strip("/") else f"{url.rstrip('/')}/v1"
