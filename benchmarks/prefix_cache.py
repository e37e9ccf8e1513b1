"""Prompt tokens that an engine has to compute for one Chinese call of 25 utterances, given its prefix cache.

No engine is needed. The call in `zh_call.json` is played through the real graph, rules and judge, against a loopback
server in this process that answers with the script's lines. Each request becomes token ids by a model's chat template,
as an engine would make them, and goes through a model of vLLM's prefix cache: blocks of 16 tokens (32 on the CPU
engine), found by a hash over all tokens up to their end; only full blocks hit; the last token of a prompt is always
computed; prompt and answer stay cached, and nothing is evicted.

Two cases: `cold`, the cache is empty; `warm`, another call with another persona has been played before, so that the
static parts of the system prompts are cached.

Where prompts happen to end within their blocks moves a total too, with large blocks by more than some words in a prompt
do. To compare two layouts, take the mean over ways in which prompts may fall into blocks.
"""

import argparse
import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel
from transformers import AutoTokenizer

from agents.csc.dialogue import GoalOutcome, Plan
from agents.csc.language import Language
from agents.csc.strategies import Strategy
from agents.engine.demo_model import prepare_demo_model
from agents.engine.managed import CPU_BLOCK
from agents.llm.client import ChatClient, Clients
from agents.llm.usage import Role
from agents.prompts.rendering import render_fixed
from benchmarks._common import errors_in_one_line, print_table
from graphs.config.settings import Settings
from graphs.dialogue.play import play_dialogue
from outputs.runs.record import Planned
from outputs.runs.run import Outcome
from personas.persona import Persona
from personas.pool import load_pool
from tests.support.loopback import Loopback, serve

SCRIPT = Path(__file__).parent / "zh_call.json"
PLAYERS = (Role.PLANNER, Role.SUPPORTER_ASSISTANT, Role.SUPPORTER, Role.CUSTOMER_ASSISTANT, Role.CUSTOMER)
LANGUAGE = Language.ZH
AUTHORS_PROMPT, AUTHORS_COMPUTED = 44_800, 26_200
"""The paper's prompts on such a call, with blocks of 16 and an empty cache: taken to leave the judge out, and to be
counted with a tokenizer that knows Chinese. The goal is a fifth of what they have computed."""
GOAL = AUTHORS_COMPUTED // 5
GPU_BLOCK = 16
SHIFTS = 16
"""Ways in which prompts may fall into blocks that the mean is taken over, evenly spread."""
MAX_DENSITY = 1.0
"""Tokens a character of the call: a tokenizer above it does not know Chinese, and its totals compare with nobody's."""
FEELING = "dissatisfied 1"
"""The scripted customer's, all the time: neither the shortest nor the longest in a prompt."""
PARTS = ("system", "history", "task")
"""The parts of a prompt that the computed tokens are told apart by; planner and judge have no history."""
COLUMNS = ("calls", "prompt", "hit", "computed", *PARTS, "answers")


class Line(BaseModel):
    """A scripted utterance: the supporter's has a strategy, the customer's a direction."""

    text: str
    strategy: Strategy | None = None
    direction: str = ""
    ends_call: bool = False

    @property
    def outcome(self) -> str:
        """What the customer assistant answers where the call may end."""
        return GoalOutcome.REACHED if self.ends_call else GoalOutcome.OPEN

    @property
    def feeling(self) -> str:
        """What the customer assistant answers where turns carry feelings."""
        return FEELING


class Situation(BaseModel):
    """A topic, and what the planner answers on it."""

    topic: str
    plan: Plan


class Script(Situation):
    """A whole call, and another situation to play it in."""

    other: Situation
    turns: list[Line]


class Call(NamedTuple):
    """A model call: who made it, the request, the line that was said last before it, and the answer."""

    role: Role
    body: dict[str, Any]
    last_said: str
    answer: str


