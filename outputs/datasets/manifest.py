"""The manifest of an export: which shards belong to it, with checksums, and what they were made from."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.csc.flow import Limits
from agents.errors import UsageError, describe_invalid
from outputs.datasets.formats import Shape
from outputs.files import write_whole
from outputs.runs.run import Outcome

MANIFEST = "manifest.json"
TRAIN, REJECTED = "data/train", "rejected/rejected"
"""What the paths of shards begin with, in the folder of the export."""


class Shard(BaseModel):
    """A shard file: its path in the export, the number of its rows (`lines`) and bytes, and its SHA-256.

    No other path is one: manifests come from anywhere, and what they name is opened, and removed by the next export.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=rf"^(?:{TRAIN}|{REJECTED})-\d{{5,}}\.(?:jsonl|parquet)$")
    lines: int
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What an export consists of. It holds nothing that changes from one export of a run to the next."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shape: Shape
    run: str
    limits: Limits
    outcomes: dict[Outcome, int]
    versions: dict[str, str]
    shards: tuple[Shard, ...]
    rejected: tuple[Shard, ...]

    @property
    def files(self) -> tuple[Shard, ...]:
        """All shards, those of rejected dialogues included."""
        return (*self.shards, *self.rejected)

    @property
    def rows(self) -> int:
        """Number of rows to train on."""
        return sum(shard.lines for shard in self.shards)

    def write(self, folder: Path) -> None:
        """Write the manifest into `folder`, whole or not at all."""
        write_whole(folder / MANIFEST, [self.model_dump_json(indent=2)])


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of an exported folder.

    Raises:
        UsageError: there is none, or it cannot be read.
    """
    path = folder / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{folder} is no exported folder: cannot read {path}: {error.strerror}") from None
    except ValidationError as error:
        raise UsageError(f"{path} is no manifest: {describe_invalid(error)}") from None
