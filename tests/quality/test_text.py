"""What a word, a sentence and a placeholder is, and the language that a text is in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.csc.language import Language
from quality.text import PLACEHOLDER, SENTENCE_ENDS, find_language, is_in, split_sentences, split_words

texts = st.text(st.sampled_from("aB'’ 1.!?。！\n您好[]é"), max_size=40)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't, 3 cards!", ["don't", "3", "cards"]),
        ("Don’t", ["don't"]),
        ("'Tis 'quoted'", ["tis", "quoted"]),
        ("我等了3天", ["我", "等", "了", "3", "天"]),
        ("VIP卡", ["vip", "卡"]),
        ("Año_Nuevo", ["año", "nuevo"]),
        ("…", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@given(texts)
def test_sentences_hold_all_words_and_one_run_of_marks_each(text: str) -> None:
    sentences = split_sentences(text)
    assert [word for sentence in sentences for word in split_words(sentence)] == split_words(text)
    assert all(not set(SENTENCE_ENDS) & set(sentence.rstrip(SENTENCE_ENDS)) for sentence in sentences)


def test_a_placeholder_tells_its_kind() -> None:
    assert PLACEHOLDER.findall("I'm [UserName], [sic], [PIN 1], 我叫[X]。") == ["UserName", "X"]


@pytest.mark.parametrize(
    ("text", "english", "chinese"),
    [
        ("I transferred the money yesterday.", True, False),
        ("昨天转的钱还没到账。", False, True),
        ("On the screen they call it 到账通知, whatever that is.", True, False),
        ("我那张Platinum Cashback卡刷不了了。", False, True),
        ("Demander pourquoi la carte est bloquée.", False, False),
        ("Preguntar por qué se cobró la comisión dos veces.", False, False),
        ("Den Berater fragen, warum die Karte gesperrt ist.", False, False),
        ("Chiedere perché la carta è stata bloccata e per quanto tempo.", False, False),
        ("Perguntar por que o cartão foi bloqueado e não pagar a taxa.", False, False),
        ("Спросить, почему заблокирована карта.", False, False),
        ("Ask why El Corte de la Reina was charged on the card.", True, False),
        ("Que sera, sera, my mum would say; I'll wait.", True, False),
        ("Confirm the résumé from São Paulo.", True, False),
        ("OK", True, True),
        ("12345678901234567890123456789", True, True),
    ],
)
def test_an_utterance_is_in_a_language(text: str, english: bool, chinese: bool) -> None:
    assert (is_in(text, Language.EN), is_in(text, Language.ZH)) == (english, chinese)


def test_the_language_of_a_dialogue() -> None:
    assert find_language("您好，请讲。My app says error 12.") is Language.EN
    assert find_language("您好，请讲，我的app打不开。") is Language.ZH
    assert find_language("12 ...") is Language.EN
