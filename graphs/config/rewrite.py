"""The settings of rewriting real calls: of speaking, of reading transcripts, and which calls and rewrites pass."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from graphs.config.settings import EMBEDDING_MODEL, SpeakingSettings, TranscriptSettings
from graphs.config.values import meets
from outputs.files import require_folder
from personas.distill.filters import RewriteFilters
from quality.fidelity.limits import FidelityLimits


def _check_flaws(flaws: tuple[str, ...]) -> tuple[str, ...]:
    from quality.gate.flaws import FLAWS

    if unknown := [flaw for flaw in flaws if flaw not in (*FLAWS, "none")]:
        raise ValueError(f"unknown flaw {unknown[0]!r}; the flaws are {', '.join(FLAWS)}, or none")
    return flaws


class RewriteSettings(SpeakingSettings, TranscriptSettings):
    """What rewriting real calls can be told."""

    out: Annotated[Path, meets(require_folder)] = Field(Path("rewritten"), description="Folder for the shards.")
    filters: RewriteFilters = Field(default_factory=RewriteFilters, description="Which calls are taken.")
    flaws: Annotated[tuple[str, ...], AfterValidator(_check_flaws)] = Field(
        ("abusive", "cold", "broken_off"),
        description="Flaws for which a call is not rewritten, separated by commas: abusive, cold, broken_off; or none.",
    )
    fidelity: FidelityLimits = Field(
        default_factory=FidelityLimits, description="How much a rewrite may differ from its original."
    )
    embedding_model: str | None = EMBEDDING_MODEL
    run: Path = Field(Path("rolecs-rewrite"), description="Run folder.")
    concurrency: int | None = Field(
        None, ge=1, description="Calls in flight; by default as many as the servers carry, found out as they run."
    )
