"""Compares the gate with people's labels."""

import datetime
from collections.abc import Sequence
from pathlib import Path

from agents.errors import UsageError
from graphs.config.provenance import gate_stamp
from graphs.config.settings import JudgeSettings
from graphs.jobs.judge import Judged
from outputs.datasets.dialogues import Labelled
from outputs.datasets.reader import Unreadable, read_sound_dialogues
from quality.trust.calibration import Calibration, Opinions, measure_agreement


def read_gold(path: Path) -> tuple[list[Labelled], list[Unreadable]]:
    """Return the dialogues of a file that people labelled, and the rows that cannot be read or that nobody labelled.

    Raises:
        UsageError: the file cannot be read, or holds no dialogue with labels.
    """
    dialogues, broken = read_sound_dialogues(path)
    labelled = [dialogue for dialogue in dialogues if dialogue.gold is not None]
    lacking = [dialogue.id for dialogue in dialogues if dialogue.gold is None]
    problem = f'{path}: every call needs people\'s labels, "gold": {{"points": ...}}; lacking: '
    if not labelled:
        raise UsageError(f"{problem}{lacking[0]}")
    return labelled, broken + [Unreadable(id_, f"{problem}{id_}") for id_ in lacking]


def calibrate(path: Path, dialogues: Sequence[Labelled], judged: Judged, settings: JudgeSettings) -> Calibration:
    """Return how the gate agrees with the people who labelled dialogues.

    Args:
        path: the file of the dialogues.
        dialogues: what `read_gold` read there.
        judged: the gate's judgements of all of them, in their order.
        settings: of the gate.
    """
    opinions = [
        Opinions.of(dialogue.gold or {}, judgement.verdict, kept=not judgement.reasons)
        for dialogue, judgement in zip(dialogues, judged.judgements, strict=True)
    ]
    return Calibration(
        stamp=gate_stamp(settings, judged.judge_model),
        gold=path.name,
        day=datetime.datetime.now(datetime.UTC).date().isoformat(),
        calls=len(dialogues),
        unscored=sum(opinion.gate is None for opinion in opinions),
        agreement=measure_agreement(opinions),
    )
