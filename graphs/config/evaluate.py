"""The settings of an evaluation: those of the model that answers, and how a judge is told of its answers."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from agents.csc.flow import Limits
from agents.csc.language import Language
from agents.llm.dialect import Dialect
from agents.llm.retry import RetryPolicy
from graphs.config.settings import JudgeSettings, OwnJudgeSettings, Secrets, ServerSettings

_ANSWERING = ("run", "model", "temperature", "top_p", "retry_policy", "metrics")
"""Settings of an evaluation that are not those of its judge."""


class EvaluateSettings(OwnJudgeSettings):
    """What evaluating a model on labelled dialogues can be told."""

    history: Literal["reference", "generated"] = Field(
        "reference",
        description="What the model is shown of a dialogue: it as it was (reference), or with its own turns in "
        "the supporter's place (generated).",
    )
    customer: bool = Field(
        False,
        description="Play whole calls: the judge's model is the customer, by the persona and goal of each dialogue.",
    )
    versus: tuple[str, ...] = Field(
        (), description="Another model to compare with, on the same dialogues, by paired differences; name several."
    )
    train: tuple[Path, ...] = Field(
        (),
        description="What the model was trained on, as `rolecs train` takes it: dialogues that overlap are named. By "
        "default, of an adapter, what its training.json names, where that is found.",
    )
    decontaminate: bool = Field(False, description="Leave out the dialogues that overlap with the training.")
    utterance_tokens: int = Field(200, ge=16, description="Longest utterance, in tokens.")
    limits: Limits = Field(default_factory=Limits, description="Shortest and longest call, in utterances.")
    embedding_model: str | None = Field(
        None,
        description="Sentence-transformers model for semantic F1 and overlaps, a hub name or a folder; one that suits "
        "the language by default. With none, neither is taken: on a CPU they are most of the work of the figures.",
    )
    run: Path = Field(Path("rolecs-evaluate"), description="Run folder; the results are written there.")
    temperature: float = Field(0.0, ge=0, description="Temperature of the model.")
    # One try: an answer that cannot be read is a wrong one, and not asked for until it is better.
    retry_policy: RetryPolicy = Field(RetryPolicy(attempts=1), description="Time-outs and retries.")

    @model_validator(mode="before")
    @classmethod
    def _play_own_turns(cls, given: Any) -> Any:
        return {"history": "generated", **given} if isinstance(given, dict) and given.get("customer") else given

    @model_validator(mode="after")
    def _check_customer(self) -> Self:
        if self.customer and self.history == "reference":
            raise ValueError("a customer who is played has no reference: history is generated")
        if self.customer and self.versus and not self.has_judge:
            raise ValueError("one customer for all models: name who plays it by judge_model or judge_base_url")
        return self

    @model_validator(mode="after")
    def _check_judge(self) -> Self:
        if self.has_judge and self.history == "reference" and not self.versus:
            raise ValueError("a judge judges calls and pairs: give history = generated, customer or versus as well")
        return self

    @property
    def has_judge(self) -> bool:
        """Whether a judge is named."""
        return self.judge_base_url is not None or self.judge_model is not None

    def judging(self, run: Path, language: Language) -> JudgeSettings:
        """Return the settings by which the judge that is named judges what was answered, in a run of its own."""
        shared = {name: getattr(self, name) for name in ServerSettings.model_fields if name not in _ANSWERING}
        url, model, headers, held = self.judge_server
        if url:
            # What the players' server is told is not for another one.
            shared |= {"base_url": (url,), "headers": headers or {}, "dialect": held or Dialect()}
        else:
            shared |= {"headers": headers or self.headers, "dialect": held or self.dialect}
        own = {"run": run, "model": model, "language": language, "limits": self.limits}
        return JudgeSettings.model_validate(shared | own)

    def judging_secrets(self, secrets: Secrets) -> Secrets:
        """Return the keys with which it does so: those of the models' server are not for another one."""
        return Secrets(api_key=secrets.judge_api_key) if self.judge_base_url else secrets
