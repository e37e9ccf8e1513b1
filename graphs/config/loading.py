"""Where settings come from: a TOML file and flags (flags win), over those that are stored in a run."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from agents.errors import UsageError, describe_invalid
from agents.reading import read_text

SettingsT = TypeVar("SettingsT", bound=BaseModel)


def load_settings(
    kind: type[SettingsT], config: Path | None, flags: Mapping[str, Any], stored: Mapping[str, Any] | None = None
) -> SettingsT:
    """Build settings of a kind from a TOML file and flags; flags win, and both win over those `stored` in a run.

    Raises:
        UsageError: the file cannot be read, or a setting is unknown or out of range; says which.
    """
    merged: dict[str, Any] = {}
    for layer in (stored or {}, _read_toml(config) if config else {}, flags):
        for key, value in layer.items():
            merged[key] = merged.get(key, {}) | value if isinstance(value, dict) else value
    try:
        return kind.model_validate(merged)
    except ValidationError as error:
        where = f" (flags and {config})" if config else ""
        raise UsageError(f"settings{where}: {describe_invalid(error)}") from None


READ = ("transcripts", "personas", "embedding_model")
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


def _read_toml(path: Path) -> dict[str, Any]:
    text = read_text(path, "the settings file ")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"cannot read the settings file {path}: {error}{_toml_hint(text, str(error))}") from None


def _toml_hint(text: str, problem: str) -> str:
    r"""Return what people write otherwise than TOML in the line that a problem names; empty where it is none of that.

    >>> _toml_hint("temperature = 0,8", "Expected newline or end of document after a statement (at line 1, column 16)")
    '; decimals have a point, as in 0.8'
    """
    place = re.search(r"at line (\d+)", problem)
    line = text.split("\n")[int(place[1]) - 1] if place else ""
    if re.search(r"=\s*[-+]?\d+,\d", line):
        return "; decimals have a point, as in 0.8"
    return r"; a Windows path stands in single quotes, as in 'C:\calls'" if "\\" in line else ""
