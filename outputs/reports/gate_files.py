"""What is remembered of gates: a file for each in a folder of the user's data, named by the digest of its stamp."""

from pathlib import Path

import platformdirs

from agents.errors import UsageError
from outputs.files import write_whole
from quality.trust.calibration import Calibration, GateStamp
from quality.trust.gate_trial import GateTrial


def remembered(folder: str) -> Path:
    """Return one of the folders, by its name."""
    return platformdirs.user_data_path("rolecs") / folder


def gate_file(folder: str, stamp: GateStamp) -> Path:
    """Return the file of a gate, which may not be there."""
    return remembered(folder) / f"{stamp.digest()}.json"


def remember(folder: str, what: str, found: Calibration | GateTrial) -> Path:
    """Keep what was found of a gate, in place of what was found before, and return the file.

    Raises:
        UsageError: the folder cannot be written; `what` names what was to be kept.
    """
    file = gate_file(folder, found.stamp)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, [found.model_dump_json(indent=2)])
    except OSError as error:
        raise UsageError(f"cannot keep {what} in {file}: {error.strerror}") from error
    return file
