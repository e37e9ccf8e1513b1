"""Where settings come from: a TOML file and flags (flags win), over those that are stored in a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from agents.errors import UsageError, describe_invalid
from agents.reading import read_toml

SettingsT = TypeVar("SettingsT", bound=BaseModel)


def load_settings(
    kind: type[SettingsT], config: Path | None, flags: Mapping[str, Any], stored: Mapping[str, Any] | None = None
) -> SettingsT:
    """Build settings of a kind from a TOML file and flags; flags win, and both win over those `stored` in a run.

    Raises:
        UsageError: the file cannot be read, or a setting is unknown or out of range; says which.
    """
    merged: dict[str, Any] = {}
    for layer in (stored or {}, read_toml(config, "the settings file ") if config else {}, flags):
        for key, value in layer.items():
            below = merged.get(key)
            merged[key] = below | value if isinstance(below, dict) and isinstance(value, dict) else value
    try:
        return kind.model_validate(merged)
    except ValidationError as error:
        where = f" (flags and {config})" if config else ""
        first = error.errors()[0]
        if first["type"] == "missing" and len(first["loc"]) == 1:
            name = str(first["loc"][0])
            told = f"{name} is missing: give it by --{name.replace('_', '-')}, or in a settings file by --config"
        else:
            told = describe_invalid(error)
        raise UsageError(f"settings{where}: {told}") from None


READ = ("transcripts", "personas", "embedding_model", "agent", "versus", "train")
WRITTEN = ("out", "report", "log", "metrics")
"""Settings that are paths."""


def anchor(stored: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """Return settings of a run as they are meant elsewhere: their relative paths are those seen from `folder`.

    Only where there is such a file, or such a folder to write into: a run may have been moved with all that it needs.

    Args:
        stored: the settings in the run.
        folder: where its last job was started; empty where that is not known.
    """

    def seen(name: str, path: Any) -> Any:
        if isinstance(path, list):
            return [seen(name, one) for one in path]
        there = Path(folder) / path if isinstance(path, str) and path else None
        is_there = there and (there.exists() or (name in WRITTEN and there.parent.is_dir()))
        return str(there) if is_there else path

    if not folder or Path(folder) == Path.cwd():
        return dict(stored)
    return {name: seen(name, value) if name in READ + WRITTEN else value for name, value in stored.items()}