class Scripted:
    """Answers a call's requests from the script, and keeps them. It is told apart by form who asks."""

    def __init__(self, plan: Plan, turns: Sequence[Line]) -> None:
        self.calls: list[Call] = []
        self._plan = plan
        self._turns = turns
        self._said = 0

    def answer(self, body: dict[str, Any]) -> str:
        """Answer a request (the loopback's `say`)."""
        last_said = self._turns[self._said - 1].text if self._said else render_fixed(LANGUAGE, "opening")
        role, answer = self._answer(body)
        self.calls.append(Call(role, body, last_said, answer))
        return answer

    def _answer(self, body: dict[str, Any]) -> tuple[Role, str]:
        form = body.get("response_format", {}).get("json_schema", {}).get("schema", {}).get("properties", {})
        if "scenario" in form:
            return Role.PLANNER, self._plan.model_dump_json()
        if "verdict" in form:
            opinion = {"reason": "第3句先核实了身份，第11句说明了规则，都与标注一致。", "turns": [3, 11], "verdict": 1}
            return Role.JUDGE, _compact(opinion)
        if all(key.startswith("turn_") for key in form) and form:
            lines = {key: self._turns[int(key[5:]) - 1] for key in form}
            return Role.LABELLER, _compact({key: line.strategy or line.feeling for key, line in lines.items()})
        line = self._turns[self._said]
        if "direction" in form:
            return Role.CUSTOMER_ASSISTANT, _compact({key: getattr(line, key) for key in form})
        if "structured_outputs" in body:
            return Role.SUPPORTER_ASSISTANT, str(line.strategy)
        self._said += 1
        return (Role.SUPPORTER if line.strategy else Role.CUSTOMER), line.text


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


async def play(situation: Situation, turns: Sequence[Line], persona: Persona, *, emotions: bool) -> list[Call]:
    """Play and judge the scripted call in `situation`; return its model calls in order."""
    scripted = Scripted(situation.plan, turns)
    planned = Planned(0, "scripted", persona.id, situation.topic, 1, 1)
    async with serve(Loopback(say=scripted.answer)) as server, ChatClient(server.base_url, None) as client:
        await client.check()
        settings = Settings(language=LANGUAGE, canaries=0, emotions=emotions)
        gate = settings.gate(required=0.6)
        record = await play_dialogue(planned, persona, Clients(client, client), settings, gate)
    said = [(turn.text, turn.strategy, turn.direction or "", turn.ends_call) for turn in record.turns]
    written = [(line.text, line.strategy, line.direction, line.ends_call) for line in turns]
    if said != written or record.outcome is not Outcome.KEPT:
        raise SystemExit(f"the script was not played as written: {record.error or record.reasons or 'other lines'}")
    return scripted.calls


class Tokens(NamedTuple):
    """A call as the engine sees it: the prompt's tokens, the part that each of them belongs to, the answer's tokens."""

    role: Role
    prompt: list[int]
    parts: list[str]
    answer: list[int]


class TokenCounter:
    """Turns calls into tokens as the engine does: by the model's chat template."""

    def __init__(self, folder: Path) -> None:
        self._tokenizer = AutoTokenizer.from_pretrained(folder)

    def count(self, call: Call) -> Tokens:
        """Return the call's tokens."""
        system, *_, last = (message["content"] for message in call.body["messages"])
        arguments = call.body.get("chat_template_kwargs", {})
        text = str(
            self._tokenizer.apply_chat_template(
                call.body["messages"], tokenize=False, add_generation_prompt=True, **arguments
            )
        )
        prompt = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        system_end = text.index(system) + len(system)
        task_start = text.rindex(last.removeprefix(call.last_said))
        parts = [
            "system" if start < system_end else "history" if start < task_start else "task"
            for start, _ in prompt["offset_mapping"]
        ]
        answer = self._tokenizer(call.answer, add_special_tokens=False)["input_ids"]
        return Tokens(call.role, prompt["input_ids"], parts, answer)


