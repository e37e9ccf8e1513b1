"""`rolecs dedup`: merges the near-duplicates of persona pools."""

from pathlib import Path
from typing import Annotated

import typer

from agents.errors import UsageError
from graphs.cli.distill import show_pool
from graphs.cli.flags import read_flags, takes
from graphs.cli.terminal import POOL, output, progress
from graphs.config.loading import load_settings
from graphs.config.settings import PoolSettings
from graphs.scheduling.interrupts import interruptible


@takes(PoolSettings, *POOL)
def dedup(
    context: typer.Context,
    pools: Annotated[list[Path], typer.Argument(help="Persona pools, JSONL files.", metavar="POOLS")],
) -> None:
    """Merge the near-duplicates of persona pools into one pool of distinct personas."""
    settings = load_settings(PoolSettings, None, read_flags(context, PoolSettings))
    if settings.out.resolve() in [pool.resolve() for pool in pools]:
        raise UsageError(f"{settings.out} is one of the pools and would be written over: name another file by --out")

    from graphs.jobs.build_pool import find_models, make_pool, read_pools
    from outputs.reports.pool_summary import Stage, summarise_pool

    with interruptible(progress):
        personas = read_pools(pools)
        models = find_models(settings, {persona.language for persona in personas}, progress)
        stages = [Stage(name="read", count=len(personas))]
        summary = make_pool(personas, stages, settings, models, progress)
    output.print(summarise_pool(summary))
    show_pool(settings, output)
