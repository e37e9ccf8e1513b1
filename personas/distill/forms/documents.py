"""Transcripts in JSON, whatever they are wrapped in: found by their shape, an array of utterances.

So one reader serves rows of JSON lines, arrays of dialogues, exports of contact centres and help desks (Contact Lens,
Genesys, Zendesk, Intercom), of recognisers (AWS Transcribe, Deepgram, WhisperX), published data sets (CSConv, RoleCS,
ABCD, Taskmaster) and chats (messages, ShareGPT).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from agents.csc.language import CHINESE
from agents.errors import shorten
from personas.distill.forms.call import Broken, Call, Row, Said, group_rows
from personas.distill.forms.keys import (
    CALL,
    CALLS,
    HIDDEN,
    HIDDEN_TYPES,
    MEANT,
    NUMBER,
    PARTIES,
    PRESENT,
    SPEAKER_OF_OBJECT,
    TEXT,
    TEXT_OF_OBJECT,
    WEAK_SPEAKER,
    WORDS,
    WRAPPERS,
    plain_key,
)
from personas.distill.forms.tables import parse_number
from personas.distill.forms.text import parse_text, take_out_markup

WANTED = 'an object with "turns" of "speaker" and "text" would be read'
_DEEPEST = 20
_SHOWN_KEYS = 6
_LONGEST_NAME = 100
"""Characters of an id or a speaker's name; more are a text."""
_NAMES = ("role", "type", "kind", "name", "displayname", "id", "label")
"""What names a speaker who is an object, the first of those that are there."""
_ROLES = ("participantrole", "role", "participantpurpose", "purpose", "type", "kind")
_BEARERS = ("participantid", "speakerid", "userid", "id", "speaker", "name")
_TEXTS_OF_PARTS = ("text", "content", "parts", "value", "transcript", "word", "msg")
_BEFORE_A_MARK = re.compile(r" (?=[.,;:?!，。；：？！](?:\s|$))")
_BETWEEN_CHINESE = re.compile(rf"(?<=[{CHINESE}]) (?=[{CHINESE}])")
_HIDDEN_NAME = "internal note"
_CALL_IDS = tuple(key for key in CALL if key != "id")


class Place(NamedTuple):
    """Where a value stands: the file with line or path, and the id of a call there that has none."""

    where: str
    id: str

    def within(self, key: str | int, position: int) -> "Place":
        """Return the place of a part."""
        path = f"[{key}]" if isinstance(key, int) else f".{shorten(key, 40)}"
        return Place(f"{self.where}{path}", f"{self.id}.{position + 1}")


def find_calls(value: Any, place: Place, is_known: Callable[[str], bool]) -> list[Call | Row | Broken]:
    """Return what a JSON value holds: calls, or one utterance of a call whose others stand elsewhere.

    Args:
        value: as `json` has it.
        place: where it stands.
        is_known: tells whether a name stands for one of the two sides.
    """
    search = _Search(is_known)
    try:
        row = search.row(value, place, CALL)
        found: list[Call | Row | Broken] = [*search.calls(value, place, alone=row is None)]
    except RecursionError:
        return [Broken(place.where, "no transcript: nested too deeply")]
    if any(isinstance(item, Call) for item in found):
        return found
    return [row or Broken(place.where, f"no transcript: this is {describe(value)}; {WANTED}")]


