"""What several dialogues say word for word, by hand; distinct-n and the vocabulary are tested with the corpus."""

from quality.metrics.variety import Boilerplate


def test_a_sentence_of_two_dialogues_is_boilerplate() -> None:
    said = Boilerplate()
    assert said.share() is None
    said.read(["I am happy to help. Thank you.", "Your card was blocked on Monday."])
    assert said.share() == 0.0, "one dialogue alone has none, however often it says something"
    said.read(["I AM HAPPY TO HELP! It is on its way.", "I am happy to help."])
    # Three times the shared sentence, of five; "Thank you." is too short to count.
    assert said.share() == 3 / 5


def test_chinese_characters_are_words() -> None:
    said = Boilerplate()
    said.read(["很高兴为您服务。好的。"])
    said.read(["很高兴为您服务！"])
    assert said.share() == 1.0
