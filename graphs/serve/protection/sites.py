"""The sites that may show the widget: read from a TOML file, named by public ids, with what holds for each."""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from agents.csc.language import Language
from agents.errors import UsageError, describe_invalid
from agents.reading import read_toml

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_HOST = re.compile(r"[a-z0-9.-]+|\[[0-9a-f:.]+\]")


def parse_origin(text: str) -> str:
    """Return an origin as browsers write it.

    Raises:
        ValueError: it is none, or one with a wildcard.

    >>> parse_origin("https://Shop.example/")
    'https://shop.example'
    """
    parts = urlsplit(text.strip().lower())
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    is_bare = parts.path in ("", "/") and not parts.query and not parts.fragment and "@" not in parts.netloc
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host) or not is_bare:
        raise ValueError(f"{text!r} is no origin such as https://shop.example (no path, no wildcard)")
    is_usual = parts.port in (None, {"http": 80, "https": 443}[parts.scheme])
    return f"{parts.scheme}://{host}" + ("" if is_usual else f":{parts.port}")


Origin = Annotated[str, AfterValidator(parse_origin)]


class Site(BaseModel):
    """What holds for the dialogues of one site.

    Attributes:
        id: public; stands in the site's pages.
        origins: of the pages that may show the widget.
        languages: that dialogues may be in; the first one where a visitor names none.
        topic: a code of the topics that are served; visitors may name one where there is none.
        about: the situation as the supporter is told of it: who the company is, what its rules are.
        requests_per_minute: of all visitors together.
        turns: most turns of a visitor in one dialogue.
        daily_tokens: most tokens that the site's dialogues may take on a day (UTC); None: as many as the service has.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    origins: tuple[Origin, ...] = Field(min_length=1)
    languages: tuple[Language, ...] = Field((Language.EN,), min_length=1)
    topic: str | None = None
    about: str = Field("", max_length=4000)
    requests_per_minute: int = Field(600, ge=1)
    turns: int = Field(40, ge=4)
    daily_tokens: int | None = Field(None, ge=1)


class Sites:
    """All sites by their ids."""

    def __init__(self, sites: Mapping[str, Site] | None = None) -> None:
        self._sites = dict(sites or {})
        self.origins = frozenset(origin for site in self for origin in site.origins)
        """Origins of all sites together: those that may read answers from another origin."""

    def __iter__(self) -> Iterator[Site]:
        return iter(self._sites.values())

    def __len__(self) -> int:
        return len(self._sites)

    def get(self, id: str) -> Site | None:
        """Return a site; None where there is none of that id."""
        return self._sites.get(id)


def read_sites(path: Path, topics: Mapping[str, Collection[Language]], topic: str | None = None) -> Sites:
    """Read the tables `[sites.ID]` of a TOML file.

    Args:
        path: of the file.
        topics: the codes of the topics that are served, each with the languages that it has words in.
        topic: the one of sites that name none; None: none in particular.

    Raises:
        UsageError: it cannot be read, or a site in it is wrong; says which and why.
    """
    tables = read_toml(path, "the file of sites ")
    named = tables.get("sites")
    if set(tables) != {"sites"} or not isinstance(named, dict) or not named:
        raise UsageError(f"{path}: tables [sites.ID] and nothing else are needed, one at least")
    sites = {}
    for id_, table in named.items():
        if not _ID.fullmatch(id_) or not isinstance(table, dict):
            raise UsageError(f"{path}: [sites.{id_}]: an id has up to 64 letters, digits, - and _")
        try:
            sites[id_] = site = Site.model_validate({**table, "id": id_})
        except ValidationError as error:
            raise UsageError(f"{path}: [sites.{id_}]: {describe_invalid(error)}") from None
        code = site.topic or topic
        served = set(topics.get(code, ())) if code else set().union(*topics.values())
        if missing := ", ".join(sorted(set(site.languages) - served)):
            told = f"topic: no {code!r} in {missing}" if code else f"languages: no topic has words in {missing}"
            raise UsageError(f"{path}: [sites.{id_}]: {told}; the topics are {', '.join(topics)}")
    return Sites(sites)
