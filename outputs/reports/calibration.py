"""Calibrations of gates: kept in the user's data folder, found again for the runs of a gate, and shown as a table.

That of the demo model ships beside its weights, and is found where nobody has made their own.
"""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError
from rich.table import Table

from agents.engine.demo_model import DEMO_CALIBRATION, DEMO_MODELS
from agents.errors import UsageError, describe_invalid
from outputs.reports.estimates import describe_mean, describe_share
from outputs.reports.gate_files import gate_file, remember, remembered
from outputs.runs.run import Provenance
from quality.trust.calibration import Agreement, Calibration, GateStamp

_FOLDER = "calibrations"


def calibrations_folder() -> Path:
    """Return the folder that calibrations are kept in."""
    return remembered(_FOLDER)


def keep_calibration(calibration: Calibration) -> Path:
    """Keep a calibration for the runs of its gate, in place of an earlier one, and return its file.

    Raises:
        UsageError: the folder cannot be written.
    """
    return remember(_FOLDER, "the calibration", calibration)


def find_calibration(stamp: GateStamp) -> Calibration | None:
    """Return the calibration of a gate, the user's own before one that ships; None when there is none.

    Raises:
        UsageError: its file cannot be read, or holds something else.
    """
    found = (_read(file) for file in (gate_file(_FOLDER, stamp), DEMO_CALIBRATION))
    return next((calibration for calibration in found if calibration and calibration.stamp == stamp), None)


def _read(file: Path) -> Calibration | None:
    try:
        return Calibration.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}; make it readable, or calibrate again") from None
    except ValidationError as error:
        raise UsageError(f"{file} is no calibration: {describe_invalid(error)}; calibrate again") from None


def stamp_of(provenance: Provenance) -> GateStamp:
    """Return the stamp of the gate that a run's dialogues go through."""
    configuration = provenance.configuration
    judge_model = configuration["judge_model"]
    return GateStamp(
        language=configuration["language"],
        judge_model=judge_model,
        rubric=configuration["rubric"],
        votes=configuration["judge_votes"],
        min_agreement=configuration["min_agreement"],
        weights=provenance.versions.get(judge_model) if judge_model in DEMO_MODELS else None,
    )


def calibration_table(calibration: Calibration) -> Table:
    """Return the agreement by point, each figure with its 95% interval."""
    title = f"Gate and people on {calibration.calls} calls, with 95% intervals"
    if calibration.unscored:
        title += f"; {calibration.unscored} calls unscored"
    return agreement_table(calibration.agreement, title)


def agreement_table(rows: Mapping[str, Agreement], title: str) -> Table:
    """Return a table of how the gate agrees with people, by point."""
    table = Table("", "calls", "kappa", "precision", "recall", "false accepts", title=title, title_justify="left")
    for name, agreement in rows.items():
        table.add_row(
            name.replace("_", " "),
            str(agreement.calls),
            describe_mean(agreement.kappa),
            *map(describe_share, (agreement.precision, agreement.recall, agreement.false_accepts)),
        )
    return table
