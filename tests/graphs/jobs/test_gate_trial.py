"""The gate's trial: what is sent, what is remembered, and what stops a job before it plays anything."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from agents.csc.flow import Limits
from agents.csc.language import Language
from agents.errors import UsageError
from graphs.config.settings import JudgeSettings, Settings
from graphs.jobs.generate import generate
from graphs.jobs.judge import judge
from outputs.datasets.dialogues import Labelled
from outputs.runs.record import DIALOGUES
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore
from quality.checks.rules import check_rules
from quality.gate.rubric import POINT_CODES
from quality.trust.canaries import FAULTS, sound_dialogues
from quality.trust.gate_trial import trial_cases
from tests.support.jobs import run
from tests.support.loopback import Loopback, Manners, serve
from tests.support.loopback_answers import SAID, SOUND


async def play(server: Loopback, folder: Path, **fields: Any) -> Counter[Outcome]:
    known = {"base_url": [server.base_url], "run": folder, "dialogues": 2, "canaries": 0, "max_similarity": 1}
    return (await run(generate, Settings.model_validate(known | fields))).funnel.outcomes


@pytest.mark.parametrize("language", list(Language))
def test_a_trial_has_the_sound_calls_and_a_fault_for_each_point(language: Language) -> None:
    cases = trial_cases(language)
    assert [tried.case for tried in cases if tried.fault is None] == list(sound_dialogues(language))
    assert [FAULTS[tried.fault].point for tried in cases if tried.fault] == list(POINT_CODES)
    for tried in cases:
        if tried.fault is None:
            assert check_rules(tried.case.turns, Limits(), language, tried.case.scenario) == []
    assert trial_cases(language) == cases


async def test_a_gate_that_refuses_every_sound_call_stops_the_job_before_anything_is_played(tmp_path: Path) -> None:
    async with serve(Loopback(pass_rate=0.0)) as server:
        with pytest.raises(UsageError) as caught:
            await play(server, tmp_path / "run")
    text = str(caught.value)
    assert "judge loopback refuses all 4 sound calls that ship" in text and "\n" not in text
    assert "point:natural_wording 4" in text and "--gate-trial tell" in text
    assert not any("scenario" in str(body.get("response_format")) for body in server.requests), "nothing was planned"


async def test_a_gate_that_nobody_can_read_is_told_with_the_cause_and_not_remembered(
    tmp_path: Path, user_data: Path
) -> None:
    async with serve(Loopback(manners=Manners(finish_reason="weird"))) as server:
        with pytest.raises(UsageError, match=r"\(unscored 4; unscored for this: labeller.*finish_reason 'weird'\)"):
            await play(server, tmp_path / "run")
    assert not user_data.exists()


async def test_it_goes_on_when_it_is_told_to(tmp_path: Path) -> None:
    async with serve(Loopback(pass_rate=0.0)) as server:
        outcomes = await play(server, tmp_path / "run", gate_trial="tell")
    assert outcomes[Outcome.REJECTED] == 2


async def test_a_trial_is_remembered_for_the_judge_and_the_rubric(tmp_path: Path, user_data: Path) -> None:
    async with serve(Loopback()) as server:
        assert (await play(server, tmp_path / "first"))[Outcome.KEPT] == 2
        first = len(server.requests)
        await play(server, tmp_path / "second")
        assert len(server.requests) - first < first - 40, "nothing was tried again"
        assert len(list((user_data / "gate-trials").iterdir())) == 1
        await play(server, tmp_path / "third", min_agreement=0.5)
        assert len(list((user_data / "gate-trials").iterdir())) == 2, "another gate"


def weak_labeller(body: dict[str, Any]) -> str | None:
    """Label every other supporter turn of the sound calls that ship as no sound call has it."""
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
    texts = {f"turn_{number}": json.loads(text) for number, text in SAID.findall(body["messages"][-1]["content"])}
    if schema.get("title") != "Labels" or texts["turn_1"] not in SOUND:
        return None
    true = {key: SOUND[texts[key]] for key in schema["properties"] if texts[key] in SOUND}
    wrong = {label: "EM" if label != "EM" else "OT" for label in SOUND.values()}
    given = {key: wrong[label] if number % 2 else label for number, (key, label) in enumerate(true.items())}
    return json.dumps(dict.fromkeys(schema["properties"], "OT") | given)


async def test_what_is_asked_of_labels_may_be_a_share_of_what_the_labeller_reaches(tmp_path: Path) -> None:
    sound = [[turn for turn in call.turns if turn.strategy] for call in sound_dialogues(Language.EN)]
    reach = sum((len(turns) + 1) // 2 / len(turns) for turns in sound) / len(sound)
    async with serve(Loopback(say=weak_labeller)) as server:
        with pytest.raises(UsageError, match=r"--min-agreement \(0.9 now; the labeller reaches 0\.\d\d on sound calls"):
            await play(server, tmp_path / "stopped", min_agreement=0.9)
        outcomes = await play(server, tmp_path / "run", min_agreement="80 %")
        with RunStore.read(DIALOGUES, tmp_path / "run") as store:
            verdicts = [record.verdict for record in store.records(Outcome.KEPT)]
            assert store.provenance.configuration["min_agreement"] == "80%"
    assert outcomes[Outcome.KEPT] == 2
    required = [verdict.labelling.required for verdict in verdicts if verdict and verdict.labelling]
    assert required == [pytest.approx(0.8 * reach)] * 2


async def test_judging_a_file_finds_out_what_the_labeller_reaches_as_well(tmp_path: Path) -> None:
    call = sound_dialogues(Language.EN)[0]
    dialogues = [Labelled("a", call.topic, call.scenario, call.persona, call.goal, call.turns, gold=None)]
    fields: dict[str, Any] = {"run": tmp_path / "run", "min_agreement": "50%"}
    async with serve(Loopback()) as server:
        settings = JudgeSettings.model_validate(fields | {"base_url": [server.base_url]})
        judged = await run(judge, settings, dialogues)
    (judgement,) = judged.judgements
    assert judgement.verdict and judgement.verdict.labelling and judgement.verdict.labelling.required == 0.5


async def test_a_labeller_that_labels_nothing_reaches_nothing(tmp_path: Path) -> None:
    def mute(body: dict[str, Any]) -> str | None:
        return "?" if "Labels" in str(body.get("response_format")) else None

    async with serve(Loopback(say=mute)) as server:
        with pytest.raises(UsageError, match="labelled none of the sound calls that ship"):
            await play(server, tmp_path / "run", min_agreement="80%", gate_trial="tell")


def test_a_share_of_what_is_reached_needs_the_trial() -> None:
    with pytest.raises(ValueError, match="gate_trial must not be skip"):
        Settings.model_validate({"min_agreement": "80%", "gate_trial": "skip"})
