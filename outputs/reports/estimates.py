"""How figures with their intervals are written, wherever they are shown."""

from quality.metrics.intervals import Estimate, Proportion


def describe_mean(figure: Estimate | Proportion) -> str:
    """Return a mean with its interval.

    >>> describe_mean(Estimate(value=4.25, low=4.0, high=4.5))
    '4.25 (4.00 to 4.50)'
    """
    return describe_figure(figure, digits=2)


def describe_share(figure: Estimate | Proportion) -> str:
    """Return a share in percent with its interval.

    >>> describe_share(Estimate(value=0.5, low=0.25, high=0.755))
    '50% (25 to 76)'
    """
    return describe_figure(figure, digits=0, scale=100, unit="%")


def describe_figure(
    figure: Estimate | Proportion, *, digits: int, scale: float = 1, unit: str = "", sign: str = ""
) -> str:
    """Return a figure with its interval; a dash where nothing was counted.

    Args:
        figure: to write.
        digits: behind the point.
        scale: by which it is multiplied.
        unit: behind the value; the ends of the interval go without.
        sign: that of Python's number formats.

    >>> describe_figure(Estimate(value=1.25, low=-1, high=3.5), digits=1, sign="+")
    '+1.2 (-1.0 to +3.5)'
    """
    if figure.value is None:
        return "-"
    form = f"{sign}.{digits}f"
    value = f"{scale * figure.value:{form}}{unit}"
    if figure.low is None or figure.high is None:
        return value
    return f"{value} ({scale * figure.low:{form}} to {scale * figure.high:{form}})"
