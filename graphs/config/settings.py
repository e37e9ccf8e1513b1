"""The settings of a job: one pydantic model for each kind of job, from a TOML file and from flags (flags win).

Secrets come from the environment alone and are never written. Field descriptions are the help texts of the flags.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from agents.csc.flow import Limits
from agents.csc.language import Language
from agents.csc.topics import TOPICS
from agents.errors import UsageError, describe_invalid
from agents.llm.endpoint import normalise_base_url
from agents.llm.request import Sampling
from agents.llm.retry import RetryPolicy
from outputs.runs.cost import Budget, Prices
from personas.distill.filters import Filters

if TYPE_CHECKING:
    from quality.gate.gate import Gate


class JudgeServer(NamedTuple):
    """Where dialogues are judged; None stands for the players' server and model."""

    base_url: str | None = None
    model: str | None = None


class Goal(NamedTuple):
    """What a run is to reach and may spend: how many items are to be kept, the budget, and the prices that it goes by.

    Without a target, all that is planned is carried out.
    """

    target_kept: int | None = None
    budget: Budget = Budget()
    prices: Prices = Prices()


class Secrets(BaseSettings):
    """Keys of the servers, from ROLECS_API_KEY and ROLECS_JUDGE_API_KEY."""

    model_config = SettingsConfigDict(env_prefix="ROLECS_")

    api_key: SecretStr | None = None
    judge_api_key: SecretStr | None = None


def _check_topics(topics: tuple[str, ...]) -> tuple[str, ...]:
    if unknown := [topic for topic in topics if topic not in TOPICS]:
        raise ValueError(f"unknown topic {unknown[0]!r}; the topics are {', '.join(TOPICS)}")
    if not topics or len(set(topics)) < len(topics):
        raise ValueError("name at least one topic, and each of them once")
    return topics


def _check_folder(file: Path | None) -> Path | None:
    if file is not None and not file.parent.is_dir():
        raise ValueError(f"there is no folder {file.parent} to write {file.name} to")
    return file


_EMBEDDING_MODEL: str | None = Field(
    None, description="Sentence-transformers model, a hub name or a folder; one that suits the language by default."
)
BaseUrl = Annotated[str, AfterValidator(normalise_base_url)]


