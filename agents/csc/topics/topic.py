"""A topic in one language, and the company that is called on it: what planner, supporter and judge are told of them.

All texts are data of whoever wrote the table: prompts show them on one line each, in quotes where they may be long.
"""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

MAX_POLICIES = 200_000
"""Most characters of a company's policies: a run stores them."""
_BLANK_LINES = re.compile(r"\n\s*\n")


def _on_one_line(text: str) -> str:
    if any(unicodedata.category(character) == "Cc" for character in text if not character.isspace()):
        raise ValueError("holds a control character")
    return " ".join(text.split())


_OneLine = AfterValidator(_on_one_line)
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), _OneLine]
"""A text of 1 to 300 characters; line breaks in it become spaces."""
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), _OneLine]
"""The same of 1 to 100 characters."""
Code = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
"""Small letters, digits and hyphens: a code stands in flags, keys and spans."""


class Company(BaseModel):
    """Whose support line is called, in one language.

    Attributes:
        name: as it stands behind "the support line of": "an online shop", "Acme Broadband".
        voice: how its agents speak.
        products: what it sells, with prices and terms.
        impossible: what it cannot or may not do, for this topic or at all.
        policies: its rules, paragraphs with blank lines between them; of a call that was played, those that were shown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    voice: Annotated[str, StringConstraints(max_length=300), _OneLine] = ""
    products: tuple[Line, ...] = ()
    impossible: tuple[Line, ...] = ()
    policies: str = Field("", max_length=MAX_POLICIES)

    @property
    def is_known(self) -> bool:
        """More than its name is known."""
        return bool(self.voice or self.products or self.impossible or self.policies)

    @property
    def paragraphs(self) -> list[str]:
        """The policies, taken apart."""
        return [paragraph.strip() for paragraph in _BLANK_LINES.split(self.policies) if paragraph.strip()]

    def following(self, policies: str) -> "Company":
        """Return the company with other policies."""
        return self.model_copy(update={"policies": policies})


class Topic(BaseModel):
    """What calls are about, in one language.

    Attributes:
        code: its name in settings and records.
        group: the topics that are chosen together by this name.
        name: as prompts and shards say it.
        sentence: what such a call is about.
        facts: what a plan makes up: kinds of facts, not facts.
        company: the one that is called.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Code
    group: Code
    name: Name
    sentence: Line
    facts: tuple[Line, ...] = ()
    company: Company

    @property
    def is_plain(self) -> bool:
        """The prompts have its name and sentence and its company's name, no more."""
        return not (self.facts or self.company.is_known)

    def following(self, policies: str) -> "Topic":
        """Return the topic of a company with other policies."""
        return self.model_copy(update={"company": self.company.following(policies)})
