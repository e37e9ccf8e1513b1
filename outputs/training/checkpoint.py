"""Checkpoints: the adapter's weights, the optimiser's state and how far it got; tensors as safetensors, the rest JSON.

One is kept, in `checkpoint/` of the adapter's folder: a new one is written beside it and takes its place.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)

from agents.errors import UsageError, describe_invalid
from outputs.training.result import Held, Step

FOLDER = "checkpoint"
_STATE, _ADAPTER, _OPTIMISER = "state.json", "adapter.safetensors", "optimizer.safetensors"


class State(BaseModel):
    """How far a training got: `step` steps are done. `digest` is that of settings, base and rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: str
    step: int
    seconds: float
    curve: tuple[Step, ...]
    held_out: tuple[Held, ...]


class Tensors(NamedTuple):
    """What is learnt, gathered from all processes: the adapter's weights and the optimiser's state, by name."""

    adapter: dict[str, torch.Tensor]
    optimiser: dict[str, torch.Tensor]


def gather_adapter(model: Any) -> dict[str, torch.Tensor]:
    """Return the trained weights by their names; of several processes the first alone gets them."""
    options = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)
    weights = get_model_state_dict(model, options=options)
    # A head that is tied to the embeddings is among them under its own name, frozen as it is.
    trained = {name.removeprefix("module.") for name, weight in model.named_parameters() if weight.requires_grad}
    return {
        name: tensor.contiguous()
        for name, tensor in weights.items()
        if name in trained and isinstance(tensor, torch.Tensor)
    }


def gather(model: Any, optimiser: torch.optim.Optimizer) -> Tensors:
    """Return all that a checkpoint holds; every process has to call this."""
    options = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)
    state: Any = get_optimizer_state_dict(model, optimiser, options=options).get("state", {})
    flat = {f"{name}/{key}": value.contiguous() for name, values in state.items() for key, value in values.items()}
    return Tensors(gather_adapter(model), flat)


def restore(model: Any, optimiser: torch.optim.Optimizer, tensors: Tensors) -> None:
    """Put what a checkpoint holds into the model and its optimiser."""
    is_distributed = torch.distributed.is_initialized()
    options = StateDictOptions(full_state_dict=True, broadcast_from_rank0=is_distributed, strict=False)
    set_model_state_dict(model, dict(tensors.adapter), options=options)
    state: dict[str, Any] = {}
    for key, value in tensors.optimiser.items():
        name, _, part = key.rpartition("/")
        state.setdefault(name, {})[part] = value
    empty = get_optimizer_state_dict(model, optimiser, options=StateDictOptions(full_state_dict=True))
    set_optimizer_state_dict(model, optimiser, {"state": state, "param_groups": empty["param_groups"]}, options=options)


def write_checkpoint(out: Path, state: State, tensors: Tensors) -> None:
    """Write a checkpoint; whatever goes wrong, the one before stays whole.

    Raises:
        OSError: it cannot be written; there may be no room.
    """
    new, last = out / f".{FOLDER}.part", out / FOLDER
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir(parents=True)
        save_tensors(new / _ADAPTER, tensors.adapter)
        save_tensors(new / _OPTIMISER, tensors.optimiser)
        (new / _STATE).write_text(state.model_dump_json(), encoding="utf-8")
        for path in new.iterdir():
            _sync(path)
        old = out / f".{FOLDER}.old"
        shutil.rmtree(old, ignore_errors=True)
        if last.exists():
            last.rename(old)
        new.rename(last)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def read_checkpoint(out: Path) -> tuple[State, Tensors] | None:
    """Return the last good checkpoint of an adapter's folder, or None.

    Raises:
        UsageError: there is one, and it cannot be read.
    """
    # A job that was killed between two renames leaves the old one under its other name.
    folder = next((path for path in (out / FOLDER, out / f".{FOLDER}.old") if path.is_dir()), None)
    if folder is None:
        return None
    try:
        state = State.model_validate_json((folder / _STATE).read_bytes())
        return state, Tensors(load_file(folder / _ADAPTER), load_file(folder / _OPTIMISER))
    except ValidationError as error:
        raise UsageError(f"{folder / _STATE} is no checkpoint of this rolecs: {describe_invalid(error)}") from None
    except (OSError, ValueError, SafetensorError) as error:
        raise UsageError(f"{folder} cannot be read: {error}") from None


def remove_checkpoint(out: Path) -> None:
    """Remove the checkpoint of a training that has ended."""
    for name in (FOLDER, f".{FOLDER}.old"):
        shutil.rmtree(out / name, ignore_errors=True)


def save_tensors(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    """Write tensors as safetensors.

    Raises:
        OSError: they cannot be written.
    """
    with disk_errors(path):
        save_file(tensors, path, metadata={"format": "pt"})


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Make the error that safetensors has of its own for a full disk an `OSError` on a path."""
    try:
        yield
    except SafetensorError as error:
        raise OSError(f"{path}: {error}") from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
