"""What is written into a run beside its dialogues."""

import importlib.metadata
import platform
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from agents.csc.emotions import COURSES, EMOTIONS
from agents.csc.language import Language
from agents.csc.topics import TOPICS
from agents.csc.topics.topic import Topic
from agents.digests import digest
from agents.engine.demo_model import DEMO_MODELS, demo_model_version
from agents.engine.managed import installed_engine
from agents.prompts.rendering import prompt_sources
from agents.roles import COMPANY_PROMPTS, CUSTOMER_PROMPTS, EMOTION_PROMPTS, ROLE_PROMPTS, SUPPORTER_PROMPTS
from agents.roles.rewriter import REWRITER_PROMPTS
from graphs.config.evaluate import EvaluateSettings
from graphs.config.probe import ProbeSettings
from graphs.config.rewrite import RewriteSettings
from graphs.config.settings import (
    DistillSettings,
    GateSettings,
    JudgeSettings,
    LabelSettings,
    Settings,
    TranscriptSettings,
)
from outputs.datasets.dialogues import Labelled
from outputs.runs.run import Provenance
from personas.distill.extraction import DISTILL_PROMPTS
from personas.distill.ingest import Ingested
from personas.distill.second_look import SECOND_LOOK_PROMPTS
from personas.distill.transcripts import Transcript
from personas.persona import Persona
from quality.checks.structured_checks import DIRECTION_HINTS, PLAN_HINTS
from quality.checks.turn_checks import HINTS
from quality.fidelity.comparison import FIDELITY_PROMPTS
from quality.fidelity.turn_facts import FACT_HINTS
from quality.gate.labeller import EMOTION_LABELLER_PROMPTS, LABELLER_PROMPTS
from quality.gate.preference import PREFERENCE_PROMPTS
from quality.gate.review import REVIEW_PROMPTS
from quality.gate.rubric import company_rubric_digest, rubric_digest
from quality.trust.calibration import GateStamp

if TYPE_CHECKING:
    from outputs.evaluation.judging import Contest

VERSIONED = ("rolecs", "langgraph", "openai", "pydantic")
"""The packages whose versions are written, beside Python's, the engine's and that of a demo model's weights."""


def extractions_provenance(settings: DistillSettings, calls: Sequence[Transcript], model: str) -> Provenance:
    """Return the header of a distillation: the configuration that personas depend on, all settings, and versions."""
    configuration = settings.model_dump(
        mode="json", include={"seed", "temperature", "top_p", "thinking_tokens", "filters"}
    )
    configuration |= _describe_calls(settings, calls, DISTILL_PROMPTS) | {"model": model}
    return _header(configuration, settings, model)


def dialogues_provenance(settings: Settings, pool: Sequence[Persona], model: str, judge_model: str) -> Provenance:
    """Return the header of a run: the configuration that its dialogues depend on, all settings, and versions."""
    configuration = _describe_play(settings, pool, judge_model, "canaries") | {"model": model}
    return _header(configuration, settings, model, judge_model)


def probes_provenance(
    settings: ProbeSettings,
    pool: Sequence[Persona],
    agent: Mapping[str, Any],
    hardness: str,
    model: str,
    judge_model: str,
) -> Provenance:
    """Return the header of a probe: the configuration that its calls depend on, all settings, and versions.

    Args:
        settings: of the probe.
        pool: who calls.
        agent: how the agent is reached, without keys; its name is the run's model.
        hardness: a digest of what hard calls are made of.
        model: the customer's.
        judge_model: the judge's.
    """
    configuration = _describe_play(settings, pool, judge_model, "greeting", "hard", "rules") | {
        "model": agent["name"],
        "agent": digest(agent),
        "hardness": hardness,
        "customer_model": model,
    }
    return _header(configuration, settings, model, judge_model)


def judgements_provenance(settings: JudgeSettings, dialogues: Sequence[Labelled], judge_model: str) -> Provenance:
    """Return the provenance of judgements: the configuration that they depend on, all settings, and versions."""
    configuration = settings.model_dump(
        mode="json", include={"language", "seed", "thinking_tokens", "judge_votes", "min_agreement", "limits"}
    )
    configuration |= {
        "model": judge_model,
        "dialogues": _describe([_digest_dialogue(dialogue) for dialogue in dialogues]),
        "rubric": rubric_digest(settings.language),
    }
    configuration |= _describe_companies((dialogue.full_topic for dialogue in dialogues), [settings.language])
    return _header(configuration, settings, judge_model)


