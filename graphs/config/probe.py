"""The settings of a probe: those of a run that plays, and how the agent is reached."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from agents.shares import parse_share
from graphs.config.settings import GateTrialMode, Goal, Settings

Share = Annotated[float, BeforeValidator(parse_share)]
"""A share from 0 to 1, also written as a percentage."""


class ProbeSettings(Settings):
    """What probing an agent can be told.

    A settings file of `rolecs generate` serves here too; what it says of targets, canaries, near-duplicates and
    clusters plays no part.
    """

    agent: str | None = Field(
        None,
        description="The agent: the base URL of an OpenAI-compatible endpoint, or a TOML file that says how it is "
        "reached (docs/probing.md).",
    )
    agent_model: str | None = Field(None, description="The model that an OpenAI-compatible agent is asked for.")
    greeting: str | None = Field(
        None,
        description="What the agent says first, without being asked; by default it is told that the call is connected, "
        "and greets.",
    )
    agent_timeout: float = Field(60.0, gt=0, le=3600, description="Seconds that the agent has for each answer.")
    agent_attempts: int = Field(
        3, ge=1, le=20, description="How often a turn is sent to an agent that is busy (429, 502 to 504) or not there."
    )
    versus: tuple[str, ...] = Field(
        (),
        description="Another agent to compare with, on the same customers, by paired differences: like --agent, or the "
        "name of another model there; name several.",
    )
    hard: Share = Field(
        0.3,
        description="Share of calls with an impossible request, an injected instruction or private data, from 0 to 1 "
        "or in percent.",
    )
    rules: bool = Field(
        True,
        description="Broken rules of flow, length and wording lose a call; without, they are told and nothing more.",
    )
    dialogues: int = Field(20, ge=1, description="Calls to make.")
    concurrency: int | None = Field(4, ge=1, description="Calls in flight.")
    gate_trial: GateTrialMode = Field(
        "tell",
        description="Before the first call the sound calls that ship go through the judge: stop the job if none "
        "passes, tell it and go on, or skip the trial.",
    )
    run: Path = Field(Path("rolecs-probe"), description="Run folder.")

    @property
    def goal(self) -> Goal:
        """When enough is done: no target counts here."""
        return super().goal._replace(target_kept=None)
