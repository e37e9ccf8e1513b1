"""In what two configurations of a run differ, in words that fit on a line of a terminal."""

import json
from collections.abc import Mapping
from itertools import takewhile
from typing import Any

_SHOWN_CHARACTERS = 60
"""How much of a value an error shows."""


def describe_differences(stored: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """Say in what two configurations differ, of values that are too long to be shown in which part.

    Args:
        stored: what the run was begun with.
        given: what a job would go on with.
    """
    keys = [key for key in given if stored.get(key) != given[key]] + [key for key in stored if key not in given]
    found = []
    for key in keys:
        old, new = stored.get(key), given.get(key)
        shown = [json.dumps(value, ensure_ascii=False) for value in (old, new)]
        is_long = max(map(len, shown)) > _SHOWN_CHARACTERS
        if is_long and (within := describe_differences(_parts(old), _parts(new))):
            found += [f"{key}.{difference}" for difference in within]
        else:
            same = takewhile(lambda pair: pair[0] == pair[1], zip(*shown, strict=False))
            start = sum(1 for _ in same) - _SHOWN_CHARACTERS // 2
            found.append(f"{key} was {_shown(shown[0], start)}, is {_shown(shown[1], start)}")
    return found


def _parts(value: object) -> Mapping[str, Any]:
    """Return the parts of a value by name, those of a list by their codes or as they are; none of a plain value."""
    if isinstance(value, list):
        return {str(part["code"] if isinstance(part, dict) and "code" in part else part): part for part in value}
    return value if isinstance(value, Mapping) else {}


def _shown(text: str, start: int) -> str:
    """Return a text, of a long one some from a place on."""
    if len(text) <= _SHOWN_CHARACTERS:
        return text
    start = max(start, 0)
    part = text[start : start + _SHOWN_CHARACTERS]
    return f"{'...' if start else ''}{part}{'...' if start + _SHOWN_CHARACTERS < len(text) else ''}"
