"""Consoles show what they are given, and a standard error that nobody reads ends nothing."""

import io
import os
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Group, RenderableType
from rich.table import Table

from graphs.cli.streams import PlainConsole, _Unwatched, show_controls

CALLED_MARKUP = ["[/tone]", "[bold]no[/bold]", "runs/[draft]", "[link=x]", ":smile:", "\\[", "[@click=x]", "[/]"]


def table(text: str) -> Table:
    made = Table(text, title=text)
    made.add_row(text)
    return made


@pytest.mark.parametrize("text", CALLED_MARKUP)
@pytest.mark.parametrize("wrap", [lambda text: text, table, lambda text: Group(text, table(text))])
def test_nothing_is_taken_for_markup(text: str, wrap: Callable[[str], RenderableType]) -> None:
    console = PlainConsole()
    with console.capture() as capture:
        console.print(wrap(text))
    assert text in capture.get()


@given(st.text(alphabet=st.characters(categories=("Cc", "Cs", "L")), max_size=20))
def test_no_control_character_reaches_a_terminal(text: str) -> None:
    shown = show_controls(text)
    assert shown.replace("\n", "").replace("\t", "").isprintable()


def test_a_message_that_nobody_gets_is_dropped() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = _Unwatched(io.BufferedWriter(io.FileIO(writing, "w")), "utf-8", line_buffering=True)
    for _ in range(3):
        assert stream.write("Nobody reads this.\n") == 19
        stream.flush()
    with pytest.raises(BrokenPipeError):
        stream.close()