class ServerSettings(BaseModel):
    """What every job that talks to a model can be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: tuple[BaseUrl, ...] = Field(
        (), description="A running OpenAI-compatible server; name several for replicas. Starts vLLM by default."
    )
    model: str | None = Field(
        None,
        description="A model that the server has (its only one by default), or that vLLM is started with: a hub name, "
        "a folder, or smollm2, the default.",
    )
    engine_args: tuple[str, ...] = Field((), description="Further arguments for the vLLM that is started.")
    concurrency: int | None = Field(
        None, ge=1, description="Dialogues in flight; by default as many as the servers carry, found out as they run."
    )
    run: Path = Field(Path("rolecs-run"), description="Run folder.")
    seed: int = Field(0, description="Seed of everything that is drawn.")
    temperature: float = Field(0.8, ge=0, description="Temperature of the five roles; the judge is greedy.")
    top_p: float = Field(0.95, gt=0, le=1, description="Nucleus sampling.")
    thinking_tokens: int = Field(
        0, ge=0, description="Room for a reasoning model's thinking before each answer; 0 turns thinking off."
    )
    retry_policy: RetryPolicy = Field(default_factory=RetryPolicy, description="Time-outs and retries.")
    grace_period: float = Field(
        30.0, ge=0, allow_inf_nan=False, description="Seconds that an interrupted job has to end what is in flight."
    )
    budget_tokens: int | None = Field(
        None, ge=1, description="Prompt and generated tokens that the run may spend; it stops before."
    )
    budget_usd: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="US dollars that the run may spend, at the prices in the settings file; it stops before.",
    )
    prices: Prices = Field(default_factory=Prices, description="US dollars per million tokens.")
    log: Annotated[Path | None, AfterValidator(_check_folder)] = Field(
        None, description="File that the job's events are appended to, a JSON object a line, without any text."
    )
    log_texts: bool = Field(
        False, description="Put texts into the log too: the messages and the answer of each call, messages of errors."
    )
    metrics: Annotated[Path | None, AfterValidator(_check_folder)] = Field(
        None, description="File for the job's figures, as Prometheus' node_exporter reads it; ends in .prom."
    )
    trace: bool = Field(
        False, description="Send OpenTelemetry spans of dialogues and calls to where the OTEL_* variables say."
    )

    @model_validator(mode="after")
    def _check_prices(self) -> Self:
        if self.budget_usd is not None and not self.prices.are_given:
            raise ValueError("a budget in dollars needs a price: set input, cached or output in the table [prices]")
        return self

    @model_validator(mode="after")
    def _check_log(self) -> Self:
        if self.log_texts and self.log is None:
            raise ValueError("log_texts says what goes into a log: name a file by log")
        return self

    @property
    def goal(self) -> Goal:
        """When enough is done."""
        return Goal(None, Budget(self.budget_tokens, self.budget_usd), self.prices)

    @property
    def judge_server(self) -> JudgeServer:
        """Where the judge is."""
        return JudgeServer()

    @property
    def sampling(self) -> Sampling:
        """How answers are drawn."""
        return Sampling(self.temperature, self.top_p, self.thinking_tokens)


class GateSettings(ServerSettings):
    """What judging can be told."""

    language: Language = Field(Language.EN, description="Language of the dialogues.")
    judge_votes: int = Field(1, ge=1, description="Votes of the judge on each point; the majority decides.")
    min_agreement: float = Field(
        0.6, ge=0, le=1, description="Share of strategy labels that a labeller who does not see them must give as well."
    )
    limits: Limits = Field(default_factory=Limits, description="Shortest and longest call, in utterances.")

    @property
    def gate(self) -> "Gate":
        """What dialogues must pass."""
        # Imported late: it brings the client, which takes its time.
        from quality.gate.gate import Gate

        return Gate(self.limits, self.judge_votes, self.min_agreement)

    @property
    def judge_sampling(self) -> Sampling:
        """How the judge draws its answers: greedily."""
        return Sampling(0.0, 1.0, self.thinking_tokens)


class JudgeSettings(GateSettings):
    """What judging dialogues from a file can be told; `base_url` and `model` are the judge's."""

    run: Path = Field(Path("rolecs-judge"), description="Run folder.")


class Settings(GateSettings):
    """What playing and judging can be told."""

    dialogues: int = Field(10, ge=1, description="Dialogues to play.")
    target_kept: int | None = Field(
        None, ge=1, description="Play until this many dialogues are kept, whatever it takes; instead of --dialogues."
    )
    topics: Annotated[tuple[str, ...], AfterValidator(_check_topics)] = Field(
        tuple(TOPICS), description="Topics of the calls."
    )
    personas: Path | None = Field(None, description="Persona pool, a JSONL file; the one that ships by default.")
    balance: bool = Field(
        False,
        description="Spread personas and topics evenly from the first dialogue on, no pair twice before its turn.",
    )
    judge_base_url: BaseUrl | None = Field(None, description="Server of the judge; the same by default.")
    judge_model: str | None = Field(None, description="Model of the judge; the same by default.")
    utterance_tokens: int = Field(200, ge=16, description="Longest utterance, in tokens.")
    repairs: int = Field(
        2,
        ge=0,
        description="How often a turn that fails a check is said again before the call goes back by an exchange.",
    )
    canaries: float = Field(
        0.05, ge=0, le=1, description="Share of dialogues beside which calls with known faults test the gate."
    )
    gate_trial: Literal["stop", "tell", "skip"] = Field(
        "stop",
        description="Before the first dialogue the sound calls that ship go through the gate: stop the job if none "
        "passes, tell it and go on, or skip the trial.",
    )
    max_similarity: float = Field(
        0.92,
        gt=0,
        le=1,
        description="Cosine similarity from which a dialogue counts as an earlier one said again; 1 compares none.",
    )
    embedding_model: str | None = _EMBEDDING_MODEL
    # Excluded: where a run is played is not written into it, so that it can be resumed elsewhere.
    ray: str | None = Field(
        None,
        exclude=True,
        description="Play on the nodes of a Ray cluster: auto or host:port joins one; without a value the one that "
        "RAY_ADDRESS names, else a Ray that is started here.",
    )

    @property
    def goal(self) -> Goal:
        """When enough is done."""
        return super().goal._replace(target_kept=self.target_kept)

    @property
    def judge_server(self) -> JudgeServer:
        """Where the judge is."""
        return JudgeServer(self.judge_base_url, self.judge_model)

    def for_node(self) -> str:
        """Return the settings as JSON for a node of a cluster, without what the driver alone does there."""
        return self.model_dump_json(exclude={"run", "personas", "log", "log_texts", "metrics", "trace"})


