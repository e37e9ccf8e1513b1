"""Values of settings that are more than a number or a text: how flags write them, and what is checked of them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

from agents.csc.speakers import parse_speaker, plain_name
from agents.errors import UsageError
from agents.llm.dialect import Dialect
from agents.llm.endpoint import normalise_base_url


def meets(require: Callable[[Path], None]) -> AfterValidator:
    """Return what checks a path by a function that raises UsageError."""

    def check(path: Path | None) -> Path | None:
        if path is not None:
            try:
                require(path)
            except UsageError as error:
                raise ValueError(str(error)) from None
        return path

    return AfterValidator(check)


def _split_pairs(given: Any) -> Any:
    """Return the table that "name=value" texts make, as flags have them; a table stays one."""
    if not isinstance(given, list | tuple):
        return given
    pairs = {}
    for pair in given:
        name, _, value = (part.strip() for part in str(pair).rpartition("="))
        if not name or not value:
            raise ValueError(f"{pair!r} is not of the form name=value")
        pairs[name] = value
    return pairs


def _check_sides(speakers: dict[str, str]) -> dict[str, str]:
    return {plain_name(name): side if side == "none" else parse_speaker(side).value for name, side in speakers.items()}


def _check_columns(columns: dict[str, str]) -> dict[str, str]:
    from personas.distill.forms.tables import PARTS

    if unknown := [part for part in columns if part not in PARTS]:
        raise ValueError(f"unknown part {unknown[0]!r} of a table; the parts are {', '.join(PARTS)}")
    numbers = [name for name in columns.values() if name.isdigit()]
    if numbers and (len(numbers) < len(columns) or "text" not in columns or "0" in numbers):
        raise ValueError("columns by number count from 1, all of them, and that of text is among them")
    return columns


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def _check_headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not value.isprintable() or not value.isascii():
            # The value may be a key: it is not shown.
            raise ValueError(f"{name!r}: no name and value of an HTTP header, such as 'api-key: 0123'")
    return headers


Headers = Annotated[dict[str, str], AfterValidator(_check_headers)]
# What is not set is found out, also by the job that goes on with a run: only what is set is written down.
HeldDialect = Annotated[Dialect, PlainSerializer(lambda held: held.model_dump(mode="json", exclude_unset=True))]
BaseUrl = Annotated[str, AfterValidator(normalise_base_url)]
Sides = Annotated[dict[str, str], BeforeValidator(_split_pairs), AfterValidator(_check_sides)]
Columns = Annotated[dict[str, str], BeforeValidator(_split_pairs), AfterValidator(_check_columns)]
