"""How many of a call's labels the blind labeller must give as well: a share, or one of what this labeller reaches."""

import re
from typing import Annotated

from pydantic import AfterValidator

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%")


def _check(asked: float | str) -> float | str:
    found = _PERCENT.fullmatch(asked) if isinstance(asked, str) else None
    share = float(found[1]) / 100 if found else asked
    try:
        share = float(share)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError("must be a share from 0 to 1, or a percentage such as 90% of what the labeller reaches")
    return f"{found[1]}%" if found else share


MinAgreement = Annotated[float | str, AfterValidator(_check)]
"""A share of the labels from 0 to 1, or a percentage of the share that the labeller reaches on sound calls ("90%").

A weak labeller reaches less on a call that is flawless, so that a share that suits a strong one lets nothing pass.
"""


def is_relative(asked: float | str) -> bool:
    """Tell whether what is asked for depends on what the labeller reaches."""
    return isinstance(asked, str)


def required_agreement(asked: float | str, reach: float | None) -> float:
    """Return the share of a call's labels, from 0 to 1, that must agree.

    Args:
        asked: a `MinAgreement`.
        reach: the share that the labeller reaches on sound calls; None where it is not known: then none is required of
            what is asked for relative to it.
    """
    if isinstance(asked, str):
        return float(asked.removesuffix("%")) / 100 * (reach or 0.0)
    return asked
