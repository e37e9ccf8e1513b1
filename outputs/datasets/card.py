"""The dataset card: what an export holds, how it was made, and how to load it."""

from functools import cache
from pathlib import Path

from jinja2 import Template

from agents.csc.language import Language
from agents.csc.strategies import STRATEGIES
from agents.csc.topics import TOPICS
from agents.prompts.templates import template_environment
from outputs.datasets.manifest import Manifest
from outputs.runs.run import Outcome, Provenance

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


@cache
def _template() -> Template:
    return template_environment(Path(__file__).parent).get_template("card.md")


def _size_category(rows: int) -> str:
    """Return the size category of the dataset hub.

    >>> _size_category(999), _size_category(1000)
    ('n<1K', '1K<n<10K')
    """
    return next((name for limit, name in _SIZES if rows < limit), "1M<n<10M")


def render_card(manifest: Manifest, provenance: Provenance) -> str:
    """Return the card of an export in Markdown with the YAML block that dataset hubs read."""
    language = Language(provenance.configuration["language"])
    rows = sum(shard.lines for shard in manifest.shards)
    return _template().render(
        manifest=manifest,
        configuration=provenance.configuration,
        language=language,
        rows=rows,
        size=_size_category(rows),
        kept=manifest.outcomes[Outcome.KEPT],
        played=sum(manifest.outcomes.values()) - manifest.outcomes[Outcome.PLANNED],
        strategies=STRATEGIES,
        topics=[TOPICS[code][language].name for code in provenance.configuration["topics"]],
    )
