"""Prompts: every rendered one is compared with a golden file, and nobody sees what is not theirs."""

from pathlib import Path
from shutil import copytree

import pytest
from jinja2 import UndefinedError

from agents.csc.dialogue import CustomerView, GoalOutcome, SupporterView, Turn
from agents.csc.emotions import EMOTIONS, FEELINGS, with_course
from agents.csc.language import Language
from agents.csc.strategies import STAGE_NAMES, STAGES, STRATEGIES, Strategy
from agents.csc.topics import TOPICS, usual_company
from agents.digests import digest
from agents.llm.chat import Chat
from agents.llm.request import Message
from agents.prompts import rendering
from agents.prompts.rendering import PROMPT_FILES, prompt_sources, prompt_text, render
from agents.roles import EMOTION_PROMPTS, ROLE_PROMPTS
from agents.roles.customer import customer_messages, say_customer_turn
from agents.roles.customer_assistant import direct_customer
from agents.roles.planner import plan_dialogue
from agents.roles.supporter import say_supporter_turn, supporter_messages
from agents.roles.supporter_assistant import choose_strategy
from quality.gate.case import Case
from quality.gate.judge import judge_messages
from quality.gate.labeller import EMOTION_LABELLER_PROMPTS, emotion_messages, labeller_messages
from quality.gate.rubric import RUBRIC
from tests.support.golden import check_golden

PERSONA = "You are PERSONA, a baker."
GOAL = "GOAL: the fee back."
OPEN = [GoalOutcome.OPEN]
SCENARIO = "SCENARIO: a fee of 12 euros was booked on Monday."


class Recorder(Chat):
    """Takes down what roles ask instead of asking it; its signatures are looser than Chat's on purpose."""

    def __init__(self) -> None:
        self.asked: list[list[Message]] = []

    async def say(self, role, messages, **_):  # type: ignore[no-untyped-def, override]
        self.asked.append(messages)
        return "speech"

    async def choose(self, role, messages, options):  # type: ignore[no-untyped-def, override]
        self.asked.append(messages)
        return options[0]

    async def fill(self, role, messages, answer_type, **_):  # type: ignore[no-untyped-def, override]
        self.asked.append(messages)
        return answer_type.model_construct(
            scenario=SCENARIO, customer_goal=GOAL, direction="DIRECTION", outcome=GoalOutcome.OPEN, feeling="neutral"
        )


def show(messages: list[Message]) -> str:
    return "\n".join(f"<<{message['role']}>>\n{message['content']}" for message in messages) + "\n"


async def test_every_rendered_prompt_is_as_the_golden_file(language: Language, turns: tuple[Turn, ...]) -> None:
    chat = Recorder()
    supporter = SupporterView(language, "TOPIC", SCENARIO, turns[:6])
    customer = CustomerView(language, PERSONA, SCENARIO, turns[:7])
    for hint in ("", "HINT"):
        await plan_dialogue(chat, language, PERSONA, TOPICS["account-transaction"][language], 1, hint)
    await choose_strategy(chat, SupporterView(language, "TOPIC", SCENARIO, []), [Strategy.GT, Strategy.OT])
    await say_supporter_turn(chat, SupporterView(language, "TOPIC", SCENARIO, []), Strategy.GT, 100)
    await choose_strategy(chat, supporter, [Strategy.EM, Strategy.PR])
    for hint in ("", "HINT"):
        await say_supporter_turn(chat, supporter, Strategy.EM, 100, hint)
    for outcomes, ending, hint in ((OPEN, False, ""), (list(GoalOutcome), False, "HINT"), (OPEN, True, "")):
        await direct_customer(chat, customer, GOAL, outcomes, ending=ending, hint=hint)
    for ends_call, hint in ((False, ""), (True, ""), (False, "HINT")):
        await say_customer_turn(chat, customer, "DIRECTION", ends_call=ends_call, max_tokens=100, hint=hint)
    case = Case(language, "TOPIC", SCENARIO, PERSONA, GOAL, turns)
    chat.asked += [labeller_messages(case, [1, 3]), *(judge_messages(case, point) for point in RUBRIC[language])]
    text = "\n========\n".join(show(messages) for messages in chat.asked)
    text += (
        "\n========\n"
        + render(language, "export_system", company=usual_company(language).name, topic="TOPIC", scenario=SCENARIO)
        + "\n"
    )
    check_golden(f"prompts-{language}.txt", text)


