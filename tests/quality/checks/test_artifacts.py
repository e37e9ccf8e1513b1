"""What a model's machinery leaves behind is found wherever it stands; what people write is not."""

import gzip
import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from quality.checks.artifacts import find_artifact
from quality.checks.structured_checks import check_direction
from quality.checks.turn_checks import check_turn
from tests.support import DATA

HOME = Path(__file__).parents[3]
WRITTEN = [
    *(DATA / "gold").glob("*.jsonl"),
    *(HOME / "quality/trust/clean").glob("*.jsonl"),
    *(HOME / "personas/seed").glob("*.jsonl"),
    HOME / "outputs/training/demo/calls.jsonl",
    DATA / "star-60.jsonl",
]
LEFT_BEHIND = [
    "<think>", "</thinking>", "◁/think▷", "<思考>", "＜think＞", "<|im_end|>", "<|channel|>final<|message|>",
    "<｜User｜>", "</s>", "<start_of_turn>model", "<unk>", "<0x0A>", "[INST]", "[/INST]", "[PAD]", "<tool_call>",
    "<|im_e", "</to", "<!--", "<br/>", "im_start", "[31m", '{"text": "Yes."}', "{name}", "{{ name }}", "&amp;", "&#39;",
    r"\n\n", r"\u4f60", r"\"", "```", "`code`", "**bold", "您**稍等", "*sighs", "__bold", "_soft", "~~old~~",
    "## Hello", "[here](http", "| a | b |", "\ufffd", "▁Hello", "ĠHello", "\ufffc",
    "<seed:think>", "[THINK]", "<<SYS>>", "<|python_tag|>", "<minimax:tool_call>", "<｜tool▁calls▁begin｜>",
    "《think》",
    "â€™", "ä½ å¥½", "Â£5", "锟斤拷", "\u2800", "\u3164", "\ufe01\ufe02\ufe03", "👍\u200d", "\U000e0041", "~~gone",
]  # fmt: skip
SAID = [
    "Press *, then #.", "Dial *100#.", "I <3 you.", "5 < 6, and 7 > 3.", "It's $5 & tax.", "It's [UserName].",
    "3,50 Euro", r"C:\temp and C:\Users\new are full.", "What the f**k.", "尾号****1234的卡。",
    "按*号键再按#号键。", "Don`t.", "《合同》第3条。", "10\u00a0000 km.", "Fine 😀.", "e\u0301cole", "One.\nTwo.",
    "user_name", "《思考，快与慢》", "Nescafé® Gold", "Rock & Roll; yes.", "#1 in town.", "A/B.",
    "Us 👨\u200d👩\u200d👧 and 👩🏽\u200d💻!", "Wales 🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f.",
    "❤\ufe0f 1\ufe0f\u20e3 👍🏽 \u2139\ufe0f",
    "I am \u200fمحمد\u200f.", "می\u200cخواهم", "क्\u200dष", "好的~~", "您好～～", "café, naïve, Zoë", "葛\U000e0100西区",
]  # fmt: skip
NOT_SEEN = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
around = st.text(st.sampled_from("abc 您好。,.?'"), max_size=20)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)
    elif isinstance(value, dict):
        # These two are JSON in a text.
        yield from texts([part for key, part in value.items() if key not in ("verdict", "metadata")])


@pytest.mark.parametrize("left", LEFT_BEHIND)
def test_what_is_left_behind_is_found_in_all_languages_wherever_it_stands(left: str) -> None:
    for before, after in (
        ("Good morning. ", " How are you?"),
        ("您好。", "请讲。"),
        ("", ""),
        ("", " Yes."),
        ("Well. ", ""),
    ):
        assert find_artifact(before + left + after), before + left + after


@pytest.mark.parametrize("said", SAID)
def test_what_people_say_and_type_is_none(said: str) -> None:
    assert find_artifact(said) is None


@given(before=around, hidden=st.characters(categories=NOT_SEEN, exclude_characters="\t\n\r"), after=around)
def test_no_character_that_nobody_sees_passes(before: str, hidden: str, after: str) -> None:
    assert (find_artifact(before + hidden + after) or "").startswith(f"U+{ord(hidden):04X}")


