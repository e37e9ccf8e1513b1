"""What records of real calls hold of the scrubber's second look."""

from typing import Final

from pydantic import Field

from outputs.runs.run import Counts, EndedItem

SECOND_LOOK: Final = "second look"
"""Group of counts: what a model found in the calls that the rules had left, by kind."""


class LookedAgain(EndedItem):
    """An item made of a real call.

    `second_look` counts what a model found in the call that the rules had left, by kind, where it was asked.
    """

    second_look: dict[str, int] = Field({}, exclude_if=lambda counts: not counts)

    @property
    def counts(self) -> Counts:
        """What a second look found, by kind, beside what other items count."""
        found = {(name,): count for name, count in self.second_look.items()}
        return super().counts | ({SECOND_LOOK: found} if found else {})