class PrefixCache:
    """The blocks that an engine has computed, by a hash over all tokens up to their end.

    The first block of a prompt lacks `shift` tokens, as if these stood before it.
    """

    def __init__(self, block: int, shift: int = 0) -> None:
        self._block = block
        self._shift = shift
        self._known: set[int] = set()

    def hits(self, prompt: Sequence[int]) -> int:
        """Return how many tokens of `prompt` are cached; the last one never is, as its output is needed."""
        hit = 0
        for end, key in self._keys(prompt[:-1]):
            if key not in self._known:
                break
            hit = end
        return hit

    def add(self, tokens: Sequence[int]) -> None:
        """Cache a prompt and its answer. The token that ends an answer is drawn but never computed."""
        self._known.update(key for _, key in self._keys(tokens))

    def _keys(self, tokens: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Yield the end of each full block, and its key."""
        key = start = 0
        for end in range(self._block - self._shift, len(tokens) + 1, self._block):
            key, start = hash((key, tuple(tokens[start:end]))), end
            yield end, key


def simulate(calls: Sequence[Tokens], cache: PrefixCache) -> dict[Role, Counter[str]]:
    """Send `calls` through `cache`; return the sums by role, under the names of the table's columns."""
    sums: dict[Role, Counter[str]] = defaultdict(Counter)
    for call in calls:
        hit = cache.hits(call.prompt)
        cache.add(call.prompt + call.answer)
        computed = call.parts[hit:]
        sums[call.role] += Counter(
            calls=1, prompt=len(call.prompt), hit=hit, computed=len(computed), answers=len(call.answer)
        )
        sums[call.role] += Counter(computed)
    return sums


def report(title: str, sums: dict[Role, Counter[str]], *, comparable: bool) -> None:
    """Print the table by role and, where it is `comparable`, the ratio to the authors' layout."""
    total = sum((sums[role] for role in PLAYERS), Counter[str]())
    lines = [*((str(role), sums[role]) for role in PLAYERS), ("five roles", total)]
    lines += ((role, sums[role]) for role in (Role.LABELLER, Role.JUDGE))
    print_table(title, ("role", *COLUMNS), [(name, *(line[column] for column in COLUMNS)) for name, line in lines])
    computed = total["computed"]
    told = f"five roles: {total['hit'] / total['prompt']:.0%} hits, {computed:,} computed"
    if comparable:
        told += f" = {computed / AUTHORS_COMPUTED:.3f} of the authors' {AUTHORS_COMPUTED:,}"
        told += f"; goal {GOAL:,}: {'met' if computed <= GOAL else 'missed'} ({computed / GOAL:.2f} of it)"
    print(told)


def describe_mean(call: Sequence[Tokens], other: Sequence[Tokens], block: int) -> str:
    """Say how many tokens the five roles have computed on average, however their prompts fall into blocks."""
    cold = warm = 0
    shifts = range(0, block, max(block // SHIFTS, 1))
    for shift in shifts:
        cold += sum_computed(simulate(call, PrefixCache(block, shift)))
        cache = PrefixCache(block, shift)
        simulate(other, cache)
        warm += sum_computed(simulate(call, cache))
    return (
        f"five roles, blocks of {block}, mean over {len(shifts)} ways in which prompts may fall into blocks: "
        f"{cold / len(shifts):,.0f} computed with a cold cache, {warm / len(shifts):,.0f} with a warm one"
    )


def sum_computed(sums: dict[Role, Counter[str]]) -> int:
    """Return how many tokens the five roles have computed."""
    return sum(sums[role]["computed"] for role in PLAYERS)


async def play_both(*, emotions: bool) -> tuple[list[Call], list[Call]]:
    """Play the call, and the other one that warms the cache."""
    script = Script.model_validate_json(SCRIPT.read_text(encoding="utf-8"))
    persona, other, *_ = load_pool(None, LANGUAGE)
    return (
        await play(script, script.turns, persona, emotions=emotions),
        await play(script.other, script.turns, other, emotions=emotions),
    )


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="benchmarks.prefix_cache", description="Count the prompt tokens that an engine computes for one call."
    )
    parser.add_argument("--tokenizer", type=Path, help="a model's folder; the demo model's by default")
    parser.add_argument("--block", type=int, nargs="+", default=[GPU_BLOCK, CPU_BLOCK], help="tokens a block")
    parser.add_argument("--emotions", action="store_true", help="play with emotions")
    arguments = parser.parse_args(argv)

    with errors_in_one_line():
        counter = TokenCounter(arguments.tokenizer or prepare_demo_model())
    played, other_played = asyncio.run(play_both(emotions=arguments.emotions))
    call, other = [counter.count(made) for made in played], [counter.count(made) for made in other_played]
    density = sum(len(made.answer) for made in call) / sum(len(made.answer) for made in played)
    for block in arguments.block:
        comparable = block == GPU_BLOCK and density <= MAX_DENSITY
        report(f"cold cache, blocks of {block}", simulate(call, PrefixCache(block)), comparable=comparable)
        cache = PrefixCache(block)
        simulate(other, cache)
        report(f"warm cache, blocks of {block}", simulate(call, cache), comparable=comparable)
        print(describe_mean(call, other, block))
    print(f"\nThis tokenizer spends {density:.2f} tokens on a character of the answers.")
    if density <= MAX_DENSITY:
        print(
            f"The authors' layout on such a call: {AUTHORS_PROMPT:,} prompt tokens, {AUTHORS_COMPUTED:,} computed "
            f"({1 - AUTHORS_COMPUTED / AUTHORS_PROMPT:.1%} hits; taken to leave the judge out), "
            f"with blocks of {GPU_BLOCK} and an empty cache."
        )
    else:
        print("It does not know Chinese: name one that does by --tokenizer to compare with the authors' layout.")


if __name__ == "__main__":
    main()