NO_SHAPE = "\u034f\u115f\u1160\u2800\u3164\uffa0" + "".join(
    map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)


@given(st.characters(exclude_categories=(*NOT_SEEN, "Cn"), exclude_characters=f"\ufffc\ufffd▁ĠĊġċ◁▷｜{NO_SHAPE}"))
def test_every_other_character_may_stand_in_a_word(character: str) -> None:
    assert find_artifact(f"a{character}b") is None, unicodedata.category(character)


@pytest.mark.parametrize("character", NO_SHAPE[::16])
def test_no_letter_has_a_character_without_a_shape_behind_it(character: str) -> None:
    assert find_artifact(f"a{character}b") == character


@pytest.mark.parametrize("number", [0xFDD0, 0xFFFE, 0x1FFFF, 0x10FFFE])
def test_what_will_never_be_a_character_is_found(number: int) -> None:
    assert find_artifact(f"Hello{chr(number)}.")


def test_channels_without_their_tokens_are_found() -> None:
    assert find_artifact("analysisThey want help.assistantfinalGood morning.") == "analysis"
    assert find_artifact("They want help.assistantfinalGood morning.") == "assistantfinal"
    assert find_artifact("The analysis by my assistant is final.") is None


@pytest.mark.parametrize(
    "text",
    [
        "Response: Hello.",
        "Final answer: Yes.",
        "思考：要退款。",
        "最终回答：您好。",
        "/no_think Hello.",
        "think>Hello.",
        "Yes.\\nHello.",
    ],
)
def test_headings_of_answers_are_found(text: str) -> None:
    assert find_artifact(text)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Okay, the user wants a refund. I should greet them.", Language.EN),
        ("The customer is asking about the fee, so I explain it.", Language.EN),
        ("We need to respond as the agent with one sentence.", Language.EN),
        ("Sure, here is the agent's reply.", Language.EN),
        ("好的，用户想要退款，我先问候。", Language.ZH),
        ("首先，我需要理解用户的问题。", Language.ZH),
    ],
)
def test_thought_without_its_tags_fails_a_check(text: str, language: Language) -> None:
    assert [failed.check for failed in check_turn(Turn(speaker=Speaker.SUPPORTER, text=text), [], language)] == [
        "role-leak"
    ]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Okay, the user name wants a capital letter.", Language.EN),
        ("I need to reply to the letter with the form.", Language.EN),
        ("Here is the answer that I got.", Language.EN),
        ("用户需要先登录账号。", Language.ZH),
        ("我需要先查一下账单。", Language.ZH),
        ("用户名要改吗？", Language.ZH),
    ],
)
def test_what_only_looks_like_thought_passes(text: str, language: Language) -> None:
    assert not list(check_turn(Turn(speaker=Speaker.CUSTOMER, text=text), [], language))


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: "/".join(path.parts[-2:]))
def test_nothing_that_people_wrote_is_taken_for_machinery(path: Path) -> None:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        found = [
            (text, artifact) for line in file for text in texts(json.loads(line)) if (artifact := find_artifact(text))
        ]
    assert found == []


@pytest.mark.parametrize("left", ["</think>", "<|im_end|>", "\x00", "\u202e", "\ufffd", "**"])
@pytest.mark.parametrize("language", list(Language))
def test_turns_and_directions_fail_a_check_of_its_own(left: str, language: Language) -> None:
    said, direction, goal = (
        ("It broke on Monday.", "Ask about the fee, politely.", "To get a date.")
        if language is Language.EN
        else ("周一就坏了。", "追问手续费是多少。", "想要个准日子。")
    )
    turn = Turn(speaker=Speaker.CUSTOMER, text=f"{left}{said}")
    assert next(check_turn(turn, [], language)).check == "artifact"
    assert not list(check_turn(turn.model_copy(update={"text": said}), [], language))
    assert next(check_direction(f"{left}{direction}", goal, language)).check == "artifact"
