"""What calls are about: the topics that ship, a TOML file for each group in this folder, and those of users' own."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from agents.csc.language import Language
from agents.csc.topics.table import read_table
from agents.csc.topics.topic import Company, Topic
from agents.errors import UsageError

_ROLECS = "rolecs.toml"
_FILES = sorted(Path(__file__).parent.glob("*.toml"), key=lambda file: (file.name != _ROLECS, file.name))
_TABLES = {file.name: read_table(file) for file in _FILES}

TOPICS: dict[str, dict[Language, Topic]] = {code: row for table in _TABLES.values() for code, row in table.items()}
"""The topics that ship, by code and language, those of RoleCS first."""
ROLECS_TOPICS: tuple[str, ...] = tuple(_TABLES[_ROLECS])
"""The codes of the seven topics of RoleCS."""
GROUPS: dict[str, tuple[str, ...]] = {
    group: tuple(code for code, row in TOPICS.items() if row[Language.EN].group == group)
    for group in dict.fromkeys(row[Language.EN].group for row in TOPICS.values())
}
"""The codes of the topics that ship, by group."""


def choose_topics(names: Iterable[str | Topic], language: Language) -> tuple[str | Topic, ...]:
    """Return the topics that some names stand for: the codes of those that ship, and the others whole.

    Args:
        names: codes and groups of topics that ship, TOML files with a user's own, which end in ".toml"; or topics.
        language: of the calls.

    Raises:
        ValueError: a name stands for nothing, a topic is there twice, or there is none.
        UsageError: a file is no table of topics, see `read_table`, or has nothing in the language.
    """
    chosen: list[str | Topic] = []
    for name in names:
        if not isinstance(name, str):
            chosen.append(name)
            continue
        for number, (code, row) in enumerate(_rows_named(name).items(), start=1):
            if code in TOPICS:
                chosen.append(code)
            elif language in row:
                chosen.append(row[language])
            else:
                raise UsageError(
                    f"{name}: topic {number} ({code}): has no words in {language}: add the table [topics.{language}], "
                    "or leave it out"
                )
    codes = [topic if isinstance(topic, str) else topic.code for topic in chosen]
    if not codes or len(set(codes)) < len(codes):
        raise ValueError("name at least one topic, and each of them once")
    return tuple(chosen)


def topic_rows(names: Iterable[str]) -> dict[str, dict[Language, Topic]]:
    """Return the topics that some names stand for by code, each in all languages that it is written in.

    Args:
        names: as `choose_topics` takes them; none for all topics that ship.

    Raises:
        ValueError: a name stands for nothing, or a topic is there twice.
        UsageError: a file is no table of topics, see `read_table`.
    """
    rows: dict[str, dict[Language, Topic]] = {}
    for name in names:
        named = _rows_named(name)
        if twice := named.keys() & rows.keys():
            raise ValueError(f"name each topic once: {', '.join(sorted(twice))} is there twice")
        rows |= named
    return rows or TOPICS


def _rows_named(name: str) -> dict[str, dict[Language, Topic]]:
    if name.endswith(".toml"):
        own = read_table(Path(name))
        for number, code in enumerate(own, start=1):
            if code in TOPICS or code in GROUPS:
                raise UsageError(
                    f"{name}: topic {number} ({code}): code: a topic or group that ships has it: give it another"
                )
        return own
    if name in TOPICS or name in GROUPS:
        return {code: TOPICS[code] for code in ((name,) if name in TOPICS else GROUPS[name])}
    near = get_close_matches(name, (*TOPICS, *GROUPS), n=1, cutoff=0.7)
    meant = f" (did you mean {near[0]}?)" if near else ""
    raise ValueError(
        f"unknown topic {name!r}{meant}; the topics are {', '.join(TOPICS)}; the groups are {', '.join(GROUPS)}; "
        "a file of your own ends in .toml"
    )


def topics_by_code(chosen: Sequence[str | Topic | dict[str, object]], language: Language) -> dict[str, Topic]:
    """Return topics by code in one language.

    Args:
        chosen: codes of topics that ship, and whole topics, as they are or as JSON has them.
        language: of those that ship.
    """
    topics = [TOPICS[one][language] if isinstance(one, str) else Topic.model_validate(one) for one in chosen]
    return {topic.code: topic for topic in topics}


def topic_named(name: str, language: Language) -> Topic | None:
    """Return the topic that ships with this name in a language; None where none has it."""
    return next((row[language] for row in TOPICS.values() if row[language].name == name), None)


def usual_company(language: Language) -> Company:
    """Return the company of the topics of RoleCS, which stands for one that is not known."""
    return TOPICS[ROLECS_TOPICS[0]][language].company
