"""What the supporter is told of who is called: the topic of a dialogue, its company, and the policies that it gets."""

import secrets
from collections.abc import Mapping
from functools import lru_cache

from agents.csc.language import Language
from agents.csc.topics import usual_company
from agents.csc.topics.policies import fit_to_call
from agents.csc.topics.topic import Company, Topic
from graphs.dialogue.supporter import OPEN_SCENARIO
from graphs.serve.protection.privacy import tame
from graphs.serve.refusal import Refusal
from outputs.scorecards.export import SUPPORT

_SENTENCE = {Language.EN: "The customer says what it is about.", Language.ZH: "什么事由客户自己说。"}
"""What stands beside the name of the topic where nobody has named one."""
_ANY_COMPANY = {Language.EN: "a company", Language.ZH: "一家公司"}
"""Who is called where the situation says more of it, and no topic does."""


class Grounds:
    """The topics that dialogues of the service may be about."""

    def __init__(self, topics: Mapping[str, Mapping[Language, Topic]]) -> None:
        """Take topics by code and language, with all policies of their companies."""
        self._topics = topics
        # A chat comes with its whole history again and again: its policies are chosen once.
        self._fit = lru_cache(256)(fit_to_call)

    def names(self, language: Language) -> dict[str, str]:
        """Return the names of the topics that have words in a language, by code."""
        return {code: row[language].name for code, row in self._topics.items() if language in row}

    def topic(self, code: str | None, language: Language) -> Topic:
        """Return a topic with all policies of its company, by its code; any that is served where that is None.

        Raises:
            Refusal: there is no such topic in the language.
        """
        names = self.names(language)
        if code is None and names:
            code = secrets.choice(tuple(names))
        if code not in names:
            raise Refusal(400, "unknown_topic", f"unknown topic; the topics are {', '.join(names)}")
        return self._topics[code][language]

    def situation(self, code: str | None, language: Language, about: str) -> tuple[Topic, str]:
        """Return the topic of a dialogue, with the policies that it gets, and its scenario.

        Without a code it is support by the company that all topics share. Where they share none, it is one that only
        `about` tells of, or else the usual one.

        Args:
            code: of the topic; None or empty: of none in particular.
            language: of the dialogue.
            about: the situation as somebody wrote it; may be empty.

        Raises:
            Refusal: there is no such topic in the language.
        """
        words = tame(about)
        scenario = words or OPEN_SCENARIO[language]
        if not code:
            company = self._shared_company(language, named=bool(words))
            name, sentence = SUPPORT[language], _SENTENCE[language]
            topic = Topic(code="support", group="support", name=name, sentence=sentence, company=company)
        else:
            topic = self.topic(code, language)
        return self._fit(topic, scenario, language), scenario

    def _shared_company(self, language: Language, *, named: bool) -> Company:
        companies = [row[language].company for row in self._topics.values() if language in row]
        if len({company.name for company in companies}) == 1:
            # What one topic rules out need not be ruled out in another.
            always = [one for one in companies[0].impossible if all(one in other.impossible for other in companies)]
            return companies[0].model_copy(update={"impossible": tuple(always)})
        return Company(name=_ANY_COMPANY[language]) if named else usual_company(language)
