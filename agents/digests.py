"""Digests of data: equal exactly where the data are, whatever the code that holds them calls its types."""

import hashlib
from json import JSONEncoder

from pydantic import BaseModel


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} has no form in JSON")


_CANONICAL = JSONEncoder(default=_plain, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def canonical_json(value: object) -> bytes:
    """Return the one form of some data in JSON: UTF-8, keys in order, no white space, no name of a class.

    Args:
        value: plain JSON values, named tuples (as the lists of their values), enums of texts, and pydantic models.

    Raises:
        TypeError: a value is none of these.
        ValueError: a number is none that JSON can write, or a text holds half of a surrogate pair.

    >>> canonical_json({"b": ("文", None), "a": 1.5}).decode()
    '{"a":1.5,"b":["文",null]}'
    """
    return _CANONICAL.encode(value).encode()


def digest(value: object) -> str:
    """Return a short name for some data: the first 16 hexadecimal digits of the SHA-256 of its canonical JSON.

    Args:
        value: see `canonical_json`, which also says what is raised.
    """
    return hashlib.sha256(canonical_json(value)).hexdigest()[:16]
