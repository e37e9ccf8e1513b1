"""The settings of jobs: a pydantic model for each kind, here or in a file beside; `graphs.config.loading` makes them.

Secrets come from the environment alone and are never written. Field descriptions are the help texts of the flags.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from agents.csc.flow import Limits
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.topics import ROLECS_TOPICS, choose_topics, topics_by_code
from agents.csc.topics.topic import Topic
from agents.llm.dialect import Dialect
from agents.llm.endpoint import is_near
from agents.llm.request import Sampling
from agents.llm.retry import RetryPolicy
from graphs.config.values import BaseUrl, Columns, Headers, HeldDialect, Sides, meets
from outputs.files import require_file, require_parent
from outputs.runs.cost import Budget, Prices
from personas.distill.filters import Filters
from quality.gate.agreement import MinAgreement, is_relative

if TYPE_CHECKING:
    from personas.distill.transcripts import Reading
    from quality.gate.gate import Gate


class JudgeServer(NamedTuple):
    """Where dialogues are judged; None stands for the players' server and model, and what holds for these.

    `headers` and `held` are what `ChatClient` takes.
    """

    base_url: str | None = None
    model: str | None = None
    headers: Mapping[str, str] | None = None
    held: Dialect | None = None


class Goal(NamedTuple):
    """What a run is to reach and may spend: how many items are to be kept, the budget, and the prices that it goes by.

    Without a target, all that is planned is carried out.
    """

    target_kept: int | None = None
    budget: Budget = Budget()
    prices: Prices = Prices()


class Secrets(BaseSettings):
    """Keys of the servers, and of a probed agent: ROLECS_API_KEY, ROLECS_JUDGE_API_KEY and ROLECS_AGENT_API_KEY."""

    model_config = SettingsConfigDict(env_prefix="ROLECS_")

    api_key: SecretStr | None = None
    judge_api_key: SecretStr | None = None
    agent_api_key: SecretStr | None = None


EMBEDDING_MODEL: str | None = Field(
    None, description="Sentence-transformers model, a hub name or a folder; one that suits the language by default."
)
"""The setting of all kinds of jobs that embed texts."""
GateTrialMode = Literal["stop", "tell", "skip"]


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
    # Excluded, like all that may hold a key: it is not written into a run, nor sent to the nodes of a cluster.
    headers: Headers = Field(
        {},
        exclude=True,
        repr=False,
        description="A header of each request, 'NAME: VALUE'; never written down, so name it again with --resume.",
    )
    dialect: HeldDialect = Field(
        Dialect(),
        description="How the server wants its requests: NAME=VALUE of "
        f"{', '.join(Dialect.model_fields)}; what is not set is found out.",
    )
    preflight: bool = Field(
        True, description="Try a server out, by a word or two of each kind of request, before anything is spent there."
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
    log: Annotated[Path | None, meets(require_parent)] = Field(
        None, description="File that the job's events are appended to, a JSON object a line, without any text."
    )
    log_texts: bool = Field(
        False, description="Put texts into the log too: the messages and the answer of each call, messages of errors."
    )
    metrics: Annotated[Path | None, meets(require_parent)] = Field(
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

    @property
    def judge_sampling(self) -> Sampling:
        """How a judge draws its answers: greedily."""
        return Sampling(0.0, 1.0, self.thinking_tokens)


class OwnJudgeSettings(ServerSettings):
    """What a job can be told whose judge may be another model than the one that plays, on a server of its own."""

    judge_base_url: BaseUrl | None = Field(None, description="Server of the judge; the same by default.")
    judge_model: str | None = Field(None, description="Model of the judge; the same by default.")
    judge_headers: Headers = Field(
        {}, exclude=True, repr=False, description="A header of each request to the judge's server; like --header."
    )
    judge_dialect: HeldDialect = Field(Dialect(), description="How the judge wants its requests; like --dialect.")

    @property
    def judge_server(self) -> JudgeServer:
        """Where the judge is."""
        held = self.judge_dialect if self.judge_dialect.model_fields_set else None
        return JudgeServer(self.judge_base_url, self.judge_model, self.judge_headers or None, held)


class GateSettings(ServerSettings):
    """What judging can be told."""

    language: Language = Field(Language.EN, description="Language of the dialogues.")
    judge_votes: int = Field(1, ge=1, description="Votes of the judge on each point; the majority decides.")
    min_agreement: MinAgreement = Field(
        0.6,
        description="Share of strategy labels that a labeller who does not see them must give as well: from 0 to 1, or "
        "a percentage of what it reaches on sound calls, such as 90%.",
    )
    limits: Limits = Field(default_factory=Limits, description="Shortest and longest call, in utterances.")

    def gate(self, required: float) -> "Gate":
        """Return what dialogues must pass; `required` is the share of their labels that `min_agreement` comes to."""
        # Imported late: it brings the client, which takes its time.
        from quality.gate.gate import Gate

        return Gate(self.limits, self.judge_votes, required)


class JudgeSettings(GateSettings):
    """What judging dialogues from a file can be told; `base_url` and `model` are the judge's."""

    run: Path = Field(Path("rolecs-judge"), description="Run folder.")


