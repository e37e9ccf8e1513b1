"""How people write a share: from 0 to 1, or as a percentage."""

import re

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%")


def parse_share(given: object) -> float:
    """Return a share from 0 to 1 that is written as such, or as a percentage.

    Raises:
        ValueError: it is neither.

    >>> parse_share("30%"), parse_share("0.3"), parse_share(1)
    (0.3, 0.3, 1.0)
    """
    percent = _PERCENT.fullmatch(str(given).strip())
    try:
        share = float(percent[1]) / 100 if percent else float(str(given))
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError(f"{given!r} is no share: write it from 0 to 1, or as a percentage such as 30%")
    return share
