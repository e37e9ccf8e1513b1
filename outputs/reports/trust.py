"""How far the gate of a run can be trusted, in sentences: what its calibration says, and what canaries showed."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from agents.errors import UsageError
from outputs.reports.calibration import find_calibration, stamp_of
from outputs.reports.estimates import describe_share
from outputs.reports.run_figures import catch_rates, false_rejections
from outputs.runs.record import DialogueCounts
from outputs.runs.run import Funnel, Provenance
from quality.gate.rubric import POINT_CODES
from quality.trust.calibration import ALL_POINTS, Calibration, GateStamp, is_chance
from quality.trust.canaries import CanaryResult


def describe_trust(provenance: Provenance, funnel: Funnel) -> list[str]:
    """Say in sentences how far the gate of a run can be trusted.

    A calibration that cannot be read is told like one that lacks: what the run made stands for itself.
    """
    stamp = stamp_of(provenance)
    try:
        calibration = find_calibration(stamp)
    except UsageError as error:
        about = f"Uncalibrated: {error}."
    else:
        about = _describe_calibration(calibration) if calibration else _describe_lack(stamp, provenance.settings)
    # Of this model alone the weights are known.
    tiny = ["The judge is the demo model, a tiny one."] if stamp.weights else []
    return [about, *tiny, _describe_canaries(DialogueCounts.of(funnel).canaries)]


def _describe_lack(stamp: GateStamp, settings: Mapping[str, Any]) -> str:
    """Say that nobody calibrated the gate, with the command that does so for this very one, its server left open."""
    server = ("--base-url", "URL") if settings.get("judge_base_url") or settings.get("base_url") else ()
    command = shlex.join(
        (
            *("rolecs", "calibrate", "GOLD.jsonl", "--language", stamp.language, *server),
            *("--model", stamp.judge_model),
            *("--judge-votes", str(stamp.votes), "--min-agreement", str(stamp.min_agreement)),
        )
    )
    return (
        f"Uncalibrated: nobody has compared this gate (judge {stamp.judge_model}, rubric {stamp.rubric}) with people's "
        f"labels. Do it by: {command}"
    )


def _describe_calibration(calibration: Calibration) -> str:
    whole = calibration.agreement[ALL_POINTS]
    return (
        f"Calibrated on {calibration.gold} ({calibration.calls} calls, {calibration.day}): with 95% intervals, it "
        f"passes {describe_share(whole.false_accepts)} of the faulty calls and {describe_share(whole.recall)} "
        "of the good ones." + _describe_chance([code for code in POINT_CODES if is_chance(calibration.agreement[code])])
    )


def _describe_chance(points: Sequence[str]) -> str:
    """Say on which points a judge may as well have guessed, and what follows where it may on all."""
    if not points:
        return ""
    lacking = " Its judge is not shown to be better than chance on"
    if len(points) < len(POINT_CODES):
        return f"{lacking}: {', '.join(point.replace('_', ' ') for point in points)}."
    return (
        f"{lacking} any point, so what is kept here is no data to train on: name a better judge (--model, or "
        "--judge-model and --judge-base-url), or show by more labelled calls that this one is better."
    )


def _describe_canaries(canaries: dict[CanaryResult, int]) -> str:
    rates, sound = catch_rates(canaries), false_rejections(canaries)
    if not rates and not sound:
        return "Canaries: none could be scored." if canaries else "Canaries: none was sent."
    missed = sorted(((rate.planted - rate.caught, rate.fault) for rate in rates), key=lambda item: (-item[0], item[1]))
    slipped = ", ".join(f"{fault} {count}" for count, fault in missed if count)
    rejected, sent = sound or (0, 0)
    return (
        f"Canaries: {sum(rate.caught for rate in rates)} of {sum(rate.planted for rate in rates)} planted faults were "
        f"caught{f' (missed: {slipped})' if slipped else ''}; {rejected} of {sent} sound calls were rejected."
    )
