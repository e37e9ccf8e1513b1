"""No transcript takes who reads it a time that grows faster than its length."""

from collections.abc import Callable

import pytest

from personas.distill.forms.captions import parse_captions
from personas.distill.forms.text import parse_text
from personas.distill.voices import find_sides
from tests.support.growth import PUMPS, Pump, grows_by_its_length

CUE = "00:01.000 --> 00:02.000\n"
FORMS = (
    Pump("<|im_start|>"),
    Pump(" ", "<|im_start|>"),
    Pump("<v ", CUE),
    Pump(" ", f"{CUE}<v"),
    Pump("{\\", CUE),
    Pump("Agent: Hello. Bob: Hi. "),
)


def is_known(name: str) -> bool:
    return name == "Agent"


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda text: parse_text(text.split("\n"), is_known), id="text"),
        pytest.param(lambda text: parse_captions(text.split("\n"), is_known), id="captions"),
        pytest.param(lambda name: find_sides([name], {}), id="names"),
    ],
)
def test_time_grows_by_the_length_of_the_text(read: Callable[[str], object]) -> None:
    assert [pump for pump in (*PUMPS, *FORMS) if not grows_by_its_length(read, pump)] == []