class PoolSettings(BaseModel):
    """What making a pool of distinct personas can be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    out: Annotated[Path, AfterValidator(_check_folder)] = Field(
        Path("pool.jsonl"), description="File for the pool; the merges are listed in a file beside it."
    )
    threshold: float = Field(
        0.85, gt=0, le=1, description="Cosine similarity from which two personas count as one: the richer one stays."
    )
    embedding_model: str | None = _EMBEDDING_MODEL
    report: Annotated[Path | None, AfterValidator(_check_folder)] = Field(
        None, description="File for an HTML report on the pool."
    )


class DistillSettings(ServerSettings, PoolSettings):
    """What distilling personas can be told."""

    transcripts: tuple[str, ...] = Field(
        (), description="Files of transcripts: JSONL or text, also gzipped; - is standard input."
    )
    strict: bool = Field(False, description="Stop at the first line that cannot be read instead of skipping it.")
    filters: Filters = Field(default_factory=Filters, description="Which calls are distilled.")
    run: Path = Field(Path("rolecs-distill"), description="Run folder.")
    concurrency: int | None = Field(
        None, ge=1, description="Transcripts in flight; by default as many as the servers carry, found out as they run."
    )
    temperature: float = Field(0.0, ge=0, description="Temperature of the extraction.")


class EvaluateSettings(ServerSettings):
    """What evaluating a model on labelled dialogues can be told."""

    history: Literal["reference", "generated"] = Field(
        "reference",
        description="What the model is shown of a dialogue: it as it was (reference), or with its own turns in "
        "the supporter's place (generated).",
    )
    versus: tuple[str, ...] = Field(
        (), description="Another model to compare with, on the same dialogues, by paired differences; name several."
    )
    train: tuple[Path, ...] = Field(
        (),
        description="What the model was trained on, as `rolecs train` takes it: dialogues that overlap are named.",
    )
    decontaminate: bool = Field(False, description="Leave out the dialogues that overlap with --train.")
    utterance_tokens: int = Field(200, ge=16, description="Longest utterance, in tokens.")
    limits: Limits = Field(default_factory=Limits, description="Shortest and longest call, in utterances.")
    embedding_model: str | None = _EMBEDDING_MODEL
    run: Path = Field(Path("rolecs-evaluate"), description="Run folder; the results are written there.")
    temperature: float = Field(0.0, ge=0, description="Temperature of the model.")
    # One try: an answer that cannot be read is a wrong one, and not asked for until it is better.
    retry_policy: RetryPolicy = Field(RetryPolicy(attempts=1), description="Time-outs and retries.")

    @model_validator(mode="after")
    def _check_train(self) -> Self:
        if self.decontaminate and not self.train:
            raise ValueError("decontaminate leaves out what the model was trained on: name that by train")
        return self


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


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the settings file {path}: {error}") from None
