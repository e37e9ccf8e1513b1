"""Adapters (LoRA): a folder that holds one names the base that it belongs to, and vLLM serves that base with it."""

import json
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, Field, ValidationError

from agents.errors import UsageError, describe_invalid
from agents.reading import read_text

CONFIG = "adapter_config.json"
_SERVED_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The bounds of an adapter's rank that vLLM can be told; a needlessly large one costs memory and speed."""


class _Config(BaseModel):
    base_model_name_or_path: str = Field(min_length=1)
    r: int = Field(ge=1, le=_SERVED_RANKS[-1])


class Adapter(NamedTuple):
    """An adapter: its folder, the hub name or folder of its base, and its rank."""

    folder: Path
    base: str
    rank: int


def read_adapter(model: str) -> Adapter | None:
    """Return the adapter in the folder `model`; None when that is another model.

    Raises:
        UsageError: the folder holds an adapter's configuration that cannot be read.
    """
    path = Path(model) / CONFIG
    if not path.is_file():
        return None
    try:
        config = _Config.model_validate_json(read_text(path))
    except ValidationError as error:
        raise UsageError(f"{path} is no adapter's configuration: {describe_invalid(error)}") from None
    return Adapter(Path(model), config.base_model_name_or_path, config.r)


def serve_arguments(adapter: Adapter, name: str) -> list[str]:
    """Return the arguments of vLLM's server that serve an adapter under `name` beside its base."""
    module = {"name": name, "path": str(adapter.folder.resolve()), "base_model_name": adapter.base}
    bound = next(rank for rank in _SERVED_RANKS if rank >= adapter.rank)
    return ["--enable-lora", "--max-lora-rank", str(bound), "--lora-modules", json.dumps(module)]
