"""How far the gate of a run can be trusted, in sentences: what its calibration says, and what canaries showed."""

from agents.engine.demo_model import DEMO_MODEL
from agents.errors import UsageError
from outputs.reports.calibration import find_calibration, show_share, stamp_of
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
        about = _describe_calibration(calibration) if calibration else _describe_lack(stamp)
    sentences = [about, _describe_canaries(DialogueCounts.of(funnel).canaries)]
    if stamp.judge_model == DEMO_MODEL:
        sentences.append(
            "The judge is the demo model, a tiny one, which agrees with people no better than chance on any point "
            "(docs/demo-model.md): what is kept here is no data to train on. "
            "Name a real one by --model, or by --judge-model and --judge-base-url."
        )
    return sentences


def _describe_lack(stamp: GateStamp) -> str:
    return (
        f"Uncalibrated: nobody has compared this gate (judge {stamp.judge_model}, rubric {stamp.rubric}) with people's "
        f"labels. Do it by: rolecs calibrate GOLD.jsonl --language {stamp.language}"
    )


def _describe_calibration(calibration: Calibration) -> str:
    whole = calibration.agreement[ALL_POINTS]
    by_chance = [code.replace("_", " ") for code in POINT_CODES if is_chance(calibration.agreement[code])]
    return (
        f"Calibrated on {calibration.gold} ({calibration.calls} calls, {calibration.day}): with 95% intervals, it "
        f"passes {show_share(whole.false_accepts)} of the faulty calls and {show_share(whole.recall)} of the good ones."
        + (f" Its judge is not shown to be better than chance on: {', '.join(by_chance)}." if by_chance else "")
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
