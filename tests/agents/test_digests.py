"""Digests depend on data alone."""

import json
from enum import StrEnum
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.digests import canonical_json, digest

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=8,
)


def test_a_digest_is_the_same_for_ever() -> None:
    assert digest({"b": ["文", None], "a": 1.5}) == "88eadd63284f1455"


def test_neither_types_nor_the_order_of_keys_count() -> None:
    class Colour(StrEnum):
        RED = "red"

    class Wall(NamedTuple):
        colour: Colour
        height: int

    value = {"walls": (Wall(Colour.RED, 3),), Colour.RED: True}
    assert canonical_json(value) == b'{"red":true,"walls":[["red",3]]}'
    assert digest(value) == digest(dict(reversed(value.items())))


@given(plain)
def test_the_form_loses_nothing(value: object) -> None:
    assert json.loads(canonical_json(value)) == value


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", float("nan"), float("inf"), "half \ud800"])
def test_what_json_cannot_write_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical_json(value)
