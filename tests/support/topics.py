"""A user's own topic, of a company with policies."""

from pathlib import Path

from agents.csc.language import Language
from agents.csc.topics import choose_topics, topics_by_code
from agents.csc.topics.topic import Topic

ACME = Path(__file__).parents[1] / "data" / "topics" / "acme.toml"


def acme_topic(language: Language) -> Topic:
    """Return the topic in `ACME`."""
    (topic,) = topics_by_code(choose_topics([str(ACME)], language), language).values()
    return topic
