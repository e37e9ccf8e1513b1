"""What a training came to, as `training.json` holds it."""

from typing import Any

from pydantic import BaseModel, ConfigDict

RESULT = "training.json"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Step(_Part):
    """An optimiser step, counted from 1: the loss of its answers in nats a token, the rate, the gradient's norm."""

    number: int
    loss: float
    learning_rate: float
    gradient: float


class Held(_Part):
    """Figures of the held-out rows after `step` steps.

    `loss` is in nats a token of the answers, by role and over all ("all"). `choices` counts the requests that let the
    model choose among options, `accuracy` is the share of them in which the right one is the likeliest (None without).
    """

    step: int
    loss: dict[str, float]
    choices: int
    accuracy: float | None


class Source(_Part):
    """A file or run that was trained on: its name, how many rows came of it, and a digest of them."""

    name: str
    rows: int
    sha256: str


class Dropped(_Part):
    """Rows that were left out because they are too long: how many, and the ids of the first few."""

    limit: int
    count: int
    ids: tuple[str, ...]


class Counted(_Part):
    """The rows of a part of the split: rows and dialogues, tokens one by one, tokens packed, tokens of answers."""

    rows: int
    dialogues: int
    row_tokens: int
    packed_tokens: int
    answer_tokens: int


class Training(_Part):
    """All that is known of a training that has ended."""

    base: str
    settings: dict[str, Any]
    versions: dict[str, str]
    sources: tuple[Source, ...]
    dropped: Dropped
    train: Counted
    held_out_rows: Counted
    roles: dict[str, int]
    packed: bool
    device: str
    precision: str
    parameters: int
    steps: int
    seconds: float
    curve: tuple[Step, ...]
    held_out: tuple[Held, ...]


class Forecast(_Part):
    """What a training would take: the fields of `Training`, the rate of a few steps, and what follows from it.

    `seconds` is the time of all epochs and measurements, `memory_bytes` the most memory that those steps used.
    """

    train: Counted
    held_out_rows: Counted
    dropped: Dropped
    roles: dict[str, int]
    packed: bool
    steps: int
    tokens_per_second: float
    seconds: float
    memory_bytes: int
    device: str