def annotations_provenance(settings: LabelSettings, calls: Sequence[Transcript], model: str) -> Provenance:
    """Return the provenance of labels: the configuration that they depend on, all settings, and versions."""
    configuration = settings.model_dump(
        mode="json", include={"seed", "temperature", "top_p", "thinking_tokens", "emotions"}
    )
    prompts = (*LABELLER_PROMPTS, *(EMOTION_LABELLER_PROMPTS if settings.emotions else ()))
    configuration |= _describe_calls(settings, calls, prompts) | {"model": model}
    return _header(configuration, settings, model)


def evaluations_provenance(
    settings: EvaluateSettings, dialogues: Sequence[Labelled], model: str, judge_model: str
) -> Provenance:
    """Return the provenance of an evaluation: the configuration that its answers depend on, all settings, versions."""
    configuration = settings.model_dump(
        mode="json",
        include={"history", "seed", "temperature", "top_p", "thinking_tokens", "utterance_tokens", "limits"},
    )
    languages = sorted({dialogue.language for dialogue in dialogues})
    configuration |= {
        "model": model,
        "dialogues": _describe([_digest_dialogue(dialogue) for dialogue in dialogues]),
        "prompts": digest({language: prompt_sources(language, SUPPORTER_PROMPTS) for language in languages}),
    }
    if settings.customer:
        told = digest({language: prompt_sources(language, CUSTOMER_PROMPTS) for language in languages})
        configuration |= {"customer": judge_model, "customer_prompts": told}
    configuration |= _describe_companies((dialogue.full_topic for dialogue in dialogues), languages)
    return _header(configuration, settings, model, judge_model)


def pairs_provenance(settings: JudgeSettings, contests: "Sequence[Contest]", judge_model: str) -> Provenance:
    """Return the provenance of judged pairs: the configuration that they depend on, all settings, and versions."""
    configuration = settings.model_dump(mode="json", include={"language", "seed", "thinking_tokens"})
    configuration |= {
        "model": judge_model,
        "dialogues": _describe([digest(contest) for contest in contests]),
        "prompts": digest(prompt_sources(settings.language, PREFERENCE_PROMPTS)),
    }
    return _header(configuration, settings, judge_model)


def rewritings_provenance(
    settings: RewriteSettings,
    calls: Sequence[Transcript],
    ingested: Ingested,
    model: str,
    judge_model: str,
    encoder: str | None,
) -> Provenance:
    """Return the header of a run of rewritten calls: the configuration that they depend on, all settings, versions.

    Args:
        settings: of the job.
        calls: that are rewritten.
        ingested: how many were read, and left out by which rule.
        model: that rewrites.
        judge_model: that judges and compares.
        encoder: the name of what embeds customers' utterances, if anything does.
    """
    configuration = settings.model_dump(
        mode="json",
        include={
            *("language", "seed", "temperature", "top_p", "thinking_tokens", "utterance_tokens", "repairs"),
            *("judge_votes", "min_agreement", "canaries", "limits", "filters", "flaws", "fidelity"),
        },
    )
    prompts: tuple[str, ...] = (*REWRITER_PROMPTS, *REVIEW_PROMPTS, *FIDELITY_PROMPTS)
    if settings.scrub_with_model:
        configuration["scrub_with_model"] = True
        prompts += SECOND_LOOK_PROMPTS
    language = settings.language
    hints = _hints(language, PLAN_HINTS, HINTS, FACT_HINTS)
    topics = {code: (row[language].name, row[language].sentence) for code, row in TOPICS.items()}
    configuration |= {
        "model": model,
        "judge_model": judge_model,
        "encoder": encoder,
        "topics": list(TOPICS),
        "personas": "the customers of the calls",
        "transcripts": _describe([digest(call) for call in calls]),
        "read": ingested.read,
        "filtered": dict(sorted(ingested.filtered.items())),
        "prompts": digest({"prompts": prompt_sources(language, prompts), "topics": topics, "hints": hints}),
        "rubric": rubric_digest(language),
    }
    configuration |= _describe_companies((row[language] for row in TOPICS.values()), [language])
    return _header(configuration, settings, model, judge_model)


def _header(configuration: dict[str, Any], settings: BaseModel, *models: str) -> Provenance:
    """Return the header of a run of this configuration, with all settings of its job, and versions."""
    return Provenance.build(configuration, settings.model_dump(mode="json"), _versions(*models))


