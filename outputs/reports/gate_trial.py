"""Trials of gates, kept in the user's data folder beside the calibrations, and what is told of them."""

from pydantic import ValidationError

from outputs.files import require_folder
from outputs.reports.gate_files import gate_file, remember
from quality.gate.agreement import is_relative
from quality.gate.rubric import LABEL_POINT
from quality.trust.calibration import GateStamp
from quality.trust.gate_trial import GateTrial

_FOLDER = "gate-trials"


def keep_trial(trial: GateTrial) -> None:
    """Keep a trial for the runs of its gate.

    Raises:
        UsageError: the folder cannot be written.
    """
    remember(_FOLDER, "the trial of the gate", trial)


def find_trial(stamp: GateStamp) -> GateTrial | None:
    """Return the trial of a gate; None when there is none that can be read: it is made anew then.

    Raises:
        UsageError: there is none, and one that is made could not be kept.
    """
    file = gate_file(_FOLDER, stamp)
    try:
        return GateTrial.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        require_folder(file.parent)
        return None


def describe_trial(trial: GateTrial) -> str:
    """Say what a gate did with the calls of its trial."""
    caught = trial.planted - len(trial.missed)
    missed = f" (missed: {', '.join(trial.missed)})" if trial.missed else ""
    agreement = "" if trial.agreement is None else f"; its labels agree with {trial.agreement:.0%} of a sound call's"
    if agreement and is_relative(trial.stamp.min_agreement):
        agreement += f", so {trial.required:.0%} is asked for ({trial.stamp.min_agreement} of that)"
    return (
        f"Gate, tried on calls that ship: {trial.passed} of {trial.sound} sound ones pass, "
        f"{caught} of {trial.planted} faults are caught{missed}{agreement}."
    )


def describe_hopeless_gate(trial: GateTrial) -> str:
    """Say which part of a gate that lets no sound call pass refuses them, and what can be done."""
    parts = ", ".join(f"{reason} {count}" for reason, count in trial.refused_for.items())
    cause = f"; unscored for this: {trial.cause}" if trial.cause else ""
    lower = ""
    if f"point:{LABEL_POINT}" in trial.refused_for and trial.agreement is not None:
        lower = (
            f", ask for fewer of the labels by --min-agreement ({trial.stamp.min_agreement} now; the labeller reaches "
            f"{trial.agreement:.2f} on sound calls, of which a percentage such as 80% can be asked for)"
        )
    return (
        f"no call can pass this gate: judge {trial.stamp.judge_model} refuses all {trial.sound} sound calls that ship "
        f"({parts}{cause}); name a better judge by --judge-model{lower}, or play all the same by --gate-trial tell"
    )