async def test_every_prompt_with_emotions_is_as_the_golden_file(language: Language, turns: tuple[Turn, ...]) -> None:
    chat = Recorder()
    persona = with_course(PERSONA, "flares-up", language)
    customer = CustomerView(language, persona, SCENARIO, turns[:7], emotions=True)
    for outcomes, ending, hint in ((OPEN, False, ""), (list(GoalOutcome), False, "HINT"), (OPEN, True, "")):
        await direct_customer(chat, customer, GOAL, outcomes, ending=ending, hint=hint)
    for code, ends_call, hint in (("neutral", False, ""), ("dissatisfied 2", True, ""), ("fearful 1", False, "HINT")):
        await say_customer_turn(
            chat, customer, "DIRECTION", ends_call=ends_call, max_tokens=100, emotion=FEELINGS[code], hint=hint
        )
    felt = [turn if turn.strategy else turn.model_copy(update={"emotion": FEELINGS["abusive 2"]}) for turn in turns]
    chat.asked.append(emotion_messages(Case(language, "TOPIC", SCENARIO, persona, GOAL, felt), [2, 4]))
    assert not any("abusive 2" in message["content"] for message in chat.asked[-1]), "the labeller is blind"
    text = "\n========\n".join(show(messages) for messages in chat.asked)
    check_golden(f"prompts-emotions-{language}.txt", text)


async def test_with_emotions_both_roles_of_the_customers_side_share_all_but_the_task(
    language: Language, turns: tuple[Turn, ...]
) -> None:
    chat = Recorder()
    view = CustomerView(language, PERSONA, SCENARIO, turns[:7], emotions=True)
    await direct_customer(chat, view, GOAL, list(GoalOutcome), ending=False)
    await say_customer_turn(chat, view, "DIRECTION", ends_call=False, max_tokens=100, emotion=FEELINGS["excited 1"])
    assert chat.asked[0][:-1] == chat.asked[1][:-1]
    case = Case(language, "TOPIC", SCENARIO, PERSONA, GOAL, turns)
    strategies, emotions = labeller_messages(case, [1]), emotion_messages(case, [2])
    end = show(strategies).index(turns[-1].text) + len(turns[-1].text)
    assert show(strategies)[:end] == show(emotions)[:end], "the second request finds the call in the prefix cache"


def test_the_supporters_side_sees_neither_persona_nor_goal(language: Language, turns: tuple[Turn, ...]) -> None:
    text = show(supporter_messages(SupporterView(language, "TOPIC", SCENARIO, turns[:6]), "task"))
    assert SCENARIO in text and "PERSONA" not in text and "GOAL" not in text and "still open" not in text


async def test_the_customer_sees_no_label_and_not_the_goal(language: Language, turns: tuple[Turn, ...]) -> None:
    chat = Recorder()
    view = CustomerView(language, PERSONA, SCENARIO, turns[:7])
    await say_customer_turn(chat, view, "DIRECTION", ends_call=False, max_tokens=100)
    text = show(chat.asked[0])
    assert PERSONA in text and "GOAL" not in text
    assert not any(f"{strategy} " in text or f"[{strategy}]" in text for strategy in Strategy)


async def test_both_roles_of_a_side_share_all_but_the_task(language: Language, turns: tuple[Turn, ...]) -> None:
    chat = Recorder()
    view = CustomerView(language, PERSONA, SCENARIO, turns[:7])
    await direct_customer(chat, view, GOAL, list(GoalOutcome), ending=False)
    await say_customer_turn(chat, view, "DIRECTION", ends_call=False, max_tokens=100)
    first, second = chat.asked
    assert first[:-1] == second[:-1]
    assert first[-1]["content"].startswith(turns[6].text) and second[-1]["content"].startswith(turns[6].text)


def test_roles_alternate_behind_the_system_line(language: Language, turns: tuple[Turn, ...]) -> None:
    for length in (0, 2, 4):
        messages = supporter_messages(SupporterView(language, "TOPIC", SCENARIO, turns[:length]), "task")
        roles = [message["role"] for message in messages]
        assert roles == ["system", *(["user", "assistant"] * 26)[: length + 1]]
    messages = customer_messages(CustomerView(language, PERSONA, SCENARIO, turns[:5]), "task")
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user", "assistant", "user"]


