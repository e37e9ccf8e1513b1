"""The events of a job, as records of the standard library's logging under the logger "rolecs", which is off by default.

An event has a fixed name and fields that are data of ours: keys, counts, names. What models and people wrote, and the
messages of errors, which may quote it, are texts: they are told only where the level is DEBUG.
"""

import logging
from collections.abc import Mapping

OFF = logging.CRITICAL + 1
EVENTS = logging.getLogger("rolecs")
EVENTS.setLevel(OFF)
# Handlers that others give to the root logger are not meant for these.
EVENTS.propagate = False


def tell(
    logger: logging.Logger,
    event: str,
    level: int = logging.INFO,
    *,
    texts: Mapping[str, object] | None = None,
    **fields: object,
) -> None:
    """Log an event.

    Args:
        logger: one under `EVENTS`.
        event: its fixed name.
        level: how grave it is, one of logging's levels.
        texts: further fields, which are left out unless texts are asked for.
        fields: its data, none of it text that a model or a person wrote; no names of a log record's own attributes.
    """
    if logger.isEnabledFor(level):
        more = texts if texts and logger.isEnabledFor(logging.DEBUG) else {}
        logger.log(level, event, extra={**fields, **more})
