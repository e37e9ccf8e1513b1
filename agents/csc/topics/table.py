"""Reads a table of topics: a TOML file with a group, a company and topics, each with its words by language."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, create_model

from agents.csc.language import Language
from agents.csc.topics.topic import MAX_POLICIES, Code, Company, Line, Name, Topic
from agents.errors import UsageError
from agents.reading import read_text, read_toml

_KIND = "the table of topics "
SHOWN_CHARACTERS = 60
"""Most characters of a key or a code that are shown."""

_MISSING = {
    "group": "write its name, in small letters, digits and hyphens",
    "company": "add tables such as [company.en]",
    "topics": "add tables that begin with [[topics]]",
    "code": "write small letters, digits and hyphens",
    "name": "write a few words",
    "sentence": "write in a sentence what such a call is about",
}
"""What to do where one of the fields is missing that have to be there."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _without_nul(name: str) -> str:
    if "\0" in name:
        raise ValueError("holds a control character")
    return name


class _Company(Company):
    """A company as it is written: its policies stand there, or in a file beside the table."""

    policies_file: Annotated[str, AfterValidator(_without_nul)] = ""


class _Words(_Part):
    name: Name
    sentence: Line
    impossible: tuple[Line, ...] = ()
    facts: tuple[Line, ...] = ()


class _Row(_Part):
    code: Code


def _by_language(base: type[_Part], words: type[BaseModel]) -> Any:
    """Return a type that has words in some of the languages."""
    fields: dict[str, Any] = {language.value: (words | None, None) for language in Language}
    return create_model(base.__name__, __base__=base, **fields)


class _Table(_Part):
    group: Code
    company: _by_language(_Part, _Company)  # type: ignore[valid-type]
    topics: list[_by_language(_Row, _Words)] = Field(min_length=1)  # type: ignore[valid-type]


def read_table(path: Path) -> dict[str, dict[Language, Topic]]:
    """Return the topics of a file by code, each in the languages that it is written in.

    Raises:
        UsageError: the file cannot be read, or something in it is wrong: says which topic and field, and what to do.
    """
    content = read_toml(path, _KIND)
    try:
        table: Any = _Table.model_validate(content)
    except ValidationError as error:
        raise UsageError(f"{path}: {_describe(error, content)}") from None
    companies = {
        language: _with_policies(company, path, f"company.{language}")
        for language in Language
        if (company := getattr(table.company, language))
    }
    topics: dict[str, dict[Language, Topic]] = {}
    for number, row in enumerate(table.topics, start=1):
        where = f"{path}: topic {number} ({row.code})"
        if row.code in topics:
            raise UsageError(f"{where}: code: an earlier topic has it: give each its own")
        written = {language: words for language in Language if (words := getattr(row, language))}
        if not written:
            raise UsageError(f"{where}: has no words: add a table such as [topics.en]")
        for language in written:
            if language not in companies:
                raise UsageError(
                    f"{where}: {language}: the company has no words in it: add the table [company.{language}]"
                )
        topics[row.code] = {
            language: _topic(table.group, row.code, words, companies[language]) for language, words in written.items()
        }
    return topics


def _topic(group: str, code: str, words: _Words, company: Company) -> Topic:
    impossible = (*words.impossible, *company.impossible)
    return Topic(
        code=code,
        group=group,
        name=words.name,
        sentence=words.sentence,
        facts=words.facts,
        company=company.model_copy(update={"impossible": impossible}),
    )


def _with_policies(company: _Company, path: Path, where: str) -> Company:
    policies = company.policies
    if company.policies_file:
        if policies:
            raise UsageError(f"{path}: {where}: give policies or policies_file, not both")
        folder = path.parent.resolve()
        file = (folder / company.policies_file).resolve()
        # What it holds goes into prompts and shards: a table from elsewhere shall not name any file of this machine.
        if not file.is_relative_to(folder):
            raise UsageError(
                f"{path}: {where}.policies_file: lies outside of the table's folder: put it beside the table"
            )
        policies = read_text(file, f"the policies of {path}, ")
        if len(policies) > MAX_POLICIES:
            raise UsageError(
                f"{path}: {where}.policies_file: {len(policies):,} characters, more than {MAX_POLICIES:,}: "
                "keep what calls turn on"
            )
    return Company(**company.model_dump(exclude={"policies", "policies_file"}), policies=policies.strip())


def _describe(error: ValidationError, content: dict[str, Any]) -> str:
    """Say in one line what is wrong first in a table, where, and what to do; keys and codes may hold anything."""
    first = error.errors()[0]
    place, where = list(first["loc"]), []
    if place[0] == "topics" and len(place) > 1:
        row = content["topics"][place[1]]
        code = f" ({_shown(row['code'])})" if isinstance(row, dict) and isinstance(row.get("code"), str) else ""
        where.append(f"topic {int(place[1]) + 1}{code}")
        place = place[2:]
    if place:
        where.append(".".join(_shown(str(part)) for part in place))
    match first["type"]:
        case "missing":
            what = f"missing: {_MISSING[str(place[-1])]}"
        case "extra_forbidden":
            what = "unknown: correct the key or leave it out, docs/topics.md has them all"
        case "string_pattern_mismatch":
            what = "write small letters, digits and hyphens, as in late-delivery"
        case "list_type" | "tuple_type":
            what = "write a list, in square brackets"
        case "dict_type" | "model_type" | "model_attributes_type":
            what = "write a table, such as [company.en] or [[topics]]"
        case "value_error":
            what = str(first["ctx"]["error"])
        case _:
            what = first["msg"]
    return ": ".join([*where, what])


def _shown(text: str) -> str:
    r"""Return a text as a part of one line, not too long.

    >>> _shown("a\nb")
    'a\\nb'
    """
    shown = text if text.isprintable() else repr(text)[1:-1]
    return shown if len(shown) <= SHOWN_CHARACTERS else f"{shown[:SHOWN_CHARACTERS]}..."
