"""What training an adapter can be told."""

from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.llm.usage import Role


class Precision(StrEnum):
    """What the base model computes in."""

    AUTO = "auto"
    BF16 = "bf16"
    FP32 = "fp32"


class Switch(StrEnum):
    """Whether something is done."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class TrainSettings(BaseModel):
    """What training can be told. Rank, alpha and epochs are those of the CSC paper (arXiv 2508.04423)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str = Field(
        description="Model to adapt: a hub name, a folder, or smollm2, the demo model (smollm2-untaught: as it was). "
        "An adapter is trained further: its rank, alpha and layers stay."
    )
    out: Path = Field(description="Folder for the adapter.")
    roles: tuple[Role, ...] = Field((), description="Roles whose requests are trained on; all by default.")
    target: str = Field(
        "all-linear", description="Layers that get an adapter: all-linear, attention, or names such as q_proj,v_proj."
    )
    rank: int = Field(8, ge=1, le=512, description="Rank of the adapter.")
    alpha: int = Field(16, ge=1, description="Scale of the adapter: what it adds is multiplied by alpha / rank.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Share of the adapter's inputs that is dropped in training.")
    learning_rate: float = Field(2e-4, gt=0, description="Highest learning rate; it falls to 0 by a cosine.")
    warmup: float = Field(0.03, ge=0, lt=1, description="Share of the steps in which the rate rises from 0.")
    epochs: int = Field(3, ge=1, description="Times that each row is trained on.")
    batch: int = Field(
        32,
        ge=1,
        description="Rows a step, at least: those of one side of a dialogue stay together, as they share most.",
    )
    max_length: int | Literal["auto"] = Field(
        "auto", description="Longest row in tokens; longer ones are left out. auto: what the model takes."
    )
    held_out: float = Field(
        0.1, ge=0, lt=1, description="Share of the dialogues that measure instead of train, split by persona as well."
    )
    seed: int = Field(7, ge=0, description="Seed of the split, the order of the rows and the adapter's first weights.")
    precision: Precision = Field(Precision.AUTO, description="bf16 where the device has kernels for it, else fp32.")
    packing: Switch = Field(
        Switch.AUTO, description="Pass what rows share through the model once: where its attention takes such masks."
    )
    steps: int | None = Field(None, ge=1, description="Steps at most; those of all epochs by default.")
    pack_tokens: int = Field(3072, ge=64, description="Tokens a pack: more share more, and take more memory.")
    gradient_checkpointing: Switch = Field(
        Switch.AUTO, description="Compute activations twice to save memory: on GPUs by default."
    )
    checkpoint_s: float = Field(300.0, ge=0, description="Seconds between checkpoints.")
    license: str = Field("unknown", description="Licence that the model card names.")
    merge: bool = Field(False, description="Write the whole model as well, the adapter merged into it.")