class _Search:
    """Looks for calls in a JSON value; `is_known` tells whether a name stands for one of the two sides."""

    def __init__(self, is_known: Callable[[str], bool]) -> None:
        self._is_known = is_known

    def calls(self, value: Any, place: Place, depth: int = 0, *, alone: bool = True) -> Iterator[Call | Broken]:
        """Yield the calls in a value, and the items without one in arrays that hold calls.

        `alone`: no text in it is an utterance by itself.
        """
        if isinstance(value, list):
            if said := self._utterances(value, {}):
                yield from self._group(value, said, place, CALL, "")
                return
            parts: list[tuple[str | int, Any]] = [*enumerate(value)]
        elif isinstance(value, dict):
            if calls := self._calls_of(value, place, alone=alone):
                yield from calls
                return
            parts = [*value.items()]
        else:
            return
        inner = [(key, part) for key, part in parts if isinstance(part, list | dict)]
        if depth == _DEEPEST:
            return
        found = [
            (part, where := place.within(key, position), [*self.calls(part, where, depth + 1)])
            for position, (key, part) in enumerate(inner)
        ]
        if not any(within for _, _, within in found):
            return
        for part, where, within in found:
            yield from within
            if not within and isinstance(value, list):
                yield Broken(where.where, f"no transcript: this is {describe(part)}; {WANTED}")

    def _calls_of(self, value: dict[str, Any], place: Place, *, alone: bool) -> list[Call]:
        """Return the call that an object is, or the calls that it holds by their names."""
        roles = _roles(value)
        found = {
            key: said
            for key, part in value.items()
            if isinstance(part, list) and (said := self._utterances(part, roles))
        }
        if not found and (wrapped := self._mapped(value, roles)):
            return [Call(_find_id(value) or place.id, place.where, wrapped)]
        if not found:
            found = {
                key: said for key, part in value.items() if (said := self._labelled(plain_key(key), part, alone=alone))
            }
        found = {key: said for key, said in found.items() if plain_key(key) not in WORDS} or found
        first = next((key for key in found if plain_key(key) in CALLS), None if len(found) != 1 else next(iter(found)))
        if first is not None:
            # Of several the first: the others are the same call in other words, as in ABCD.
            return self._group(value[first], found[first], place, _CALL_IDS, _find_id(value))
        return [Call(key, f"{place.where}.{shorten(key, 40)}", said) for key, said in found.items()]

    def _group(self, items: Any, said: list[Said], place: Place, keys: Sequence[str], id_: str) -> list[Call]:
        """Return an array of utterances as the one call that it is, or as the calls that its items name."""
        ids = {_first_scalar(_plain(item), keys) for item in items if isinstance(item, dict)}
        if isinstance(items, list) and 1 < len(ids) < len(items):
            return list(group_rows((row for item in items if (row := self.row(item, place, keys))), place.id))
        return [Call(id_ or place.id, place.where, said)]

    def row(self, value: Any, place: Place, keys: Sequence[str]) -> Row | None:
        """Return an utterance that stands alone, the id of its call by one of some keys; None where it is none."""
        if not isinstance(value, dict) or not (said := self._utterances([value], {})):
            return None
        plain = _plain(value)
        number = next(
            (found for key in NUMBER if key in plain and (found := parse_number(plain[key])) is not None), None
        )
        return Row(_first_scalar(plain, keys), number, said[0], place.where)

    def _utterances(self, items: list[Any], roles: Mapping[str, str]) -> list[Said]:
        """Return what is said in an array of utterances; nothing when it is another one.

        An utterance is an object with a speaker and a text, or with a side's name as key, or a pair of both. An object
        without a text, an event, says nothing.
        """
        if items and all(isinstance(item, list) and len(item) >= 2 for item in items):
            pairs = [Said(_name(item[0], {}), _text(item[1])) for item in items]
            return pairs if any(self._is_known(said.name) for said in pairs) else []
        if not all(isinstance(item, dict) for item in items):
            return []
        said: list[Said] = []
        is_sure = False
        for item in items:
            keys = {plain_key(key): key for key in item}
            names = [
                (name, key not in WEAK_SPEAKER or self._is_known(name))
                for key in SPEAKER_OF_OBJECT
                if key in keys and (name := _name(item[keys[key]], roles, key))
            ]
            name, is_certain = next((one for one in names if one[1]), names[0] if names else ("", False))
            text, under = next(
                (
                    (words, key)
                    for key in TEXT_OF_OBJECT
                    if key in keys and (words := _text_under(key, item[keys[key]]))
                ),
                ("", ""),
            )
            hidden = any(item[keys[key]] is mark for key, mark in HIDDEN.items() if key in keys)
            if text and (hidden or plain_key(str(item.get(keys.get("type", ""), ""))) in HIDDEN_TYPES):
                said.append(Said(_HIDDEN_NAME, text))
            elif text and is_certain:
                said.append(Said(name, text))
                is_sure = True
            elif not (text and name and under not in WRAPPERS) and (
                inner := self._by_side(item) or self._wrapped(item, roles)
            ):
                said += inner
                is_sure = True
            elif text:
                said.append(Said(name, text))
        return said if is_sure else []

    def _by_side(self, item: dict[str, Any]) -> list[Said]:
        """Return what is said in an object that has the names of sides as keys: `{"agent": "Hello."}`."""
        return [Said(key, words) for key, words in item.items() if isinstance(words, str) and self._is_known(key)]

    def _wrapped(self, item: dict[str, Any], roles: Mapping[str, str]) -> list[Said]:
        """Return the utterance that an object wraps: `{"Transcript": {"Content": ...}}`; one with lists is a call.

        So is one that wraps several.
        """
        if any(isinstance(part, list) and part and isinstance(part[0], list | dict) for part in item.values()):
            return []
        parts = (part for part in item.values() if isinstance(part, dict))
        found = [said for part in parts if (said := self._utterances([part], roles))]
        return found[0] if len(found) == 1 else []

    def _mapped(self, value: dict[str, Any], roles: Mapping[str, str]) -> list[Said]:
        """Return the utterances that are the values of an object, by ids; nothing where only one of these is one."""
        parts = [[part] for part in value.values() if isinstance(part, dict)]
        found = [said for part in parts if (said := self._utterances(part, roles))]
        return [said[0] for said in found] if len(found) > 1 else []

    def _labelled(self, key: str, part: Any, *, alone: bool) -> list[Said]:
        """Return what is said in a text, or an array of texts, with names in front; nothing when it is another one."""
        lines = [part] if isinstance(part, str) else part
        if key not in (*CALLS, *TEXT) or not isinstance(lines, list) or not all(isinstance(one, str) for one in lines):
            return []
        said = parse_text(map(take_out_markup, lines), self._is_known)
        names = {one.name for one in said if one.name}
        return said if len(names) > 1 and (alone or any(map(self._is_known, names))) else []


