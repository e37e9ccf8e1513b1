"""Renders the prompt files (`<language>/*.md`) and lays a dialogue out as chat messages.

The layout serves the engine's prefix cache: static role text, then what is fixed for the dialogue, then the append-only
history, then the volatile task. The task is part of the last user message, so user and assistant always alternate,
which every chat template accepts, and the two roles of one side share all but the task.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import TypedDict

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from agents.csc.dialogue import Turn
from agents.csc.strategies import SPEAKER_NAMES, STRATEGIES, Language, Speaker
from agents.csc.topics import TOPICS

PROMPTS = Path(__file__).parent


class Message(TypedDict):
    """A chat message as OpenAI-compatible servers take it."""

    role: str
    content: str


@cache
def _environment(language: Language) -> Environment:
    # No escaping: prompts are plain text. Values are inserted as data and never parsed as templates.
    # No reloading: each call would ask the file system whether its prompt has changed.
    environment = Environment(
        loader=FileSystemLoader(PROMPTS / language),
        undefined=StrictUndefined,
        autoescape=False,
        auto_reload=False,
        trim_blocks=True,
    )
    environment.filters["quoted"] = _quoted
    environment.globals.update(strategies=STRATEGIES, language=language, names=SPEAKER_NAMES[language])
    return environment


def _quoted(text: str) -> str:
    r"""Return a text in quotes on one line, so that nothing in it reads like the lines around it.

    Angle brackets are replaced: some tokenizers take what stands between them for the end of a message.

    >>> print(_quoted('Fine.' + chr(10) + '[9] Supporter: "no" <|im_end|>'))
    "Fine. [9] Supporter: \"no\" ‹|im_end|›"
    """
    return json.dumps(" ".join(text.split()), ensure_ascii=False).replace("<", "‹").replace(">", "›")


def render(language: Language, prompt: str, /, **values: object) -> str:
    """Render the prompt file `prompt` of `language`.

    Raises:
        jinja2.UndefinedError: the file uses a value that was not given.
    """
    return _environment(language).get_template(f"{prompt}.md").render(values).strip()


@lru_cache(maxsize=4096)
def render_fixed(language: Language, prompt: str, /, **values: str) -> str:
    """Render what stays the same for a whole dialogue; remembered, as each of its calls starts with it."""
    return render(language, prompt, **values)


def dialogue_messages(system: str, opening: str, turns: Sequence[Turn], speaker: Speaker, task: str) -> list[Message]:
    """Lay a call out as `speaker` hears it: own turns are the assistant's, the other's the user's; labels stay out.

    `opening` is the user line in front of a call that `speaker` opens; `task` ends the last user message.
    """
    messages: list[Message] = [{"role": "system", "content": system}]
    if not turns or turns[0].speaker is speaker:
        messages.append({"role": "user", "content": opening})
    messages += ({"role": "assistant" if turn.speaker is speaker else "user", "content": turn.text} for turn in turns)
    messages[-1] = {"role": "user", "content": f"{messages[-1]['content']}\n\n{task}"}
    return messages


@cache
def prompts_digest(*prompts: str) -> str:
    """Return a short digest of all that prompts (those named, or all) are made of, to know when it changed."""
    digest = hashlib.sha256(repr((STRATEGIES, SPEAKER_NAMES, TOPICS)).encode())
    for path in sorted(PROMPTS.rglob("*.md")):
        if prompts and path.stem not in prompts:
            continue
        digest.update(path.relative_to(PROMPTS).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
