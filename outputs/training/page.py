"""The HTML report on a training: its loss as a curve, the held-out figures, the data. One file without scripts."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from outputs.reports.assets import page_head, page_template
from outputs.training.result import Training

WIDTH, HEIGHT = 960, 320
_LEFT, _BOTTOM, _TOP = 48, 24, 8
_TICKS = 6
"""The most steps from mark to mark of an axis."""
_SMOOTHING = 0.9
"""Share that the mean so far keeps in the smoothed curve."""


class Tick(NamedTuple):
    """A mark of an axis: where it is, in units of the picture, and what it says."""

    place: float
    label: str


class Point(NamedTuple):
    """A point of a curve, in units of the picture, and what is said of it."""

    x: float
    y: float
    label: str


class Chart(NamedTuple):
    """The picture of a loss by step: curves as SVG points, ticks of the axes."""

    width: int
    height: int
    left: int
    rows: list[Tick]
    columns: list[Tick]
    steps: str
    smooth: str
    held: list[Point]


def render_training(title: str, training: Training) -> str:
    """Return the page."""
    return page_template("training.html").render(
        title=title,
        training=training,
        time=f"{training.seconds / 60:,.0f} min",
        chart=draw_loss(training),
        parts={"trained on": training.train, "held out": training.held_out_rows},
        head=page_head(f"{title} · rolecs training"),
    )


def draw_loss(training: Training) -> Chart:
    """Return the picture of a training's loss."""
    losses = [step.loss for step in training.curve]
    held = [measured.loss["all"] for measured in training.held_out]
    top = max([*losses, *held]) * 1.05
    last = max(len(losses), 1)

    def x(step: float) -> float:
        return _LEFT + (WIDTH - _LEFT) * step / last

    def y(loss: float) -> float:
        return _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - loss / top)

    def points(values: Iterable[float]) -> str:
        return " ".join(f"{x(number):.1f},{y(loss):.1f}" for number, loss in enumerate(values, start=1))

    return Chart(
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        rows=[Tick(y(loss), f"{loss:.4g}") for loss in _marks(top)],
        columns=[Tick(x(step), f"{step:,.0f}") for step in _marks(last) if step.is_integer()],
        steps=points(losses),
        smooth=points(_smooth(losses)),
        held=[
            Point(x(measured.step), y(loss), f"held out after {measured.step:,} steps: {loss:.3f}")
            for measured, loss in zip(training.held_out, held, strict=True)
        ],
    )


def _marks(top: float) -> list[float]:
    """Return round numbers from 0 to `top`, 1, 2 or 5 times a power of ten apart.

    >>> _marks(3.28), _marks(429)
    ([0.0, 1.0, 2.0, 3.0], [0.0, 100.0, 200.0, 300.0, 400.0])
    """
    power = 10.0 ** math.floor(math.log10(top / _TICKS))
    step = next(factor * power for factor in (1, 2, 5, 10) if top / (factor * power) <= _TICKS)
    return [round(number * step, 9) for number in range(int(top / step) + 1)]


def _smooth(losses: Sequence[float]) -> list[float]:
    """Return the exponential moving average of losses, without the pull of where it begins (as in Adam).

    >>> [round(loss, 3) for loss in _smooth([2.0, 1.0])]
    [2.0, 1.474]
    """
    mean, weight, smoothed = 0.0, 0.0, []
    for loss in losses:
        mean = _SMOOTHING * mean + (1 - _SMOOTHING) * loss
        weight = _SMOOTHING * weight + 1 - _SMOOTHING
        smoothed.append(mean / weight)
    return smoothed
