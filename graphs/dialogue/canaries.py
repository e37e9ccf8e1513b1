"""Calls with known faults that are sent through the gate beside a dialogue; nothing tells judge and labeller of it."""

from contextlib import suppress
from random import Random

from agents.errors import RequestError
from agents.llm.chat import Chat
from quality.gate.case import Case
from quality.gate.gate import Gate
from quality.trust.canaries import Canary, draw_canary


async def send_canaries(chat: Chat, gate: Gate, passed: Case | None, sound: Case, random: Random) -> tuple[Canary, ...]:
    """Send two calls through a gate: one with a planted fault, and a sound one.

    What the judge's server refuses is left out: it says nothing of the gate, and the dialogue has ended well.

    Args:
        chat: asks the judge.
        gate: that is tried.
        passed: the dialogue itself where it passed the gate: the fault is planted into it, else into the sound call.
        sound: a call that ships.
        random: decides on the fault and its place.
    """
    name, planted = draw_canary(passed or sound, random.getrandbits(31))
    canaries = []
    for fault, case in ((name, planted), (None, sound)):
        with suppress(RequestError):
            reasons = (await gate.examine(chat, case)).reasons
            canaries.append(Canary(fault=fault, rejected=bool(reasons), reasons=tuple(reasons)))
    return tuple(canaries)