class SpeakingSettings(GateSettings, OwnJudgeSettings):
    """What making dialogues can be told, played or rewritten, with a gate behind it."""

    utterance_tokens: int = Field(200, ge=16, description="Longest utterance, in tokens.")
    repairs: int = Field(
        4,
        ge=0,
        description="How often a turn that fails a check is said again, before it is decided anew what to say, and "
        "then the call goes back by an exchange.",
    )
    canaries: float = Field(
        0.05, ge=0, le=1, description="Share of dialogues beside which calls with known faults test the gate."
    )
    gate_trial: GateTrialMode = Field(
        "stop",
        description="Before the first dialogue the sound calls that ship go through the gate: stop the job if none "
        "passes, tell it and go on, or skip the trial.",
    )

    @model_validator(mode="after")
    def _check_trial(self) -> Self:
        if is_relative(self.min_agreement) and self.gate_trial == "skip":
            raise ValueError(
                "min_agreement in percent is of what the gate's trial finds out: gate_trial must not be skip"
            )
        return self


class Settings(SpeakingSettings):
    """What playing and judging can be told."""

    dialogues: int = Field(10, ge=1, description="Dialogues to play.")
    target_kept: int | None = Field(
        None, ge=1, description="Play until this many dialogues are kept, whatever it takes; instead of --dialogues."
    )
    # Those of a user's own stand here whole: a run has them without their file.
    topics: tuple[str | Topic, ...] = Field(
        ROLECS_TOPICS,
        description="Topics of the calls, by code or group, or TOML files with topics of your own; `rolecs topics` "
        "lists those that ship.",
    )
    personas: Path | None = Field(None, description="Persona pool, a JSONL file; the one that ships by default.")
    balance: bool = Field(
        False,
        description="Spread personas and topics evenly from the first dialogue on, no pair twice before its turn.",
    )
    emotions: bool = Field(
        False,
        description="Customer turns carry an emotion and its intensity, by a course over the call; a blind labeller "
        "says what it hears.",
    )
    max_similarity: float = Field(
        0.92,
        gt=0,
        le=1,
        description="Cosine similarity from which a dialogue counts as an earlier one said again; 1 compares none.",
    )
    embedding_model: str | None = EMBEDDING_MODEL
    # Excluded: where a run is played is not written into it, so that it can be resumed elsewhere.
    ray: str | None = Field(
        None,
        exclude=True,
        description="Play on the nodes of a Ray cluster: auto or host:port joins one; without a value the one that "
        "RAY_ADDRESS names, else a Ray that is started here.",
    )

    @field_validator("topics")
    @classmethod
    def _choose_topics(cls, topics: tuple[str | Topic, ...], info: ValidationInfo) -> tuple[str | Topic, ...]:
        return choose_topics(topics, info.data.get("language", Language.EN))

    @property
    def played_topics(self) -> dict[str, Topic]:
        """The topics by code, in the language of the dialogues."""
        return topics_by_code(self.topics, self.language)

    @model_validator(mode="after")
    def _check_nodes(self) -> Self:
        if self.ray is not None and (self.headers or self.judge_headers):
            raise ValueError("headers may hold keys and are not sent to a cluster's nodes: give none with ray")
        return self

    @property
    def goal(self) -> Goal:
        """When enough is done."""
        return super().goal._replace(target_kept=self.target_kept)

    def for_node(self) -> str:
        """Return the settings as JSON for a node of a cluster, without what the driver alone does there."""
        return self.model_dump_json(exclude={"run", "personas", "log", "log_texts", "metrics", "trace"})