def _name(value: Any, roles: Mapping[str, str], key: str = "") -> str:
    """Return the name in a value that says who speaks; of one that is true or false, what its key says."""
    if isinstance(value, bool):
        name = key if value else f"not {key}"
    elif isinstance(value, dict):
        name = PRESENT.get(key) or _first_scalar(_plain(value), _NAMES)
    else:
        name = str(value) if isinstance(value, str | int | float) else ""
    name = roles.get(name, name)
    return MEANT.get(key, {}).get(name.lower(), name)


def _text_under(key: str, value: Any) -> str:
    """Return the text of the value of a key; of several ways to hear the same words, the first is the best."""
    return _text(value[:1] if key == "alternatives" and isinstance(value, list) else value)


def _text(value: Any) -> str:
    """Return the text of a value: itself, or that of its parts, as chats have them."""
    if isinstance(value, str):
        return take_out_markup(value)
    if isinstance(value, list):
        joined = " ".join(filter(None, (part if isinstance(part, str) else _text_of_part(part) for part in value)))
        return _BETWEEN_CHINESE.sub("", _BEFORE_A_MARK.sub("", joined))
    return _text_of_part(value)


def _text_of_part(part: Any) -> str:
    if not isinstance(part, dict):
        return ""
    plain = _plain(part)
    return next((_text(plain[key]) for key in _TEXTS_OF_PARTS if plain.get(key)), "")


def _roles(value: dict[str, Any]) -> dict[str, str]:
    """Return the roles of participants by their names, where an object lists them beside what they say."""
    own = _plain(value)
    roles = {id_: side for key, side in PARTIES.items() if (id_ := _first_scalar(own, (key,)))}
    lists = (part for part in value.values() if isinstance(part, list) and part and isinstance(part[0], dict))
    for people in (part for part in lists if _plain(part[0]).keys().isdisjoint(TEXT)):
        for plain in (_plain(person) for person in people if isinstance(person, dict)):
            bearer, role = _first_scalar(plain, _BEARERS), _first_scalar(plain, _ROLES)
            if bearer and role:
                roles[bearer] = role
    return roles


def _find_id(value: dict[str, Any]) -> str:
    """Return the id of a call, from the object that it is or from its metadata; empty when it has none."""
    inner = (_plain(part) for part in value.values() if isinstance(part, dict))
    return _first_scalar(_plain(value), CALL) or next(
        filter(None, (_first_scalar(one, _CALL_IDS) for one in inner)), ""
    )


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    return {plain_key(key): part for key, part in value.items()}


def _first_scalar(plain: Mapping[str, Any], keys: Iterable[str]) -> str:
    """Return the first number or short text under one of some keys; empty when there is none."""
    found = (plain.get(key) for key in keys)
    values = (str(value) for value in found if isinstance(value, str | int) and not isinstance(value, bool))
    return next((text for text in values if text.strip() and len(text) <= _LONGEST_NAME and "\n" not in text), "")


def describe(value: Any) -> str:
    """Say what a JSON value is.

    >>> describe([1, 2]), describe({"a": 1}), describe([{"a": 1}])
    ('a JSON array of 2 numbers', 'a JSON object with the keys a', 'a JSON array of 1 objects with the keys a')
    """
    kinds = {dict: "object", list: "array", str: "text", bool: "truth value", int: "number", float: "number"}
    kind = f"a JSON {kinds.get(type(value), 'null')}"
    if isinstance(value, dict):
        names = ", ".join(list(value)[:_SHOWN_KEYS]) + (", ..." if len(value) > _SHOWN_KEYS else "")
        return f"{kind} with the keys {shorten(names, 200)}" if value else f"{kind} without keys"
    if isinstance(value, list):
        if not value:
            return f"{kind} without items"
        of = describe(value[0]).removeprefix("a JSON ").replace(kinds.get(type(value[0]), "null"), "", 1)
        return f"{kind} of {len(value)} {kinds.get(type(value[0]), 'null')}s{of}"
    return kind
