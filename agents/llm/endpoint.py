"""Where a model is served."""

from typing import NamedTuple
from urllib.parse import urlsplit

from agents.errors import UsageError


class Endpoint(NamedTuple):
    """A model on a server. `is_vllm`: the server speaks vLLM's dialect of the OpenAI protocol."""

    base_url: str
    model: str
    is_vllm: bool


def normalise_base_url(url: str) -> str:
    """Return a base URL as the client needs it, with `/v1` added when it has no path.

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
