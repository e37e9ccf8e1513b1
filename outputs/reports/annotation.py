"""What the labeller found in real calls, as it is printed: how often which strategy and which emotion."""

from collections.abc import Mapping

from rich.console import Group
from rich.table import Table

from agents.csc.emotions import FEELINGS, STRONG, Emotion
from agents.csc.language import Language
from agents.csc.strategies import Strategy, name_of
from outputs.reports.cells import begin_table
from outputs.runs.annotation import EMOTIONS_GIVEN, STRATEGIES_GIVEN
from outputs.runs.run import CountKey, Funnel


def show_annotation(funnel: Funnel) -> Group:
    """Return the tables of labels: strategies over the supporter's turns, and emotions over the customer's, if any."""
    strategies = _strategies(funnel.counts.get(STRATEGIES_GIVEN, {}))
    emotions = funnel.counts.get(EMOTIONS_GIVEN)
    return Group(strategies, "", _emotions(emotions)) if emotions else Group(strategies)


def _strategies(counts: Mapping[CountKey, int]) -> Table:
    table = begin_table("strategy", "supporter turns", "share")
    for strategy in Strategy:
        count = counts.get((strategy.value,), 0)
        table.add_row(f"{strategy} {name_of(strategy, Language.EN)}", f"{count:,}", _share(count, counts))
    return table


def _emotions(counts: Mapping[CountKey, int]) -> Table:
    table = begin_table("emotion", "customer turns", "share", "of these strong")
    for emotion in Emotion:
        felt = [(feeling, counts.get((code,), 0)) for code, feeling in FEELINGS.items() if feeling.name is emotion]
        count = sum(times for _, times in felt)
        strong = sum(times for feeling, times in felt if feeling.intensity == STRONG)
        table.add_row(emotion.value, f"{count:,}", _share(count, counts), f"{strong:,}")
    return table


def _share(count: int, counts: Mapping[CountKey, int]) -> str:
    return f"{count / max(sum(counts.values()), 1):.0%}"
