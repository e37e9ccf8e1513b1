"""Where a model is served."""

import ipaddress
from urllib.parse import SplitResult, parse_qsl, urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict

from agents.errors import UsageError
from agents.llm.dialect import Dialect

_KEYS = frozenset({"key", "api-key", "api_key", "apikey", "token", "access_token", "subscription-key", "sig", "code"})
"""Names of parameters in a query that hold a key."""
_COMPLETIONS = "/chat/completions"


class Endpoint(BaseModel):
    """A model on a server, how requests to it are worded, and what was found out about it, a phrase for each thing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str
    model: str
    dialect: Dialect
    remarks: tuple[str, ...] = ()

    def describe(self) -> str | None:
        """Say in one line what is worked around there; None where nothing has to be."""
        told = [*self.remarks, *self.dialect.describe()]
        return f"{self.base_url}, {self.model}: {'; '.join(told)}." if told else None


def split_url(url: str, name: str) -> SplitResult:
    """Return the parts of a URL.

    Raises:
        UsageError: not an http(s) URL.
    """
    try:
        parts = urlsplit(url.strip())
    except ValueError:  # half a bracket, as of an IPv6 address
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(f"{name} {url!r}: not an http or https URL, such as http://127.0.0.1:8000/v1")
    return parts


def normalise_base_url(url: str, name: str = "base URL", key: str = "ROLECS_API_KEY, or name it by --header") -> str:
    """Return a base URL as the client needs it, with `/v1` added when it has no path; a query stays behind it.

    Args:
        url: as it was given.
        name: what an error calls it.
        key: where a key of that server belongs.

    Raises:
        UsageError: not an http(s) URL, or one that carries a user name, a password or a key.

    >>> normalise_base_url("http://127.0.0.1:8000")
    'http://127.0.0.1:8000/v1'
    >>> normalise_base_url("https://me.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=2024-10-21")
    'https://me.openai.azure.com/openai/deployments/gpt?api-version=2024-10-21'
    """
    parts = split_url(url, name)
    if parts.username or parts.password:
        raise UsageError(f"{name}: leave user name and password out of it; put the key into {key}")
    if secret := next((field for field, _ in parse_qsl(parts.query) if field.lower() in _KEYS), None):
        raise UsageError(f"{name}: leave {secret!r} out of it; put the key into {key}")
    path = parts.path.rstrip("/").removesuffix(_COMPLETIONS)
    return urlunsplit((parts.scheme, parts.netloc, path or "/v1", parts.query, ""))


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, which no proxy can reach for us.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("10.0.0.1")
    (True, True, True, False)
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = read_address(host)
    return address is not None and (address.is_loopback or address.is_unspecified)


def is_near(host: str) -> bool:
    """Tell whether a host is this machine, or one that only its own network reaches; of a name nobody can say.

    >>> is_near("localhost"), is_near("10.0.0.1"), is_near("8.8.8.8"), is_near("api.example.com")
    (True, True, False, False)
    """
    address = read_address(host)
    return is_loopback(host) or (address is not None and address.is_private)


def read_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return a host that is an address; None where it is a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
