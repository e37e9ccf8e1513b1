"""The gate's trial: what is sent, what is remembered, and what stops a job before it plays anything."""

from collections import Counter
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from agents.csc.flow import Limits
from agents.csc.language import Language
from agents.errors import UsageError
from graphs.config.settings import Settings
from graphs.jobs.generate import generate
from outputs.runs.run import Outcome
from quality.checks.rules import check_rules
from quality.gate.rubric import POINT_CODES
from quality.trust.canaries import FAULTS, sound_dialogues
from quality.trust.gate_trial import trial_cases
from tests.support.jobs import run
from tests.support.loopback import Loopback, Manners, serve


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder."""
    monkeypatch.setattr(platformdirs, "user_data_path", lambda _: tmp_path / "data")
    return tmp_path / "data"


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
    tmp_path: Path, data: Path
) -> None:
    async with serve(Loopback(manners=Manners(finish_reason="weird"))) as server:
        with pytest.raises(UsageError, match=r"\(unscored 4; unscored for this: labeller.*finish_reason 'weird'\)"):
            await play(server, tmp_path / "run")
    assert not data.exists()


async def test_it_goes_on_when_it_is_told_to(tmp_path: Path) -> None:
    async with serve(Loopback(pass_rate=0.0)) as server:
        outcomes = await play(server, tmp_path / "run", gate_trial="tell")
    assert outcomes[Outcome.REJECTED] == 2


async def test_a_trial_is_remembered_for_the_judge_and_the_rubric(tmp_path: Path, data: Path) -> None:
    async with serve(Loopback()) as server:
        assert (await play(server, tmp_path / "first"))[Outcome.KEPT] == 2
        first = len(server.requests)
        await play(server, tmp_path / "second")
        assert len(server.requests) - first < first - 40, "nothing was tried again"
        assert len(list((data / "gate-trials").iterdir())) == 1
        await play(server, tmp_path / "third", min_agreement=0.5)
        assert len(list((data / "gate-trials").iterdir())) == 2, "another gate"
