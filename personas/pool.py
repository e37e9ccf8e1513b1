"""Persona pools: JSONL files with one persona a line. A hand-written pool per language ships with the program."""

from pathlib import Path

from pydantic import ValidationError

from agents.csc.language import Language
from agents.errors import UsageError, describe_invalid
from agents.reading import read_lines
from personas.persona import Persona

SEED_POOLS = Path(__file__).parent / "seed"


def load_pool(path: Path | None, language: Language) -> list[Persona]:
    """Return the personas of `language` in a pool file, in its order; the pool that ships when `path` is None.

    Raises:
        UsageError: see `read_pool`, or no persona of the language.
    """
    path = path or SEED_POOLS / f"{language}.jsonl"
    pool = [persona for persona in read_pool(path) if persona.language is language]
    if not pool:
        raise UsageError(f"the persona pool {path} holds no persona in language {language}")
    return pool


def load_pools(path: Path | None) -> dict[Language, list[Persona]]:
    """Return the personas of a pool file by language, those languages alone that it has; the pools that ship when None.

    Raises:
        UsageError: see `read_pool`.
    """
    if path is None:
        return {language: load_pool(None, language) for language in Language}
    pools: dict[Language, list[Persona]] = {}
    for persona in read_pool(path):
        pools.setdefault(persona.language, []).append(persona)
    return pools


def read_pool(path: Path) -> list[Persona]:
    """Return the personas of a pool file, in its order.

    Raises:
        UsageError: no such file, a line that is no persona (with file and line), an id used twice, or no persona.
    """
    first_line: dict[str, int] = {}
    pool: list[Persona] = []
    for number, line in read_lines(path, "the persona pool "):
        persona = _parse(line, f"{path}:{number}")
        if persona.id in first_line:
            raise UsageError(f"{path}:{number}: id {persona.id!r} is taken by line {first_line[persona.id]}")
        first_line[persona.id] = number
        pool.append(persona)
    if not pool:
        raise UsageError(f"the persona pool {path} is empty")
    return pool


def _parse(line: str, where: str) -> Persona:
    try:
        return Persona.model_validate_json(line)
    except ValidationError as error:
        raise UsageError(f"{where}: no persona: {describe_invalid(error)}") from None
