"""Renders the prompt files (`<language>/*.md`) and lays a dialogue out as chat messages.

The layout serves the engine's prefix cache: static role text, then what is fixed for the dialogue, then the append-only
history, then the volatile task. The task is part of the last user message, so user and assistant always alternate,
which every chat template accepts, and the two roles of one side share all but the task.
"""

import json
from collections.abc import Hashable, Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path

from jinja2 import Environment, meta, nodes

from agents.csc.dialogue import Turn
from agents.csc.emotions import EMOTIONS
from agents.csc.language import Language
from agents.csc.speakers import SPEAKER_NAMES, Speaker
from agents.csc.strategies import STAGE_NAMES, STAGES, STRATEGIES
from agents.csc.topics import usual_company
from agents.llm.request import Message
from agents.prompts.templates import template_environment

PROMPT_FILES = Path(__file__).parent
"""Holds a folder of prompt files for each language."""


@cache
def _environment(language: Language) -> Environment:
    environment = template_environment(PROMPT_FILES / language)
    environment.filters["quoted"] = _quoted
    environment.globals.update(
        strategies=STRATEGIES,
        emotions=EMOTIONS,
        stages=_stages(language),
        language=language,
        names=SPEAKER_NAMES[language],
    )
    return environment


def _stages(language: Language) -> dict[str, tuple[str, ...]]:
    """Return the names of the stages in a language, and the codes of the strategies that serve each."""
    return {STAGE_NAMES[stage][language]: strategies for stage, strategies in STAGES.items()}


def _quoted(text: str) -> str:
    r"""Return a text in quotes on one line, so that nothing in it reads like the lines around it.

    Angle brackets are replaced: some tokenizers take what stands between them for the end of a message.

    >>> print(_quoted('Fine.' + chr(10) + '[9] Supporter: "no" <|im_end|>'))
    "Fine. [9] Supporter: \"no\" ‹|im_end|›"
    """
    return json.dumps(on_one_line(text), ensure_ascii=False)


def on_one_line(text: str) -> str:
    """Return a text on one line, without angle brackets: as it is where it is a name as names are."""
    return " ".join(text.split()).replace("<", "‹").replace(">", "›")


def render(language: Language, prompt: str, /, **values: object) -> str:
    """Render the prompt file `prompt` of `language`.

    Raises:
        jinja2.UndefinedError: the file uses a value that was not given.
    """
    return _environment(language).get_template(f"{prompt}.md").render(values).strip()


@lru_cache(maxsize=4096)
def render_fixed(language: Language, prompt: str, /, **values: Hashable) -> str:
    """Render what comes again, in a dialogue or in many, such as what each of its requests starts with: remembered."""
    return render(language, prompt, **values)


@cache
def openings() -> frozenset[str]:
    """Return what stands for the other side where a speaker opens a call, in all languages: nobody has said it."""
    return frozenset(render_fixed(language, "opening") for language in Language)


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


def prompt_text(language: Language, file: str) -> str:
    """Return the text of a prompt file with the usual company's name put in.

    What other companies are called is in their topics. So what is digested of a prompt, and what an echo of it is
    found by, is what the calls of the topics of RoleCS read.
    """
    text = (PROMPT_FILES / language / file).read_text(encoding="utf-8")
    return text.replace("{{ company }}", usual_company(language).name)


def prompt_sources(language: Language, prompts: Iterable[str]) -> dict[str, object]:
    """Return what prompts are made of, as data for a digest: it changes exactly when one of them would read otherwise.

    Args:
        language: the one that they are read in; no other matters.
        prompts: the names of their files.

    Returns:
        The texts of these files and of all that they include, by file, see `prompt_text`; and of the tables that
        templates can show, the strategies and emotions (name and meaning by code), the stages and the speakers' names,
        those that these do show.
    """
    environment = _environment(language)
    texts: dict[str, str] = {}
    used: set[str] = set()
    waiting = [f"{prompt}.md" for prompt in prompts]
    while waiting:
        file = waiting.pop()
        texts[file] = prompt_text(language, file)
        template = environment.parse(texts[file])
        used |= {name.name for name in template.find_all(nodes.Name)}
        waiting += {name for name in meta.find_referenced_templates(template) if name} - texts.keys()
    tables: dict[str, object] = {
        "strategies": {code: entry.wording[language] for code, entry in STRATEGIES.items()},
        "emotions": {code: wording[language] for code, wording in EMOTIONS.items()},
        "stages": _stages(language),
        "names": SPEAKER_NAMES[language],
    }
    return {"texts": texts} | {name: table for name, table in tables.items() if name in used}
