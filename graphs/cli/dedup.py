"""`rolecs dedup`: merges the near-duplicates of persona pools."""

from pathlib import Path
from typing import Annotated

import typer

from graphs.cli.distill import show_pool
from graphs.cli.flags import read_flags, takes
from graphs.cli.terminal import POOL, output, progress
from graphs.config.loading import load_settings
from graphs.config.settings import PoolSettings
from graphs.scheduling.interrupts import interruptible
from outputs.files import require_apart


@takes(PoolSettings, *POOL)
def dedup(
    context: typer.Context,
    pools: Annotated[list[Path], typer.Argument(help="Persona pools, JSONL files.", metavar="POOLS")],
) -> None:
    """Merge the near-duplicates of persona pools into one pool of distinct personas."""
    settings = load_settings(PoolSettings, None, read_flags(context, PoolSettings))

    from graphs.jobs.build_pool import find_models, make_pool, merges_file, read_pools
    from outputs.reports.pool_summary import Stage, summarise_pool

    require_apart(pools, settings.out, merges_file(settings.out), settings.report)
    with interruptible(progress):
        personas = read_pools(pools)
        models = find_models(settings, {persona.language for persona in personas}, progress)
        stages = [Stage(name="read", count=len(personas))]
        summary = make_pool(personas, stages, settings, models, progress)
    output.print(summarise_pool(summary))
    show_pool(settings, output)
