"""How somebody's agent is reached, as a URL or a TOML file says it: by HTTP, or as a program.

Texts in a request template that are a placeholder as a whole are replaced by its value, as a JSON value: nothing is put
together from pieces of text, so that no turn can become anything else than a turn.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from agents.errors import UsageError, describe_invalid
from agents.llm.endpoint import normalise_base_url, split_url
from agents.reading import read_toml
from graphs.config.values import Headers

JsonPath = tuple[str | int, ...]
"""Where a value stands in JSON: keys and zero-based places, from the outside in."""


class Placeholders(NamedTuple):
    """What a request template can ask for.

    Attributes:
        message: what the customer has just said.
        messages: the whole call from the agent's side, as OpenAI's API has it: roles "user" and "assistant".
        call: tells this call from all others.
        session: what the agent's last answer had at the path `session`; None before there was one.
        turn: counts the customer's messages of the call, from 1.
    """

    message: str
    messages: list[dict[str, str]]
    call: str
    session: Any
    turn: int


def _parse_path(given: Any) -> Any:
    if isinstance(given, str):
        return tuple(int(part) if part.isdecimal() else part for part in given.split("."))
    return given


def _check_template(value: Any) -> Any:
    match value:
        case dict():
            for part in value.values():
                _check_template(part)
        case list():
            for part in value:
                _check_template(part)
        case str() if value.startswith("$") and not value.startswith("$$"):
            if value[1:] not in Placeholders._fields:
                known = ", ".join(f"${name}" for name in Placeholders._fields)
                raise ValueError(f"no such placeholder: {value}; there are {known}; $$ stands for a plain dollar")
        case str() | bool() | int() | float():
            pass
        case _:
            raise ValueError(f"JSON has no {type(value).__name__}")
    return value


Place = Annotated[JsonPath, BeforeValidator(_parse_path), Field(min_length=1)]
Template = Annotated[dict[str, Any], AfterValidator(_check_template)]


class AgentSpec(BaseModel):
    """What all agents have: the name that reports call it by, and the path of what says that it ended the call."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field("", max_length=200)
    ends_call: Place | None = None


class HttpSpec(AgentSpec):
    """An agent that takes JSON over HTTP.

    Attributes:
        url: of each request.
        method: of it.
        headers: of it; a value "$NAME" is taken from the environment.
        request: its body, with placeholders.
        reply: path of the agent's words in the answer.
        session: path of what tells the agent's session, sent back as $session.
    """

    url: str
    method: Literal["POST", "PUT"] = "POST"
    # Excluded: they may hold a key.
    headers: Headers = Field({}, exclude=True, repr=False)
    request: Template
    reply: Place
    session: Place | None = None


class CommandSpec(AgentSpec):
    """An agent that is a program, started for each call: it reads and writes a JSON object a line."""

    command: tuple[str, ...] = Field(min_length=1)


def load_agent(given: str, model: str | None = None) -> HttpSpec | CommandSpec:
    """Return how an agent is reached.

    Args:
        given: the base URL of an OpenAI-compatible endpoint, or a TOML file.
        model: that an OpenAI-compatible endpoint is asked for.

    Raises:
        UsageError: it is neither, or the file is not as it should be.
    """
    if given.startswith(("http://", "https://")):
        return _openai_agent(given, model)
    if not given.endswith(".toml"):
        raise UsageError(f"agent {given!r}: neither a URL, such as http://127.0.0.1:8000/v1, nor a .toml file")
    path = Path(given)
    told = read_toml(path, "the agent's file ")
    kind = CommandSpec if "command" in told else HttpSpec
    try:
        spec = kind.model_validate({"name": path.stem} | told)
    except ValidationError as error:
        raise UsageError(f"the agent's file {path}: {describe_invalid(error)}") from None
    if isinstance(spec, HttpSpec):
        _check_url(spec.url, f"the agent's file {path}")
    return spec


def _openai_agent(url: str, model: str | None) -> HttpSpec:
    """Return an agent that is nothing but a mapping of OpenAI's chat completions."""
    base = urlsplit(normalise_base_url(url, "agent", "ROLECS_AGENT_API_KEY, or into a header of a .toml file"))
    request = {"messages": "$messages"} | ({"model": model} if model else {})
    return HttpSpec(
        name=model or base.netloc,
        url=base._replace(path=f"{base.path}/chat/completions").geturl(),
        request=request,
        reply=("choices", 0, "message", "content"),
        # As `rolecs serve` says it; others say nothing there, and go on.
        ends_call=("choices", 0, "message", "rolecs", "over"),
    )


def _check_url(url: str, where: str) -> None:
    parts = split_url(url, f"{where}: url")
    if parts.username or parts.password:
        raise UsageError(f"{where}: leave user name and password out of the url; name a header from the environment")


def fill(template: Any, values: Placeholders) -> Any:
    """Return a request template with its placeholders replaced; keys whose value is not known yet are left out.

    >>> fill({"text": "$message", "id": "$session", "price": "$$5"}, Placeholders("Hi $call", [], "c", None, 1))
    {'text': 'Hi $call', 'price': '$5'}
    """
    match template:
        case dict():
            filled = {key: fill(part, values) for key, part in template.items()}
            return {key: value for key, value in filled.items() if value is not None}
        case list():
            return [fill(part, values) for part in template]
        case str() if template.startswith("$$"):
            return template[1:]
        case str() if template.startswith("$"):
            return getattr(values, template[1:])
    return template


def look_up(value: Any, path: JsonPath) -> Any:
    """Return what stands at a place of a JSON value; None where there is no such place.

    >>> look_up({"choices": [{"text": "Hello."}]}, ("choices", 0, "text"))
    'Hello.'
    """
    for part in path:
        if isinstance(value, dict):
            value = value.get(str(part))
        elif isinstance(value, list) and isinstance(part, int) and -len(value) <= part < len(value):
            value = value[part]
        else:
            return None
    return value


def resolve_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with those values put in that come from the environment.

    Raises:
        UsageError: there is no such variable, or its value cannot stand in a header.
    """
    resolved = {}
    for name, value in headers.items():
        if value.startswith("$$") or not value.startswith("$"):
            resolved[name] = value.removeprefix("$") if value.startswith("$$") else value
            continue
        found = os.environ.get(value[1:], "")
        if not found or not found.isascii() or not found.isprintable():
            raise UsageError(f"the agent's header {name}: the variable {value[1:]} holds nothing that can stand there")
        resolved[name] = found
    return resolved