class PoolSettings(BaseModel):
    """What making a pool of distinct personas can be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    out: Annotated[Path, meets(require_file)] = Field(
        Path("pool.jsonl"), description="File for the pool; the merges are listed in a file beside it."
    )
    threshold: float = Field(
        0.85, gt=0, le=1, description="Cosine similarity from which two personas count as one: the richer one stays."
    )
    embedding_model: str | None = EMBEDDING_MODEL
    report: Annotated[Path | None, meets(require_file)] = Field(
        None, description="File for an HTML report on the pool."
    )


class TranscriptSettings(ServerSettings):
    """What jobs on transcripts of real calls can be told."""

    transcripts: tuple[str, ...] = Field(
        (),
        description="Files of transcripts: text, WebVTT, SubRip, CSV, TSV, JSON or JSON lines, also gzipped; - is "
        "standard input.",
    )
    speakers: Sides = Field(
        {},
        description="Whose side a name in the transcripts is on: NAME=agent, NAME=customer, or NAME=none to leave it "
        "out; may be repeated.",
    )
    columns: Columns = Field(
        {},
        description="Columns of tables that are not found by their names: speaker=WHO,text=SAID,id=CALL,turn=NUMBER; "
        "by numbers from 1 where no line has names.",
    )
    strict: bool = Field(
        False,
        description="Stop at the first line that cannot be read or third voice instead of leaving it out.",
    )
    scrub_with_model: bool = Field(
        False,
        description="Ask the model itself, once a call, what private data the rules have left; for a model on this "
        "machine or in a private network.",
    )

    @model_validator(mode="after")
    def _check_near(self) -> Self:
        far = next((url for url in self.base_url if not is_near(urlsplit(url).hostname or "")), None)
        if self.scrub_with_model and far:
            raise ValueError(
                f"scrub_with_model shows the model what the rules have left, and {far} may be anybody's: name a server "
                "by a loopback or private address, such as http://10.0.0.5:8000, or let rolecs start one"
            )
        return self

    @property
    def reading(self) -> "Reading":
        """How transcripts are read."""
        # Imported late, as are the parts of tables: they bring the scrubber, which takes its time.
        from personas.distill.transcripts import Reading

        sides = {name: None if side == "none" else Speaker(side) for name, side in self.speakers.items()}
        return Reading(sides, self.columns)


class DistillSettings(TranscriptSettings, PoolSettings):
    """What distilling personas can be told."""

    filters: Filters = Field(default_factory=Filters, description="Which calls are distilled.")
    run: Path = Field(Path("rolecs-distill"), description="Run folder.")
    concurrency: int | None = Field(
        None, ge=1, description="Transcripts in flight; by default as many as the servers carry, found out as they run."
    )
    temperature: float = Field(0.0, ge=0, description="Temperature of the extraction.")


class LabelSettings(TranscriptSettings):
    """What labelling real calls can be told."""

    out: Annotated[Path, meets(require_file)] = Field(
        Path("labelled.jsonl"), description="File for the labelled calls, a JSON object a line."
    )
    emotions: bool = Field(True, description="Label the customer's turns with emotions as well.")
    run: Path = Field(Path("rolecs-label"), description="Run folder.")
    concurrency: int | None = Field(
        None, ge=1, description="Calls in flight; by default as many as the servers carry, found out as they run."
    )
    temperature: float = Field(0.0, ge=0, description="Temperature of the labeller.")
