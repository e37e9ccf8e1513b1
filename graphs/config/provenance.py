"""What is written into a run beside its dialogues."""

import hashlib
import importlib.metadata
import platform
from collections.abc import Iterable, Sequence

from agents.engine.managed import installed_engine
from agents.prompts.rendering import prompts_digest
from graphs.config.settings import DistillSettings, JudgeSettings, Settings
from outputs.datasets.reader import Labelled
from outputs.runs.run import Provenance
from personas.distill.transcripts import Transcript
from personas.persona import Persona
from quality.gate.rubric import rubric_digest

VERSIONED = ("rolecs", "langgraph", "openai", "pydantic")
"""The packages whose versions are written, beside Python's and the engine's."""


def extractions_provenance(settings: DistillSettings, calls: Sequence[Transcript], model: str) -> Provenance:
    """Return the header of a distillation: the configuration that personas depend on, all settings, and versions."""
    configuration = settings.model_dump(
        mode="json", include={"seed", "temperature", "top_p", "thinking_tokens", "filters"}
    )
    configuration |= {
        "model": model,
        "transcripts": f"{len(calls)} ({_digest(map(repr, calls))})",
        "prompts": prompts_digest(),
    }
    return Provenance.build(configuration, settings.model_dump(mode="json"), _versions())


def dialogues_provenance(settings: Settings, pool: Sequence[Persona], model: str, judge_model: str) -> Provenance:
    """Return the header of a run: the configuration that its dialogues depend on, all settings, and versions."""
    configuration = settings.model_dump(
        mode="json",
        include={
            "language",
            "topics",
            "balance",
            "seed",
            "temperature",
            "top_p",
            "thinking_tokens",
            "utterance_tokens",
            "repairs",
            "judge_votes",
            "min_agreement",
            "canaries",
            "limits",
        },
    )
    configuration |= {
        "model": model,
        "judge_model": judge_model,
        "personas": f"{len(pool)} ({_digest(persona.digest() for persona in pool)})",
        "prompts": prompts_digest(),
        "rubric": rubric_digest(settings.language),
    }
    return Provenance.build(configuration, settings.model_dump(mode="json"), _versions())


def judgements_provenance(settings: JudgeSettings, dialogues: Sequence[Labelled], judge_model: str) -> Provenance:
    """Return the provenance of judgements: the configuration that they depend on, all settings, and versions."""
    configuration = settings.model_dump(
        mode="json", include={"language", "seed", "thinking_tokens", "judge_votes", "min_agreement", "limits"}
    )
    configuration |= {
        "model": judge_model,
        "dialogues": f"{len(dialogues)} ({_digest(map(repr, dialogues))})",
        "rubric": rubric_digest(settings.language),
    }
    return Provenance.build(configuration, settings.model_dump(mode="json"), _versions())


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("".join(texts).encode()).hexdigest()[:16]


def _versions() -> dict[str, str]:
    versions = {name: importlib.metadata.version(name) for name in VERSIONED}
    versions["python"] = platform.python_version()
    if engine := installed_engine():
        versions[engine.distribution] = engine.version
    return versions