def test_text_from_models_is_data_and_no_template(language: Language) -> None:
    sly = "{{ 7 * 7 }}{% for x in y %}"
    assert sly in render(language, "customer", direction=sly, ends_call=False, hint="")


def test_a_missing_value_is_an_error(language: Language) -> None:
    with pytest.raises(UndefinedError):
        render(language, "planner", persona="x")


def test_both_languages_have_the_same_prompts() -> None:
    names = [{path.name for path in (PROMPT_FILES / language).iterdir()} for language in Language]
    assert names[0] == names[1]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The prompt files, in a folder where a test can change them."""
    monkeypatch.setattr(rendering, "PROMPT_FILES", copytree(PROMPT_FILES, tmp_path / "prompts"))
    return rendering.PROMPT_FILES


def test_the_source_of_a_prompt_is_its_text_what_it_includes_and_the_tables_it_shows(language: Language) -> None:
    sources = prompt_sources(language, ["supporter_side", "customer"])
    names = ("supporter_side.md", "strategies.md", "customer.md")
    assert sources == {
        "texts": {name: prompt_text(language, name) for name in names},
        "strategies": {code: tuple(STRATEGIES[code].wording[language]) for code in Strategy},
        "stages": {STAGE_NAMES[stage][language]: codes for stage, codes in STAGES.items()},
    }
    assert prompt_sources(language, ["labeller"]).keys() == {"texts", "names"}
    told = prompt_sources(language, [*EMOTION_PROMPTS, *EMOTION_LABELLER_PROMPTS])
    assert told["emotions"] == {name: tuple(wording[language]) for name, wording in EMOTIONS.items()}


def test_what_is_not_read_does_not_count(files: Path) -> None:
    before = digest(prompt_sources(Language.EN, ROLE_PROMPTS))
    (files / "en" / "new.md").write_text("New.", encoding="utf-8")
    for other in (files / "en" / "judge.md", *(files / "zh").iterdir()):
        other.write_text("Other words.", encoding="utf-8")
    assert digest(prompt_sources(Language.EN, ROLE_PROMPTS)) == before


@pytest.mark.parametrize("name", ["customer", "strategies"])
def test_what_is_read_counts(files: Path, name: str) -> None:
    before = digest(prompt_sources(Language.EN, ROLE_PROMPTS))
    with (files / "en" / f"{name}.md").open("a", encoding="utf-8") as file:
        file.write("A word more.")
    assert digest(prompt_sources(Language.EN, ROLE_PROMPTS)) != before


async def test_the_roles_read_the_files_that_are_counted_and_no_others(
    turns: tuple[Turn, ...], language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: set[str] = set()
    for module in ("planner", "supporter", "supporter_assistant", "customer", "customer_assistant"):
        for function in ("render", "render_fixed"):
            name = f"agents.roles.{module}.{function}"
            monkeypatch.setattr(name, lambda _, prompt, **__: read.add(prompt) or "", raising=False)
    chat = Recorder()
    await plan_dialogue(chat, language, PERSONA, TOPICS["account-transaction"][language], 1)
    supporter = SupporterView(language, "TOPIC", SCENARIO, turns[:6])
    await choose_strategy(chat, supporter, [Strategy.EM, Strategy.PR])
    await say_supporter_turn(chat, supporter, Strategy.EM, 100)
    customer = CustomerView(language, PERSONA, SCENARIO, turns[:7])
    await direct_customer(chat, customer, GOAL, OPEN, ending=False)
    await say_customer_turn(chat, customer, "DIRECTION", ends_call=False, max_tokens=100)
    assert read == set(ROLE_PROMPTS)

    read.clear()
    felt = CustomerView(language, PERSONA, SCENARIO, turns[:7], emotions=True)
    await direct_customer(chat, felt, GOAL, OPEN, ending=False)
    await say_customer_turn(chat, felt, "DIRECTION", ends_call=False, max_tokens=100, emotion=FEELINGS["excited 1"])
    assert read == {*EMOTION_PROMPTS, "customer", "customer_assistant", "opening"}
