"""How often a model falls out of its side of a call, by the layout of its prompt.

    python -m benchmarks.layouts http://my-server:8000/v1 DIALOGUES.jsonl [--turns 48]

takes turns out of written dialogues and has each said anew once under each layout, the customer's directed anew too.
What the checks of the play find wrong with these first answers is counted. The turns are the same under all layouts, so
that shares are compared pair by pair. A customer's turn is said by the direction that its dialogue has, or else by the
first sound one of the model's.
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from agents.csc.dialogue import CustomerView, Turn
from agents.csc.flow import Limits
from agents.csc.language import Language
from agents.csc.speakers import SPEAKER_NAMES, Speaker
from agents.errors import UnreadableAnswerError, UsageError
from agents.llm.chat import Chat, derive_seed
from agents.llm.client import ChatClient
from agents.llm.request import Message, Sampling
from agents.llm.usage import Role
from agents.prompts.rendering import render_fixed
from agents.roles.customer_assistant import Direction
from benchmarks._common import describe_machine, errors_in_one_line, print_table
from graphs.dialogue.turns import Asked, DialogueContext, direct_next_turn, say_customer, say_supporter
from outputs.datasets.dialogues import Labelled
from outputs.datasets.reader import read_dialogues
from quality.metrics.intervals import mcnemar

SAMPLING = Sampling(temperature=0.8, top_p=1.0)
IN_FLIGHT = 48
UTTERANCE_TOKENS = 160
LIMITS = Limits()
UNREADABLE = "unreadable"
DIRECTION, CUSTOMER, SUPPORTER = "direction", "customer's turn", "supporter's turn"
"""What is asked for."""

EXAMPLE = {
    Language.EN: "# An exchange from another call\n"
    "Supporter: Could you tell me when you last saw the parcel's status change?\n"
    'Customer: Tuesday, I think. It said "out for delivery" and then nothing, and I\'d taken the day off for it.\n'
    "Supporter: A day off for nothing, I'm sorry about that. I'll ask the depot where it was left.",
    Language.ZH: "# 另一通电话里的几句\n"
    "客服：麻烦您说一下，物流最后一次更新是哪天？\n"
    "客户：好像是周二吧，写着派送中，后来就没动静了，我还专门请了一天假。\n"
    "客服：让您白请了一天假，真对不住。我这就问问站点，看包裹放在哪儿了。",
}
OPENED = {
    Language.EN: "Hello, I'm the customer. I'm the one who needs help here.",
    Language.ZH: "喂，我是客户，是我有事要找你们帮忙。",
}

Layout = Callable[[Sequence[Message], Speaker, Language], list[Message]]


def as_played(messages: Sequence[Message], speaker: Speaker, language: Language) -> list[Message]:
    """Own turns are the assistant's, the other's the user's; the task ends the last one: what rolecs does."""
    return list(messages)


def transcript(messages: Sequence[Message], speaker: Speaker, language: Language) -> list[Message]:
    """The call with names before its lines, as one user message that grows, the task behind it."""
    system, *heard = messages
    if heard[0]["content"].startswith(render_fixed(language, "opening")):
        heard = heard[1:]
    names = SPEAKER_NAMES[language]
    colon = ": " if language is Language.EN else "："
    other = next(one for one in Speaker if one is not speaker)
    lines = [
        names[speaker if message["role"] == "assistant" else other] + colon + message["content"] for message in heard
    ]
    return [system, {"role": "user", "content": "\n".join(lines)}]


def task_first(messages: Sequence[Message], speaker: Speaker, language: Language) -> list[Message]:
    """As played, with the task before the other's last words instead of behind them."""
    *before, last = messages
    words, task = last["content"].split("\n\n", 1)
    return [*before, {"role": "user", "content": f"{task}\n\n{words}"}]


def opened(messages: Sequence[Message], speaker: Speaker, language: Language) -> list[Message]:
    """As played, behind a first line in which the customer has said who they are."""
    system, *heard = messages
    if not heard[0]["content"].startswith(opening := render_fixed(language, "opening")):
        heard = [{"role": "user", "content": opening}, {"role": "assistant", "content": OPENED[language]}, *heard]
    return [system, *heard]


def with_example(messages: Sequence[Message], speaker: Speaker, language: Language) -> list[Message]:
    """As played, with an exchange of another call in the system message, before what differs between dialogues."""
    system, *heard = messages
    sections = system["content"].split("\n\n# ")
    # Of the customer's last two sections, and the supporter's last one, the text is the dialogue's own.
    own = 2 if speaker is Speaker.CUSTOMER else 1
    content = "\n\n# ".join([*sections[:-own], EXAMPLE[language].removeprefix("# "), *sections[-own:]])
    return [{"role": "system", "content": content}, *heard]


LAYOUTS: dict[str, Layout] = {
    "as played": as_played,
    "transcript": transcript,
    "task first": task_first,
    "opened": opened,
    "example": with_example,
}


class Place(NamedTuple):
    """A turn that is said anew: its dialogue, what was said before it, and the direction of a customer's."""

    dialogue: Labelled
    before: tuple[Turn, ...]
    turn: Turn
    direction: Direction

    @property
    def view(self) -> CustomerView:
        """What the customer's side sees."""
        return CustomerView(self.dialogue.language, self.dialogue.persona, self.dialogue.scenario, self.before)


