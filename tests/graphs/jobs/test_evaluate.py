"""Evaluating a model on labelled dialogues: a stored run like the others, whose files follow from the answers alone."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agents.csc.emotions import FEELINGS
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from agents.errors import UsageError
from agents.llm.usage import Role
from graphs.config.evaluate import EvaluateSettings
from graphs.dialogue.answers import NO_STRATEGY
from graphs.jobs.evaluate import Evaluated, evaluate, read_evaluation_set
from outputs.datasets.dialogues import Labelled
from outputs.evaluation.results import write_results
from outputs.runs.evaluation import EVALUATIONS, UNREADABLE, Evaluation
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore
from tests.conftest import EN_CALL, ZH_CALL, make_turns
from tests.support.jobs import run as run_job
from tests.support.loopback import Faults, Loopback, rarely_unreadable, serve

CALLS = ((EN_CALL, Language.EN), (ZH_CALL, Language.ZH))
DIALOGUES = [
    Labelled(f"{language}-{n}", "complaint", "s", "", "", make_turns(call), language=language)
    for n in range(4)
    for call, language in CALLS
]
SUPPORTER_TURNS = 7


async def evaluate_all(
    server: Loopback,
    run: Path,
    *,
    dialogues: Sequence[Labelled] = DIALOGUES,
    resume: bool = False,
    retry: bool = False,
    **fields: Any,
) -> Any:
    settings = EvaluateSettings.model_validate({"base_url": [server.base_url], "run": run, "concurrency": 2} | fields)
    evaluated: Evaluated = await run_job(evaluate, settings, dialogues, resume=resume, retry_failed=retry)
    return evaluated


def stored(run: Path) -> list[Evaluation]:
    with RunStore.read(EVALUATIONS, run) as store:
        return list(store.records(Outcome.KEPT))


def files(run: Path) -> list[bytes]:
    return [path.read_bytes() for path in write_results(run, None, None).files]


async def test_every_turn_is_asked_for_strategy_and_words(tmp_path: Path) -> None:
    async with serve(Loopback()) as server:
        evaluated = await evaluate_all(server, tmp_path)
    found = stored(tmp_path)
    assert [evaluation.dialogue for evaluation in found] == [dialogue.id for dialogue in DIALOGUES]
    turns = [turn for evaluation in found for turn in evaluation.turns]
    assert len(turns) == SUPPORTER_TURNS * len(DIALOGUES)
    # The greeting is prescribed: there is nothing to choose.
    assert all((turn.constrained is None) == (turn.number == 1) for turn in turns)
    assert all(turn.constrained.strategy in turn.allowed for turn in turns if turn.constrained)
    usage = evaluated.funnel.usage
    later = sum(len(turn.later) for turn in turns)
    constrained = sum(turn.constrained is not None for turn in turns)
    assert usage[Role.SUPPORTER_ASSISTANT].requests == len(turns) + constrained + later
    # A reply to the model's own strategy that is the right one has been said already.
    wrong = [turn for turn in turns if turn.free.strategy is not turn.strategy]
    assert (
        usage[Role.SUPPORTER].requests
        == len(turns) + len(wrong)
        == server.calls["all"] - usage[Role.SUPPORTER_ASSISTANT].requests
    )
    assert all(turn.own_reply == turn.reply for turn in turns if turn not in wrong)
    assert all(body["temperature"] == 0 for body in server.requests)


async def test_an_evaluation_that_is_stopped_goes_on_to_the_same_files(tmp_path: Path) -> None:
    async with serve(Loopback(delay=0.01)) as server:
        await evaluate_all(server, tmp_path / "whole")
        whole = server.calls["all"]
        job = asyncio.create_task(evaluate_all(server, tmp_path / "stopped"))
        while server.calls["all"] < whole + 80:
            await asyncio.sleep(0.01)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        before = server.calls["all"]
        await evaluate_all(server, tmp_path / "stopped", resume=True)
        assert server.calls["all"] - before < whole, "what had been evaluated is not evaluated again"
        with pytest.raises(UsageError, match='history was "reference", is "generated"'):
            await evaluate_all(server, tmp_path / "stopped", resume=True, history="generated")
    assert files(tmp_path / "stopped") == files(tmp_path / "whole")


async def test_answers_that_cannot_be_read_are_wrong_and_are_shown(tmp_path: Path) -> None:
    async with serve(Loopback(say=rarely_unreadable(0.3))) as server:
        evaluated = await evaluate_all(server, tmp_path)
    found = {name: count for (name,), count in evaluated.funnel.counts[UNREADABLE].items()}
    assert evaluated.funnel.outcomes[Outcome.KEPT] == len(DIALOGUES) and min(found.values()) > 5
    turns = [turn for evaluation in stored(tmp_path) for turn in evaluation.turns]
    unread = [turn for turn in turns if turn.free.problem]
    assert len(unread) == found["free"] and all(turn.own_reply.problem == NO_STRATEGY for turn in unread)
    results, samples = files(tmp_path)
    told = json.loads(results)
    right = sum(turn.free.strategy is turn.strategy for turn in turns)
    assert told["results"]["rolecs"]["acc,free"] == pytest.approx(right / len(turns))
    assert told["rolecs"]["unreadable"] == found | {"call": 0}
    lines = [json.loads(line) for line in samples.splitlines()]
    shown = [line for line in lines if line["filter"] == "free" and line["problem"]]
    assert len(shown) == len(unread) and all(line["acc"] == 0 for line in shown)


async def test_what_customers_felt_is_kept_and_counted_where_the_dialogues_say_it(tmp_path: Path) -> None:
    feelings = iter([FEELINGS["dissatisfied 2"], FEELINGS["neutral"]])
    turns = [
        turn.model_copy(update={"emotion": next(feelings, None)}) if turn.speaker is Speaker.CUSTOMER else turn
        for turn in make_turns(EN_CALL)
    ]
    felt = Labelled("felt", "complaint", "s", "", "", tuple(turns))
    async with serve(Loopback()) as server:
        await evaluate_all(server, tmp_path / "felt", dialogues=[felt])
        await evaluate_all(server, tmp_path / "plain")
    answered = stored(tmp_path / "felt")[0].turns
    assert [turn.felt and turn.felt.code for turn in answered[:4]] == [None, "dissatisfied 2", "neutral", None]
    results, samples = files(tmp_path / "felt")
    told = json.loads(results)["rolecs"]["by_feeling"]
    assert told["dissatisfied"]["turns"] == told["neutral"]["turns"] == 1
    docs = [json.loads(line)["doc"] for line in samples.splitlines()]
    assert {doc.get("felt") for doc in docs} == {None, "dissatisfied 2", "neutral"}
    assert all(b"felt" not in content and b"feeling" not in content for content in files(tmp_path / "plain"))


async def test_a_wrong_choice_is_barred_and_asked_for_again(tmp_path: Path) -> None:
    async with serve(Loopback()) as server:
        await evaluate_all(server, tmp_path, concurrency=1)
    turns = [turn for evaluation in stored(tmp_path) for turn in evaluation.turns]
    for turn in turns:
        chosen = [turn.free.strategy, *(answer.strategy for answer in turn.later)]
        assert len(set(chosen)) == len(chosen) <= 3 and turn.strategy not in chosen[:-1]
        assert len(chosen) == 3 or chosen[-1] is turn.strategy
    told = json.loads(files(tmp_path)[0])["results"]["rolecs"]
    found = sum(turn.strategy in {turn.free.strategy, *(answer.strategy for answer in turn.later)} for turn in turns)
    assert told["top3_acc,free"] == pytest.approx(found / len(turns)) and told["acc,free"] < told["top3_acc,free"]
    # The prompt stays the same: decoding alone bars.
    chosen_from = [body for body in server.requests if ", ".join(Strategy) in body["messages"][-1]["content"]]
    assert {len(body["structured_outputs"]["choice"]) for body in chosen_from} == {12, 11, 10}


async def test_in_generated_context_the_history_is_the_models_own(tmp_path: Path) -> None:
    async with serve(Loopback()) as server:
        await evaluate_all(server, tmp_path, history="generated", concurrency=1)
    first = stored(tmp_path)[0]
    assert all(turn.reply is None for turn in first.turns)
    said = [turn.own_reply.text for turn in first.turns]
    last = server.requests[: server.sessions.count(server.sessions[0])][-1]["messages"]
    assert [message["content"] for message in last if message["role"] == "assistant"] == said[:-1]
    heard = [turn.text for turn in DIALOGUES[0].turns if turn.speaker is Speaker.CUSTOMER]
    assert all(text in message["content"] for text, message in zip(heard, last[3::2], strict=True))
    told = json.loads(files(tmp_path)[0])
    assert [turn.text for turn in first.call if turn.speaker is Speaker.SUPPORTER] == said
    samples = [json.loads(line) for line in files(tmp_path)[1].splitlines()]
    assert [sample["doc"]["dialogue"] for sample in samples if sample["filter"] == "call"] == [
        dialogue.id for dialogue in DIALOGUES
    ]
    assert told["results"]["rolecs"]["rules,call"] < 0.5 and told["rolecs"]["broken_rules"]
    assert "flawless,call" not in told["results"]["rolecs"], "nobody has judged"
    assert told["rolecs"]["variety"]["own_reply"]["distinct_1"] < 1


async def test_a_customer_is_played_by_the_persona_and_goal_of_the_dialogue(tmp_path: Path) -> None:
    known = [
        Labelled(f"d{n}", "complaint", "s", f"You are customer {n}.", "To get the fee back.", make_turns(EN_CALL))
        for n in range(3)
    ]
    async with serve(Loopback()) as server:
        fields = {"customer": True, "judge_model": "loopback", "limits": {"min_utterances": 6, "max_utterances": 12}}
        for folder in ("one", "two"):
            await evaluate_all(server, tmp_path / folder, dialogues=known, **fields)
        with pytest.raises(UsageError, match="8 of 8 dialogues lack one, the first is en-0"):
            await evaluate_all(server, tmp_path / "unknown", **fields)
    found = stored(tmp_path / "one")
    assert len(found) == 3 and not any(evaluation.turns for evaluation in found)
    for n, evaluation in enumerate(found):
        assert evaluation.call[0].speaker is Speaker.SUPPORTER and len(evaluation.call) <= 12
        assert evaluation.usage[Role.CUSTOMER].requests == len(evaluation.call) // 2
        told = [body for body in server.requests if f"You are customer {n}." in body["messages"][0]["content"]]
        assert told and all(body["temperature"] == 0.8 for body in told), "the customer has a sampling of their own"
    assert files(tmp_path / "one") == files(tmp_path / "two")
    samples = [json.loads(line) for line in files(tmp_path / "one")[1].splitlines()]
    assert [(sample["doc_id"], sample["filter"]) for sample in samples] == [(n, "call") for n in range(3)]
    results = json.loads(files(tmp_path / "one")[0])
    assert "acc,free" not in results["results"]["rolecs"] and results["results"]["rolecs"]["utterances,call"] <= 12


def test_what_cannot_be_judged_or_played_is_refused() -> None:
    for fields, problem in (
        ({"judge_model": "j"}, "give history = generated, customer or versus"),
        ({"customer": True, "history": "reference"}, "history is generated"),
        ({"customer": True, "versus": ["m"]}, "one customer for all models"),
    ):
        with pytest.raises(ValueError, match=problem):
            EvaluateSettings.model_validate(fields)


async def test_a_dialogue_that_the_server_fails_on_can_be_tried_again(tmp_path: Path) -> None:
    faults = Faults(error_500=1.0)
    async with serve(Loopback(faults=faults, faulty_requests=2)) as server:
        evaluated = await evaluate_all(server, tmp_path / "faulty")
        assert evaluated.funnel.outcomes[Outcome.FAILED] == 2
        told = json.loads(files(tmp_path / "faulty")[0])
        assert told["rolecs"]["failed_dialogues"] == 2
        assert told["n-samples"]["rolecs"] == {"original": len(DIALOGUES), "effective": len(DIALOGUES) - 2}
        await evaluate_all(server, tmp_path / "faulty", resume=True, retry=True)
        await evaluate_all(server, tmp_path / "whole")
    assert files(tmp_path / "faulty") == files(tmp_path / "whole")


def test_what_holds_no_strategies_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "plain.jsonl"
    file.write_text(json.dumps({"dialogue": [{"speaker": "Supporter", "text": "Hello."}]}))
    with pytest.raises(UsageError, match=r"plain\.jsonl: no supporter turn has a strategy"):
        read_evaluation_set([file])


def test_sources_may_number_their_dialogues_alike(tmp_path: Path) -> None:
    def write(name: str, *ids: str) -> Path:
        rows = [{"dialogue_id": id_, "turns": [{"speaker": "agent", "text": "Hi.", "strategy": "GT"}]} for id_ in ids]
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        return tmp_path / name

    sources = [write("one.jsonl", "1", "2"), write("two.jsonl", "2", "3", "3")]
    assert [dialogue.id for dialogue in read_evaluation_set(sources)] == ["1", "1:2", "2:2", "3", "3"]
