"""The dataset card: what an export holds, how it was made, and how to load it."""

import json
from functools import cache
from pathlib import Path

from jinja2 import Template
from pydantic import BaseModel

from agents.csc.emotions import Emotion
from agents.csc.language import Language
from agents.csc.strategies import STRATEGIES
from agents.csc.topics import topics_by_code
from agents.prompts.templates import template_environment
from outputs.datasets.features import card_features
from outputs.datasets.formats import CHATS, Format, StrategyLabels, rejected_type, row_type
from outputs.datasets.manifest import Manifest
from outputs.datasets.trainers import axolotl_snippet, dataset_info
from outputs.runs.run import Outcome, Provenance
from quality.gate.agreement import is_relative

UNKNOWN_LICENSE = "unknown"
_ROWS_TEXT = {
    Format.ROLECS: "A dialogue a row, with all that was decided: scenario, goal, persona, each turn's strategy or "
    "direction, the judge's verdict.",
    Format.CSCONV: "A dialogue a row, with the keys and labels of CSConv and RoleCS.",
    Format.ROLES: "A request of one of the roles that played a dialogue a row (`role`), as it was made (`messages`), "
    "and its `answer`; `options` are the answers that it could choose among. Split by `dialogue` and `persona`.",
    Format.MESSAGES: "A dialogue a row, as the supporter has it.",
    Format.PROMPT_COMPLETION: "A supporter's turn a row, behind all that was said before.",
    Format.SHAREGPT: "A dialogue a row, as the supporter has it.",
    Format.PREFS: "A turn that failed a check (`rejected`), and the one that was said in its place (`chosen`).",
}
_INLINE_TEXT = {
    StrategyLabels.INLINE: "The supporter's words have their strategy in front, as in `[GT] Good morning.`; "
    "the system line says so.",
    StrategyLabels.OFF: "The supporter's strategies are not in the words.",
}
_EMOTIONS_TEXT = (
    f"Customer turns have an `emotion`: its name ({', '.join(Emotion)}) and its intensity, 0 (neutral alone) to 2."
)
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


@cache
def _template() -> Template:
    return template_environment(Path(__file__).parent).get_template("card.md")


def _features(row_type: type[BaseModel]) -> str:
    """Return features in YAML: JSON is a part of it."""
    return json.dumps(card_features(row_type))


def _size_category(rows: int) -> str:
    """Return the size category of the dataset hub.

    >>> _size_category(999), _size_category(1000)
    ('n<1K', '1K<n<10K')
    """
    return next((name for limit, name in _SIZES if rows < limit), "1M<n<10M")


def _describe_agreement(asked: float | str) -> str:
    """Say what share of a call's labels was asked of the labeller.

    >>> _describe_agreement(0.6)
    "60% of each call's labels"
    """
    if is_relative(asked):
        return f"{asked} of the share of each call's labels that it gives on calls known to be sound"
    return f"{asked:.0%} of each call's labels"


def render_card(manifest: Manifest, provenance: Provenance, *, rewritten: bool) -> str:
    """Return the card of an export in Markdown with the YAML block that dataset hubs read.

    Args:
        manifest: of the export.
        provenance: of the run.
        rewritten: the dialogues are real calls that were rewritten.
    """
    language = Language(provenance.configuration["language"])
    shape = manifest.shape
    rows_text = f"{_ROWS_TEXT[shape.format]} {_INLINE_TEXT[shape.strategies] if shape.format in CHATS else ''}"
    if shape.emotions and shape.format is Format.ROLECS:
        rows_text += _EMOTIONS_TEXT
    return _template().render(
        manifest=manifest,
        title=f"{'Rewritten' if rewritten else 'Synthetic'} customer-support dialogues",
        rewritten=rewritten,
        agreement=_describe_agreement(provenance.configuration["min_agreement"]),
        license=UNKNOWN_LICENSE,
        features=_features(row_type(shape)),
        rejected_features=_features(rejected_type(shape)),
        suffix="parquet" if any(shard.name.endswith(".parquet") for shard in manifest.files) else "jsonl",
        rows_text=rows_text.rstrip(),
        llama_factory=bool(dataset_info(manifest)),
        axolotl=axolotl_snippet(manifest),
        configuration=provenance.configuration,
        language=language,
        rows=manifest.rows,
        size=_size_category(manifest.rows),
        kept=manifest.outcomes[Outcome.KEPT],
        played=sum(manifest.outcomes.values()) - manifest.outcomes[Outcome.PLANNED],
        strategies=STRATEGIES,
        topics=[topic.name for topic in topics_by_code(provenance.configuration["topics"], language).values()],
    )
