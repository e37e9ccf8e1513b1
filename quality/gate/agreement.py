"""How many of a call's labels the blind labeller must give as well: a share, or one of what this labeller reaches."""

from typing import Annotated

from pydantic import AfterValidator

from agents.shares import parse_share


def _check(asked: float | str) -> float | str:
    try:
        share = parse_share(asked)
    except ValueError:
        raise ValueError(
            "must be a share from 0 to 1, or a percentage such as 90% of what the labeller reaches"
        ) from None
    percent, *sign = str(asked).split("%")
    return f"{percent.strip()}%" if sign else share


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
