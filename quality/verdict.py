"""What the judge says of a call; whether the call is kept is computed from it, never said."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from quality.rubric import POINT_CODES


class PointVerdict(BaseModel):
    """The judge's answer on one point: why, resting on which one-based turns, and 1 (passed) or 0."""

    model_config = ConfigDict(frozen=True)

    reason: str = Field(min_length=1)
    turns: tuple[int, ...] = Field(min_length=1)
    verdict: Literal[0, 1]


class Verdict(BaseModel):
    """The judge's answer on a call: a verdict per point, or none and why it could not be read ("unscored")."""

    model_config = ConfigDict(frozen=True)

    points: dict[str, PointVerdict] = {}
    unscored: str | None = None

    @property
    def failed_points(self) -> list[str]:
        """The codes of the points not passed, in the order of the rubric; empty as well when unscored."""
        return [code for code in POINT_CODES if code in self.points and self.points[code].verdict == 0]

    @property
    def is_flawless(self) -> bool:
        """All five points are there and passed."""
        return set(self.points) == set(POINT_CODES) and not self.failed_points
