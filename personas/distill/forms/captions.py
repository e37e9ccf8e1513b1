"""Transcripts as captions: WebVTT and SubRip.

Own code, not webvtt-py: that gives a cue of several voices to the first of them, and refuses a file for one bad cue.
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from personas.distill.forms.call import Said
from personas.distill.forms.text import parse_text

_ARROW = re.compile(r"\s*(?:\d+:)?\d{1,2}:\d{2}[.,]\d{1,3}\s*-->\s*(?:\d+:)?\d{1,2}:\d{2}[.,]\d{1,3}")
_NO_CUE = re.compile(r"(?:WEBVTT|NOTE|STYLE|REGION)(?:\s|$)")
_VOICE = re.compile(r"<v(?:\.[^ \t>]{0,200})?[ \t]++([^>]{0,200})>")
_TAG = re.compile(r"</?(?:[bcivu]|lang|ruby|rt|font|span|br)\b[^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}")


def are_captions(lines: list[str]) -> bool:
    """Tell from the first lines of a file whether it holds captions."""
    filled = [line for line in lines if line.strip()][:2]
    return bool(filled) and (filled[0].startswith("WEBVTT") or any(map(_ARROW.match, filled)))


def parse_captions(lines: Iterable[str], is_known: Callable[[str], bool]) -> list[Said]:
    """Return what is said in a file of captions.

    Voice spans (`<v Agent>`) name who speaks; where a file has none, its cues are lines of text. A cue without a voice
    in a file that has some is nobody's.

    Args:
        lines: of the file.
        is_known: tells whether a name stands for one of the two sides.
    """
    cues = list(_cues(lines))
    if not any(_VOICE.search(cue) for cue in cues):
        return parse_text((_plain(line) for cue in cues for line in cue.split("\n")), is_known)
    said = []
    for cue in cues:
        before, *voices = _VOICE.split(cue)
        said += [Said("", _plain(before))] if before.strip() else []
        said += [Said(html.unescape(name), _plain(text)) for name, text in zip(voices[::2], voices[1::2], strict=True)]
    return said


def _cues(lines: Iterable[str]) -> Iterator[str]:
    """Yield the texts of the cues; a block without a time is more of the cue before, which had a blank line in it."""
    begun = False
    for has_text, block in groupby((line.strip() for line in lines), bool):
        if not has_text:
            continue
        cue: list[str] = []
        first, *rest = block
        if _NO_CUE.match(first) and not any(map(_ARROW.match, rest)):
            continue
        is_first = True
        for line in (first, *rest):
            if not _ARROW.match(line):
                cue.append(line)
                continue
            # What stands above is the number or the name of the cue; without a blank line before it, a number alone.
            if cue and (is_first or cue[-1].isdecimal()):
                cue.pop()
            if begun and cue:
                yield "\n".join(cue)
            begun, is_first, cue = True, False, []
        if begun and cue:
            yield "\n".join(cue)


def _plain(text: str) -> str:
    return html.unescape(_TAG.sub("", text))
