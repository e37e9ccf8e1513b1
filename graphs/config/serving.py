"""What serving the supporter can be told: settings beside those on servers, which every job has."""

import ipaddress
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from agents.csc.flow import Limits
from agents.csc.language import Language
from agents.csc.topics import topic_rows
from agents.llm.request import Sampling
from agents.llm.retry import RetryPolicy
from graphs.config.settings import OwnJudgeSettings
from graphs.config.values import meets
from outputs.files import require_file, require_parent


class ServeSettings(OwnJudgeSettings):
    """What serving the supporter can be told."""

    host: str = Field("127.0.0.1", description="Address to listen at; one beyond this machine needs a key or sites.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen at; 0 is any that is free.")
    db: Annotated[Path, meets(require_file)] = Field(
        Path("rolecs-serve.sqlite"), description="File for dialogues and scorecards, see `rolecs scorecard`."
    )
    audit: Annotated[Path | None, meets(require_parent)] = Field(
        None, description="File for the audit log, without texts; beside the scorecards by default."
    )
    key_file: Path | None = Field(
        None, description="File of keys, one a line, of those who may open sessions without a site and use /v1/chat."
    )
    sites: Path | None = Field(None, description="TOML file of the sites that show the widget.")
    allow_host: tuple[str, ...] = Field(
        (), description="A name that requests may be sent to (their Host header); name all where a proxy is in front."
    )
    proxy: tuple[str, ...] = Field(
        (), description="Address of a proxy in front, whose X-Forwarded-For is believed; name several."
    )
    language: Language = Field(Language.EN, description="Language where none is asked for.")
    topics: tuple[str, ...] = Field(
        (),
        description="What dialogues may be about: topics by code or group, or TOML files with topics and a company of "
        "your own, by which the supporter answers; by default all that ship.",
    )
    topic: str | None = Field(None, description="Topic of the dialogues that name none.")
    about: str = Field("", max_length=4000, description="The situation as the supporter is told of it: company, rules.")
    scrub_model: bool = Field(False, description="Replace private data before the model sees it, too.")
    keep_days: int = Field(30, ge=1, description="Days after which a dialogue is erased.")
    session_minutes: int = Field(120, ge=1, description="Minutes that a session is open.")
    requests_per_minute: int = Field(30, ge=1, description="Requests of one visitor of a site in a minute.")
    visitor_daily_tokens: int | None = Field(
        300_000, ge=1, description="Tokens that one visitor of a site may spend on a day."
    )
    daily_tokens: int | None = Field(None, ge=1, description="Tokens that the service may spend on a day (UTC).")
    max_characters: int = Field(1000, ge=20, description="Longest message of a customer.")
    turn_timeout_s: float = Field(60.0, gt=0, allow_inf_nan=False, description="Seconds that an answer may take.")
    utterance_tokens: int = Field(200, ge=16, description="Longest utterance, in tokens.")
    repairs: int = Field(2, ge=0, description="How often a turn that fails a check is said again.")
    limits: Limits = Field(
        Limits(min_utterances=6, max_utterances=80), description="Shortest and longest call, in utterances."
    )
    temperature: float = Field(0.3, ge=0, description="Temperature of the supporter.")
    practice: bool = Field(
        True, description="Have personas call operators who want to practise as the supporter, and judge how they did."
    )
    personas: Path | None = Field(
        None, description="Pool of those who call in practice, a JSONL file; the one that ships by default."
    )
    customer_temperature: float = Field(0.8, ge=0, description="Temperature of a persona who calls in practice.")
    concurrency: int = Field(256, ge=1, description="Turns in flight at a time; others wait for their turn.")
    # A customer waits: what does not answer soon is told so.
    retry_policy: RetryPolicy = Field(
        RetryPolicy(request_timeout_s=30.0, attempts=3, outage_s=8.0), description="Time-outs and retries."
    )

    @model_validator(mode="after")
    def _check_what_jobs_alone_know(self) -> Self:
        if self.budget_tokens is not None or self.budget_usd is not None:
            raise ValueError(
                "a service has a budget a day: give it as daily_tokens, not as budget_tokens or budget_usd"
            )
        if self.metrics is not None or self.trace:
            raise ValueError("a service has its metrics at /metrics, and no spans: take out metrics and trace")
        return self

    @model_validator(mode="after")
    def _check_openness(self) -> Self:
        if not self.is_local and self.key_file is None and self.sites is None:
            raise ValueError(f"host {self.host} is reached by others: name a key_file, or a file of sites")
        rows = topic_rows(self.topics)
        if self.topic and self.language not in rows.get(self.topic, {}):
            raise ValueError(f"no topic {self.topic!r} in {self.language}; the topics are {', '.join(rows)}")
        return self

    @property
    def is_local(self) -> bool:
        """Whether nobody beyond this machine can connect."""
        with suppress(ValueError):
            return ipaddress.ip_address(self.host).is_loopback
        return self.host == "localhost"

    @property
    def offers_practice(self) -> bool:
        """Whether somebody may practise: operators do, and where sites alone let people in there are none."""
        return self.practice and (self.key_file is not None or self.sites is None)

    @property
    def customer_sampling(self) -> Sampling:
        """How the answers of a persona who calls in practice are drawn."""
        return Sampling(self.customer_temperature, self.top_p, self.thinking_tokens)

    @property
    def audit_file(self) -> Path:
        """The audit log."""
        return self.audit or self.db.with_name(f"{self.db.name}.audit.jsonl")