def _describe_calls(
    settings: TranscriptSettings, calls: Sequence[Transcript], prompts: tuple[str, ...]
) -> dict[str, Any]:
    """Return what is read of real calls, and what is told a model about them in their languages."""
    if settings.scrub_with_model:
        prompts += SECOND_LOOK_PROMPTS
    told = {language: prompt_sources(language, prompts) for language in sorted({call.language for call in calls})}
    described = {"transcripts": _describe([digest(call) for call in calls]), "prompts": digest(told)}
    return described | ({"scrub_with_model": True} if settings.scrub_with_model else {})


def _describe_play(settings: Settings, pool: Sequence[Persona], judge_model: str, *further: str) -> dict[str, Any]:
    """Return what calls of a pool depend on, whoever answers them; `further` settings count as well."""
    told = settings.model_dump(
        mode="json",
        include={
            *("language", "topics", "balance", "seed", "temperature", "top_p", "thinking_tokens", "utterance_tokens"),
            *("repairs", "judge_votes", "min_agreement", "limits", *further),
        },
    )
    companies = _describe_companies(settings.played_topics.values(), [settings.language])
    # Without emotions the configuration is the one that runs before there were any have.
    emotions = {"emotions": digest(_emotion_texts(settings.language))} if settings.emotions else {}
    return (
        told
        | companies
        | emotions
        | {
            "judge_model": judge_model,
            "personas": _describe([persona.digest() for persona in pool]),
            "prompts": digest(_played_texts(settings)),
            "rubric": rubric_digest(settings.language),
        }
    )


def _played_texts(settings: Settings) -> dict[str, object]:
    """Return all that the roles are told beside persona and dialogue: prompts, topics, hints on what failed a check."""
    language = settings.language
    return {
        "prompts": prompt_sources(language, ROLE_PROMPTS),
        "topics": {code: (topic.name, topic.sentence) for code, topic in settings.played_topics.items()},
        "hints": _hints(language, PLAN_HINTS, DIRECTION_HINTS, HINTS),
    }


def _hints(language: Language, *tables: Mapping[str, Mapping[Language, str]]) -> list[dict[str, str]]:
    """Return what is told of a failed check, by check, table by table."""
    return [{check: hint[language] for check, hint in table.items()} for table in tables]


def _emotion_texts(language: Language) -> dict[str, object]:
    """Return all that the roles and the labeller are told for the customer's turns to carry emotions."""
    return {
        "prompts": prompt_sources(language, EMOTION_PROMPTS + EMOTION_LABELLER_PROMPTS),
        "names": {name: wording[language] for name, wording in EMOTIONS.items()},
        "courses": {code: course.wording[language] for code, course in COURSES.items()},
    }


def _describe_companies(topics: Iterable[Topic | None], languages: Sequence[Language]) -> dict[str, str]:
    """Return what else items depend on where prompts say more than names: nothing for the topics of RoleCS.

    A user's own topics stand in the configuration or with their dialogues, so their prompts alone count here.
    """
    told = [topic for topic in topics if topic and not topic.is_plain]
    if not told:
        return {}
    shipped = {topic.name: topic for topic in told if topic.code in TOPICS}
    prompts = [(prompt_sources(language, COMPANY_PROMPTS), company_rubric_digest(language)) for language in languages]
    return {"companies": digest((shipped, prompts))}


def _digest_dialogue(dialogue: Labelled) -> str:
    """Return the digest of a dialogue; what only topics of a user's own have does not count where there is none."""
    return digest([value for name, value in dialogue._asdict().items() if value or name != "own_topic"])


def _describe(digests: Sequence[str]) -> str:
    """Say how many things there are, and which, by their digests."""
    return f"{len(digests)} ({digest(digests)})"


def gate_stamp(settings: GateSettings, judge_model: str) -> GateStamp:
    """Return the stamp of the gate that settings and a judge make."""
    return GateStamp(
        language=settings.language,
        judge_model=judge_model,
        weights=_demo_versions(judge_model).get(judge_model),
        rubric=rubric_digest(settings.language),
        votes=settings.judge_votes,
        min_agreement=settings.min_agreement,
    )


def _versions(*models: str) -> dict[str, str]:
    versions = {name: importlib.metadata.version(name) for name in VERSIONED} | _demo_versions(*models)
    versions["python"] = platform.python_version()
    if engine := installed_engine():
        versions[engine.distribution] = engine.version
    return versions


def _demo_versions(*models: str) -> dict[str, str]:
    return {name: demo_model_version(name) for name in DEMO_MODELS if name in models}
