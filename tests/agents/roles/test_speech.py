"""Cleaning takes wrapping away and never a word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.csc.language import Language
from agents.csc.speakers import SPEAKER_NAMES, SPEAKERS_BY_NAME, Speaker
from agents.csc.strategies import Strategy, name_of
from agents.roles.speech import clean_utterance


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("客服：您好，请讲。", "您好，请讲。"),
        ("Supporter: Hello there.", "Hello there."),
        ("**Customer:** It broke.", "It broke."),
        ("[Supporter] Hello.", "Hello."),
        ("Supporter (Greeting): Hello.", "Hello."),
        ("【提供建议】您可以先重启。", "您可以先重启。"),
        ("[GT] Hello.", "Hello."),
        ("(策略1 礼貌问候) 您好。", "您好。"),
        ("Providing Suggestions: Try again.", "Try again."),
        ("Strategy: Greeting\nHello.", "Hello."),
        ("策略：礼貌问候\n您好。", "您好。"),
        ("客服：【礼貌问候】“您好。”", "您好。"),
        ("“您好。”", "您好。"),
        ("<think>\nA greeting.\n</think>\n\nHello.", "Hello."),
        ("They want help.\n</think>\n\nHello.", "Hello."),
        ("They want help.</THINKING>Hello.", "Hello."),
        ("[THINK]Help.[/THINK]Hello.", "Hello."),
        ("Help.◁/think▷Hello.", "Hello."),
        ("<|begin_of_thought|>Help.<|end_of_thought|> Hello.", "Hello."),
        ("想要帮忙。</思考>您好。", "您好。"),
        ("<seed:think>Help.</seed:think>Hello.", "Hello."),
        ("<think>One <think>two</think> three</think>Hello.", "Hello."),
        ("Customer: They want help.</think>Customer: Hello.", "Hello."),
        ("Hello.\u2028How\x85are\tyou?", "Hello. How are you?"),
        ("Hello.\n\nHow are you?", "Hello. How are you?"),
        ("您好。\n请讲。", "您好。请讲。"),
        ("[Say] Could I have your name?", "Could I have your name?"),
        ("【发言】您好，请讲。", "您好，请讲。"),
        ("The customer's next reply, in the customer's own words: Let's try later.", "Let's try later."),
        ("你的下一句：请问您的姓名？", "请问您的姓名？"),
    ],
)
def test_wrapping_comes_off(raw: str, clean: str) -> None:
    assert clean_utterance(raw, Speaker.SUPPORTER) == clean


@pytest.mark.parametrize(
    "speech",
    [
        "<think>Hello.",
        "I think </3 of it.",
        "客户您好",
        "客服态度不错，谢谢。",
        "Customer service told me to wait.",
        "Greetings to you.",
        "ID: 4711 is on the letter.",
        "PS: I also lost the card.",
        '"Error 12" and then "Error 13"',
        "[UserName] is my name.",
        "It's fine, that's all.",
        "“改签”是什么意思？是“退票”吗？”",
        "Agent Smith told me: wait.",
        "用户名：我忘了。",
    ],
)
def test_words_stay(speech: str) -> None:
    assert clean_utterance(speech, Speaker.CUSTOMER) == speech


@pytest.mark.parametrize("name", SPEAKERS_BY_NAME)
def test_every_name_of_a_speaker_comes_off(name: str) -> None:
    assert clean_utterance(f"{name.title()}: Hello.", Speaker.SUPPORTER) == "Hello."
    assert clean_utterance(f"【{name}】您好。", Speaker.SUPPORTER) == "您好。"


def test_a_bare_code_is_a_label_only_when_it_was_commanded() -> None:
    assert clean_utterance("ID: the fee is 3 euros.", Speaker.SUPPORTER, Strategy.ID) == "the fee is 3 euros."
    assert clean_utterance("ID: the fee is 3 euros.", Speaker.SUPPORTER, Strategy.PS) == "ID: the fee is 3 euros."


@pytest.mark.parametrize(
    ("raw", "supporters", "customers"),
    [
        ("Hi, I'm [Your Name] from cards.", "Hi, I'm [AgentName] from cards.", "Hi, I'm [UserName] from cards."),
        ("My name is [Your full name].", "My name is [AgentName].", "My name is [UserName]."),
        ("您好，我是[您的名字]。", "您好，我是[AgentName]。", "您好，我是[UserName]。"),
        ("您好！我叫[客服姓名]。", "您好！我叫[AgentName]。", "您好！我叫[UserName]。"),
        ("[My Name], since March.", "[AgentName], since March.", "[UserName], since March."),
        ("Thank you, [Customer Name].", "Thank you, [Customer Name].", "Thank you, [Customer Name]."),
        ("I'm [Company Name]'s.", "I'm [Company Name]'s.", "I'm [Company Name]'s."),
    ],
)
def test_who_introduces_themselves_by_a_gap_gets_their_placeholder(raw: str, supporters: str, customers: str) -> None:
    assert clean_utterance(raw, Speaker.SUPPORTER) == supporters
    assert clean_utterance(raw, Speaker.CUSTOMER) == customers


@given(text=st.text(alphabet=st.characters(codec="utf-8"), max_size=80), strategy=st.sampled_from([None, *Strategy]))
def test_cleaning_twice_changes_nothing(text: str, strategy: Strategy | None) -> None:
    once = clean_utterance(text, Speaker.SUPPORTER, strategy)
    assert clean_utterance(once, Speaker.SUPPORTER, strategy) == once
    assert "\n" not in once


wrapping = st.sampled_from(
    [f"{name}: " for names in SPEAKER_NAMES.values() for name in names.values()]
    + [f"[{strategy}] " for strategy in Strategy]
    + [f"【{name_of(strategy, Language.ZH)}】" for strategy in Strategy]
    + [f"{name_of(strategy, Language.EN)}: " for strategy in Strategy]
)


@given(
    wraps=st.lists(wrapping, max_size=3),
    speech=st.text(st.sampled_from("abc 您好请稍等。,.?'"), min_size=1).map(
        lambda text: f"We{text}e".replace("\n", "")
    ),
)
def test_exactly_the_wrapping_comes_off(wraps: list[str], speech: str) -> None:
    assert clean_utterance("".join(wraps) + speech, Speaker.SUPPORTER) == " ".join(speech.split("\n")).strip()
