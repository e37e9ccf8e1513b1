"""Compares the gate with people's labels."""

import datetime
from pathlib import Path

from rich.console import Console

from agents.errors import UsageError
from graphs.config.settings import Secrets, Settings
from graphs.jobs.judge import Judged, judge_dialogues
from outputs.datasets.reader import read_dialogues
from quality.gate.rubric import POINT_CODES, rubric_digest
from quality.trust.calibration import Calibration, GateStamp, Opinions, measure_agreement


async def calibrate(path: Path, settings: Settings, secrets: Secrets, console: Console) -> Calibration:
    """Send labelled calls through the gate and return how it agrees with the people who labelled them.

    Raises:
        UsageError: the file holds something else than calls with labels, or a server or model is not there.
        EngineError: the engine did not start, died, or was away for too long.
    """
    dialogues = list(read_dialogues(path))
    labels = [dialogue.gold for dialogue in dialogues if dialogue.gold is not None]
    if not labels or len(labels) < len(dialogues):
        lacking = next((dialogue.id for dialogue in dialogues if dialogue.gold is None), "none")
        raise UsageError(f'{path}: every call needs people\'s labels, "gold": {{"points": ...}}; lacking: {lacking}')
    judged, judge_model = await judge_dialogues(dialogues, settings, secrets, console)
    opinions = [
        Opinions(people, _points(judgement), judgement.kept) for people, judgement in zip(labels, judged, strict=True)
    ]
    return Calibration(
        stamp=GateStamp(
            language=settings.language,
            judge_model=judge_model,
            rubric=rubric_digest(settings.language),
            votes=settings.judge_votes,
            min_agreement=settings.min_agreement,
        ),
        gold=path.name,
        day=datetime.datetime.now(datetime.UTC).date().isoformat(),
        calls=len(dialogues),
        unscored=sum(call.gate is None for call in opinions),
        agreement=measure_agreement(opinions),
    )


def _points(judgement: Judged) -> dict[str, bool] | None:
    if judgement.verdict.unscored is not None:
        return None
    return {code: code not in judgement.verdict.failed_points for code in POINT_CODES}
