"""Pairs of answers judged blind, in both orders: a judge who goes by the place decides nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from graphs.config.settings import JudgeSettings
from graphs.jobs.prefer import Compared, judge_pairs
from outputs.datasets.dialogues import Labelled
from outputs.evaluation.judging import Contest, Pair, count_wins
from tests.conftest import EN_CALL, ZH_CALL, make_turns
from tests.support.jobs import run as run_job
from tests.support.loopback import Loopback, serve


def said(text: str) -> tuple[Turn, ...]:
    return (Turn(speaker="supporter", text=text),) if text else ()


def contests(language: Language) -> list[Contest]:
    turns = make_turns(EN_CALL if language is Language.EN else ZH_CALL)
    pairs = (
        Pair(3, said("good"), said("bad")),
        Pair(5, said("bad"), said("good")),
        Pair(5, said("same"), said("same")),
        Pair(5, said("same"), said("")),
    )
    return [Contest(Labelled(f"d{n}", "t", "s", "", "", turns, language=language), pairs) for n in range(2)]


def answer(choose: Callable[[str, str], str]) -> Callable[[dict[str, Any]], str | None]:
    def say(body: dict[str, Any]) -> str:
        a, b = [line for line in body["messages"][-1]["content"].splitlines() if line.endswith(('good"', 'bad"'))]
        return json.dumps({"reason": "r", "better": choose(a, b)})

    return say


async def judge_all(server: Loopback, run: Path, language: Language, *, resume: bool = False) -> Compared:
    settings = JudgeSettings.model_validate({"base_url": [server.base_url], "run": run, "language": language})
    return await run_job(judge_pairs, settings, contests(language), resume=resume)


@pytest.mark.parametrize("language", Language)
async def test_what_is_better_in_both_orders_has_won(tmp_path: Path, language: Language) -> None:
    async with serve(Loopback(say=answer(lambda a, b: "A" if "good" in a else "B"))) as server:
        compared = await judge_all(server, tmp_path, language)
        asked = server.calls["all"]
        await judge_all(server, tmp_path, language, resume=True)
        assert asked == server.calls["all"] == 2 * 2 * 2, "of four pairs two have to be asked about, each twice"
    # The third is the same, and the fourth is no answer on one side.
    wins = count_wins(compared.judged)
    assert (wins.won, wins.tied, wins.lost, wins.unread) == (4, 2, 2, 0)
    assert wins.net.value == 0.25
    shown = server.requests[0]["messages"][-1]["content"]
    assert EN_CALL[1][1] in shown if language is Language.EN else ZH_CALL[1][1] in shown
    assert "(GT)" not in shown and "（GT）" not in shown


async def test_a_judge_who_goes_by_the_place_or_cannot_be_read_decides_nothing(tmp_path: Path) -> None:
    async with serve(Loopback(say=answer(lambda a, b: "A"))) as server:
        biased = count_wins((await judge_all(server, tmp_path / "biased", Language.EN)).judged)
    assert (biased.won, biased.tied, biased.lost) == (2, 6, 0)
    async with serve(Loopback(say=lambda body: "no such thing {")) as server:
        unread = count_wins((await judge_all(server, tmp_path / "unread", Language.EN)).judged)
    assert (unread.won, unread.tied, unread.lost, unread.unread) == (2, 2, 0, 4)


def test_nothing_judged_is_no_figure() -> None:
    assert count_wins([]).net.value is None
