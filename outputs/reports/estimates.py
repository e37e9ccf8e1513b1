"""How estimates with their intervals are written."""

from quality.metrics.intervals import Estimate


def describe_mean(estimate: Estimate) -> str:
    """Return a mean with its interval.

    >>> describe_mean(Estimate(value=4.25, low=4.0, high=4.5))
    '4.25 [4.00, 4.50]'
    """
    return _describe(estimate, "{:.2f}", 1)


def describe_share(estimate: Estimate) -> str:
    """Return a share in percent with its interval.

    >>> describe_share(Estimate(value=0.5, low=0.25, high=0.755))
    '50% [25, 76]'
    """
    return _describe(estimate, "{:.0f}", 100, "%")


def _describe(estimate: Estimate, form: str, scale: float, unit: str = "") -> str:
    if estimate.value is None:
        return "-"
    text = form.format(scale * estimate.value) + unit
    if estimate.low is None or estimate.high is None:
        return text
    return f"{text} [{form.format(scale * estimate.low)}, {form.format(scale * estimate.high)}]"
