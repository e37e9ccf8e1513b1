"""How far the gate of a run can be trusted: calibrations kept in the user's data folder, and what canaries showed."""

from pathlib import Path

import platformdirs
from pydantic import ValidationError
from rich.table import Table

from agents.errors import UsageError, describe_invalid
from outputs.files import write_whole
from outputs.runs.record import CANARIES
from outputs.runs.run import Funnel, Provenance
from quality.trust.calibration import ALL_POINTS, Calibration, Estimate, GateStamp


def _file(stamp: GateStamp) -> Path:
    return platformdirs.user_data_path("rolecs") / "calibrations" / f"{stamp.digest()}.json"


def keep_calibration(calibration: Calibration) -> Path:
    """Keep a calibration for the runs of its gate, in place of an earlier one, and return its file.

    Raises:
        UsageError: the folder cannot be written.
    """
    file = _file(calibration.stamp)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, [calibration.model_dump_json(indent=2)])
    except OSError as error:
        raise UsageError(f"cannot keep the calibration in {file}: {error.strerror}") from error
    return file


def find_calibration(stamp: GateStamp) -> Calibration | None:
    """Return the calibration of a gate; None when there is none.

    Raises:
        UsageError: its file cannot be read.
    """
    file = _file(stamp)
    try:
        return Calibration.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from None
    except ValidationError as error:
        raise UsageError(f"{file} is no calibration: {describe_invalid(error)}; calibrate again") from None


def stamp_of(provenance: Provenance) -> GateStamp:
    """Return the stamp of the gate that a run's dialogues go through."""
    configuration = provenance.configuration
    return GateStamp(
        language=configuration["language"],
        judge_model=configuration["judge_model"],
        rubric=configuration["rubric"],
        votes=configuration["judge_votes"],
        min_agreement=configuration["min_agreement"],
    )


def describe_trust(provenance: Provenance, funnel: Funnel) -> list[str]:
    """Say in sentences how far the gate of a run can be trusted."""
    stamp = stamp_of(provenance)
    calibration = find_calibration(stamp)
    return [
        _describe_calibration(calibration) if calibration else _describe_lack(stamp),
        _describe_canaries(funnel.counts.get(CANARIES, {})),
    ]


def _describe_lack(stamp: GateStamp) -> str:
    return (
        f"Uncalibrated: nobody has compared this gate (judge {stamp.judge_model}, rubric {stamp.rubric}) with people's "
        f"labels. Do it by: rolecs calibrate GOLD.jsonl --language {stamp.language}"
    )


def _describe_calibration(calibration: Calibration) -> str:
    whole = calibration.agreement[ALL_POINTS]
    return (
        f"Calibrated on {calibration.gold} ({calibration.calls} calls, {calibration.day}): with 95% intervals, it "
        f"passes {_show(whole.false_accepts)} of the faulty calls and {_show(whole.recall)} of the good ones."
    )


def _describe_canaries(counts: dict[str, int]) -> str:
    caught, missed = (
        {name.removeprefix(f"{what}: "): count for name, count in counts.items() if name.startswith(f"{what}: ")}
        for what in ("caught", "missed")
    )
    planted = sum(caught.values()) + sum(missed.values())
    rejected = counts.get("false rejection", 0)
    sound = rejected + counts.get("sound call passed", 0)
    if not planted and not sound:
        return "Canaries: none could be scored." if counts else "Canaries: none was sent."
    slipped = ", ".join(f"{fault} {count}" for fault, count in sorted(missed.items(), key=lambda item: -item[1]))
    return (
        f"Canaries: {sum(caught.values())} of {planted} planted faults were caught"
        f"{f' (missed: {slipped})' if slipped else ''}; {rejected} of {sound} sound calls were rejected."
    )


def calibration_table(calibration: Calibration) -> Table:
    """Return the agreement by point, each figure with its 95% interval."""
    title = f"Gate and people on {calibration.calls} calls, with 95% intervals"
    if calibration.unscored:
        title += f"; {calibration.unscored} calls unscored"
    table = Table("", "calls", "kappa", "precision", "recall", "false accepts", title=title, title_justify="left")
    for name, agreement in calibration.agreement.items():
        table.add_row(
            name.replace("_", " "),
            str(agreement.calls),
            _show_kappa(agreement.kappa),
            *(_show(share) for share in (agreement.precision, agreement.recall, agreement.false_accepts)),
        )
    return table


def _show(estimate: Estimate | None) -> str:
    """Return a share in percent with its interval.

    >>> _show(Estimate(value=0.5, low=0.25, high=0.755))
    '50% [25, 76]'
    """
    return "-" if estimate is None else f"{estimate.value:.0%} [{100 * estimate.low:.0f}, {100 * estimate.high:.0f}]"


def _show_kappa(estimate: Estimate | None) -> str:
    return "-" if estimate is None else f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"
