"""The vocabulary table."""

import pytest

from agents.csc.language import Language
from agents.csc.strategies import STRATEGIES, Stage, Strategy, authors_label, name_of, parse_strategy


def test_twelve_strategies_in_five_stages_with_the_authors_numbers() -> None:
    assert list(STRATEGIES) == list(Strategy) and len(Strategy) == 12
    assert sorted(entry.number for entry in STRATEGIES.values()) == list(range(1, 13))
    assert {entry.stage for entry in STRATEGIES.values()} == set(Stage)
    assert [authors_label(strategy, Language.ZH) for strategy in (Strategy.GT, Strategy.EM, Strategy.OT)] == [
        "策略1 礼貌问候",
        "策略5 情感管理",
        "策略12 其它",
    ]


@pytest.mark.parametrize("language", Language)
def test_every_label_is_read_back(language: Language) -> None:
    for strategy in Strategy:
        for label in (strategy.value, name_of(strategy, language), authors_label(strategy, language)):
            assert parse_strategy(f" {label.lower()} ") is strategy


def test_an_unknown_label_is_an_error() -> None:
    with pytest.raises(ValueError, match="names no strategy"):
        parse_strategy("Small Talk")