def draw_places(dialogues: Sequence[Labelled], count: int, speaker: Speaker) -> list[Place]:
    """Draw turns of one side, from one dialogue after the other, from anywhere in them but for the first two turns."""
    chance = Random(f"{speaker}")
    drawn: list[list[Place]] = []
    for dialogue in dialogues:
        numbers = [n for n, turn in enumerate(dialogue.turns) if n > 1 and turn.speaker is speaker]
        chance.shuffle(numbers)
        drawn.append([_place(dialogue, n) for n in numbers])
    rounds = chain.from_iterable(zip_longest(*drawn))
    return [place for place in rounds if place][:count]


def _place(dialogue: Labelled, n: int) -> Place:
    turn = dialogue.turns[n]
    return Place(dialogue, dialogue.turns[:n], turn, Direction(turn.direction or "", turn.outcome))


class _LaidOut(Chat):
    """Requests of a role, each laid out anew before it is asked."""

    def __init__(self, client: ChatClient, seed: int, lay_out: Callable[[Sequence[Message]], list[Message]]) -> None:
        super().__init__(client, SAMPLING, seed)
        self._lay_out = lay_out

    async def _ask(self, role: Role, messages: Sequence[Message], *form: Any, **how: Any) -> Any:
        return await super()._ask(role, self._lay_out(messages), *form, **how)


def _context(client: ChatClient, place: Place, kind: str, layout: Layout, repairs: int = 0) -> DialogueContext:
    language = place.dialogue.language
    speaker = Speaker.SUPPORTER if kind == SUPPORTER else Speaker.CUSTOMER
    seed = derive_seed(0, place.dialogue.id, len(place.before), kind)
    chat = _LaidOut(client, seed, lambda messages: layout(messages, speaker, language))
    return DialogueContext(chat, language, LIMITS, UTTERANCE_TOKENS, repairs)


async def directed(client: ChatClient, place: Place) -> Place | None:
    """Return the place with a direction; None where the model gives no sound one."""
    if place.direction.text:
        return place
    context = _context(client, place, "direct", as_played, repairs=5)
    try:
        asked = await direct_next_turn(place.view, place.dialogue.goal, context, ())
    except UnreadableAnswerError:
        return None
    return place._replace(direction=asked.answer) if asked.answer else None


async def ask(kind: str, place: Place, context: DialogueContext) -> Asked[Any]:
    """Have a turn said anew, or the customer directed anew, once."""
    if kind == DIRECTION:
        return await direct_next_turn(place.view, place.dialogue.goal, context)
    if kind == CUSTOMER:
        return await say_customer(place.view, place.direction, context)
    if place.turn.strategy is None:
        raise UsageError(f"{place.dialogue.id}: a supporter's turn without a strategy; label the dialogues first")
    return await say_supporter(place.dialogue.supporter_view(place.before), place.turn.strategy, context)


async def measure(base_url: str, dialogues: Sequence[Labelled], count: int) -> None:
    """Ask for every turn under every layout, and print what was wrong."""
    free = asyncio.Semaphore(IN_FLIGHT)
    tokens: dict[str, Counter[str]] = {name: Counter() for name in LAYOUTS}

    async with ChatClient(base_url, None) as client:
        await client.check()

        async def one(kind: str, name: str, place: Place) -> str | None:
            context = _context(client, place, kind, LAYOUTS[name])
            async with free:
                try:
                    failed = (await ask(kind, place, context)).failed
                    found = failed[0][1].check if failed else None
                except UnreadableAnswerError:
                    found = UNREADABLE
            for usage in context.chat.usage.values():
                tokens[name]["prompt"] += usage.prompt_tokens
                tokens[name]["cached"] += usage.cached_tokens
            return found

        customers = await asyncio.gather(
            *(directed(client, place) for place in draw_places(dialogues, count, Speaker.CUSTOMER))
        )
        heard = [place for place in customers if place]
        spoken = draw_places(dialogues, count, Speaker.SUPPORTER)
        for kind, places in ((DIRECTION, heard), (CUSTOMER, heard), (SUPPORTER, spoken)):
            names = [name for name in LAYOUTS if name != "opened" or places is heard]
            answers = await asyncio.gather(*(one(kind, name, place) for name in names for place in places))
            faults = {name: answers[n * len(places) : (n + 1) * len(places)] for n, name in enumerate(names)}
            played = faults["as played"]
            rows = []
            for name, found in faults.items():
                better = sum(bool(a) and not b for a, b in zip(played, found, strict=True))
                worse = sum(bool(b) and not a for a, b in zip(played, found, strict=True))
                kinds = ", ".join(f"{check} {times}" for check, times in Counter(filter(None, found)).most_common(5))
                failed = sum(bool(one) for one in found)
                rows.append((name, f"{failed}/{len(found)}", better, worse, mcnemar(better, worse), kinds))
            title = f"{kind}: first answers of {client.model} that fail a check"
            print_table(title, ("layout", "failed", "mended", "broken", "p", "for what"), rows)
    print_table(
        "Tokens of these prompts",
        ("layout", "prompt", "of these cached"),
        [(name, counted["prompt"], counted["cached"]) for name, counted in tokens.items()],
    )


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base_url", help="of the server")
    parser.add_argument("dialogues", type=Path, help="labelled dialogues with persona, scenario and goal")
    parser.add_argument("--turns", type=int, default=48, help="number of turns of each side (default: %(default)s)")
    arguments = parser.parse_args()
    print(describe_machine("openai"))
    with errors_in_one_line():
        asyncio.run(measure(arguments.base_url, list(read_dialogues(arguments.dialogues)), arguments.turns))


if __name__ == "__main__":
    main()
