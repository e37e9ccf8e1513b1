"""Rated dialogues as rows to train on: rolecs rows of those that were liked, and preference pairs.

Where a pair comes from: a try at a turn that failed a check, beside the words that were said in its place and not
disliked; and two answers to the very same request, one with its thumb up and one with its thumb down.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from agents.csc.dialogue import SupporterView, Turn
from agents.csc.language import Language
from agents.csc.speakers import SPEAKER_NAMES
from agents.csc.strategies import authors_label
from agents.csc.topics import TOPICS
from agents.csc.topics.policies import fit_to_call
from agents.llm.request import Message
from agents.roles.supporter import supporter_turn_messages
from outputs.datasets.roles import ChatMessage
from outputs.datasets.rows import PreferenceRow, RolecsRow, RowPersona, RowTurn
from outputs.scorecards.store import Scorecard

GOOD_STARS = 4
"""Fewest stars of a dialogue that is worth learning from."""
THUMBS = "thumbs"
"""Stands for the check in a pair that visitors' thumbs made."""
_NOBODY = RowPersona(**dict.fromkeys(RowPersona.model_fields, ""))
SUPPORT = {Language.EN: "customer support", Language.ZH: "客户服务"}
"""What the supporter is told of the topic where nobody has named one."""


def topic_name(card: Scorecard) -> str:
    """Return what the supporter's prompt calls the topic of a dialogue; one that nobody named is just support."""
    if card.told:
        return card.told.name
    return TOPICS[card.topic][card.language].name if card.topic in TOPICS else SUPPORT[card.language]


def supporter_view(card: Scorecard, turns: Sequence[Turn]) -> SupporterView:
    """Return what the supporter's side sees of a dialogue after some turns; its topic's company is the one called."""
    company = card.told.company if card.told else None
    if card.told is None and card.topic in TOPICS:
        company = fit_to_call(TOPICS[card.topic][card.language], card.scenario, card.language).company
    return SupporterView(card.language, topic_name(card), card.scenario, turns, company)


def rated_rows(cards: Iterable[Scorecard], fewest_stars: int = GOOD_STARS) -> Iterator[RolecsRow]:
    """Yield the dialogues with so many stars or more that were played to their end, as rows that `rolecs train` takes.

    A turn with its thumb down, or that no check passed, is left without its strategy: so nothing is learned from it.
    """
    for card in cards:
        if not card.over or card.stars is None or card.stars < fewest_stars:
            continue
        good = [_is_good(card, index) for index in range(len(card.turns))]
        names = SPEAKER_NAMES[card.language]
        yield RolecsRow(
            id=card.id,
            source=topic_name(card),
            language=card.language,
            scenario=card.scenario,
            customer_goal="",
            persona=_NOBODY,
            dialogue=tuple(
                RowTurn(
                    speaker=served.speaker,
                    strategy=served.strategy if is_good else None,
                    stage=served.turn.stage if is_good else None,
                    text=served.text,
                    ends_call=served.ends_call,
                )
                for served, is_good in zip(card.turns, good, strict=True)
            ),
            strategy_list=tuple(
                authors_label(served.strategy, card.language) if served.strategy and is_good else ""
                for served, is_good in zip(card.turns, good, strict=True)
            ),
            dialogue_list=tuple(f"{names[served.speaker]}: {served.text}" for served in card.turns),
            verdict=_json({"stars": card.stars, "comment": card.comment}),
            metadata=_json({"model": card.model, "adapter": card.adapter, "site": card.site} | _own_topic(card)),
        )


def preference_rows(cards: Iterable[Scorecard], fewest_stars: int = GOOD_STARS) -> Iterator[PreferenceRow]:
    """Yield preference pairs, see above; failed tries only of dialogues with so many stars or more."""
    thumbed: dict[str, dict[int, dict[str, str]]] = defaultdict(lambda: {1: {}, -1: {}})
    for card in cards:
        for index, served in enumerate(card.turns):
            if served.strategy is None:
                continue
            key = _json(_request(card, index)) if served.thumb else ""
            if served.thumb:
                thumbed[key][served.thumb].setdefault(served.text, card.id)
            if card.stars is not None and card.stars >= fewest_stars and _is_good(card, index):
                for try_, failed in enumerate(served.failed):
                    if failed.text != served.text:
                        id_ = f"{card.id}-{served.number:02}-{try_:02}"
                        yield _pair(id_, card.id, failed.check, _request(card, index), served.text, failed.text)
    numbers: Counter[str] = Counter()
    for key, given in thumbed.items():
        for (up, dialogue), (down, _) in product(given[1].items(), given[-1].items()):
            if up != down:
                id_ = f"{dialogue}-{THUMBS}-{numbers[dialogue]:02}"
                numbers[dialogue] += 1
                yield _pair(id_, dialogue, THUMBS, json.loads(key), up, down)


def _own_topic(card: Scorecard) -> dict[str, object]:
    """Return what rows say beside a topic's name, for who reads them to know the company that was called."""
    return {"topic": card.told.model_dump(mode="json")} if card.told and card.told.code not in TOPICS else {}


def _is_good(card: Scorecard, index: int) -> bool:
    served = card.turns[index]
    return served.given == "sound" and served.thumb != -1


def _request(card: Scorecard, index: int) -> list[Message]:
    served = card.turns[index]
    before = [earlier.turn for earlier in card.turns[:index]]
    assert served.strategy is not None
    return supporter_turn_messages(supporter_view(card, before), served.strategy)


def _pair(id_: str, dialogue: str, check: str, prompt: Sequence[Message], chosen: str, rejected: str) -> PreferenceRow:
    return PreferenceRow(
        id=id_,
        dialogue=dialogue,
        persona="",
        check=check,
        prompt=tuple(ChatMessage.model_validate(message) for message in prompt),
        chosen=(ChatMessage(role="assistant", content=chosen),),
        rejected=(ChatMessage(role="assistant", content=rejected),),
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
