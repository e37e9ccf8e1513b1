"""What a program is seen by: consoles that show texts as they are, streams that end no job and lose no word."""

import io
import os
import sys
import unicodedata
from contextlib import suppress
from typing import Any

from rich.console import Console
from rich.text import Text


class PlainConsole(Console):
    """Shows what people and models wrote as it is: nothing in it is markup, an emoji's name or a terminal's command."""

    def __init__(self, *, stderr: bool = False, quiet: bool = False) -> None:
        super().__init__(stderr=stderr, quiet=quiet, markup=False, emoji=False, highlight=False, soft_wrap=True)

    def render_str(self, text: str, **options: Any) -> Text:
        """Make a text to be shown of a string, with control characters written out."""
        return super().render_str(show_controls(text), **options)


def show_controls(text: str) -> str:
    r"""Return a text with its control characters, and halves of surrogate pairs, written out; lines and tabs stay.

    >>> show_controls("a\x1b[31mb\n")
    'a\\x1b[31mb\n'
    """
    if text.isprintable():
        return text
    return "".join(
        ascii(character)[1:-1]
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t"
        else character
        for character in text
    )


class _Unwatched(io.TextIOWrapper):
    """Standard error that ends nothing: a message that nobody can get any more is dropped."""

    def write(self, text: str, /) -> int:
        """Write a text, if that can be."""
        with suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is held back, if that can be."""
        with suppress(OSError):
            super().flush()


def open_streams() -> None:
    """Make the standard streams fit for any text and any end of theirs, before anything else is opened.

    A stream that was closed leads nowhere: else the next file opened would take its place, and get what is meant for
    it. Files and pipes get UTF-8; a terminal that cannot show a character shows its escape.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(nowhere, True)
            setattr(sys, name, os.fdopen(nowhere, mode, encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")
    if opened := sys.__stderr__:  # one that leads nowhere fails at nothing
        sys.stderr = _Unwatched(opened.buffer, opened.encoding, "backslashreplace", line_buffering=True)
