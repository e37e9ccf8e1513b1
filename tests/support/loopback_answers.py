"""What the loopback server reads from a request and from texts: what is demanded, and what a text is taken for."""

import json
import re
import zlib
from typing import Any

from agents.csc.emotions import EMOTIONS, FEELINGS, STRONG, Feeling
from agents.csc.language import Language
from agents.csc.strategies import STRATEGIES
from quality.trust.canaries import sound_dialogues

MEANINGS = {str(code): [entry.wording[language].meaning for language in Language] for code, entry in STRATEGIES.items()}
SOUND = {
    turn.text: str(turn.strategy)
    for language in Language
    for call in sound_dialogues(language)
    for turn in call.turns
    if turn.strategy
}
"""The sound calls that ship, by which a job tries its gate: the labeller knows them."""
SAID = re.compile(r"^\[(\d+)\] [^:：]*[:：]\s*(\".*\")$", re.MULTILINE)


def hidden_strategy(text: str) -> str:
    """Return the strategy that a text uses: what is said as a supporter is drawn until this is the demanded one.

    So the labeller answers truly about each text that was said here, by the text alone.
    """
    if label := SOUND.get(text):
        return label
    return list(MEANINGS)[zlib.crc32(text.encode()) % len(MEANINGS)]


def hidden_feeling(text: str) -> Feeling:
    """Return the feeling that a text shows, by the text alone, as `hidden_strategy` does."""
    return list(FEELINGS.values())[zlib.crc32(text.encode()) % len(FEELINGS)]


def demanded_feeling(prompt: str) -> Feeling | None:
    """Return the feeling that a customer is told to speak with; None in other prompts."""
    task = prompt.rpartition("\n")[2]
    for emotion, wording in EMOTIONS.items():
        if found := re.search(
            rf"Feeling {wording[Language.EN].name}(, strongly)?\.|（{wording[Language.ZH].name}(，强烈)?）", task
        ):
            intensity = STRONG if found[1] or found[2] else 1
            return Feeling(name=emotion, intensity=0 if emotion == "neutral" else intensity)
    return None


def heard_feeling(text: str, hearing: float) -> str:
    """Return the code of the feeling that the labeller hears in a text: the right emotion for a share of the texts."""
    feeling = hidden_feeling(text)
    if zlib.crc32(b"heard " + text.encode()) < hearing * 2**32:
        return feeling.code
    return "excited 1" if feeling.name != "excited" else "neutral"


def demanded_strategy(prompt: str) -> str | None:
    """Return the strategy that a supporter is told to use; None in other prompts."""
    task = prompt.rpartition("\n")[2]
    if not task.startswith(("[Say]", "【发言】")):
        return None
    return next((code for code, meanings in MEANINGS.items() if any(meaning in task for meaning in meanings)), None)


def labels(schema: dict[str, Any], prompt: str, hearing: float) -> dict[str, str]:
    """Label the turns that a labeller is asked for, with strategies or with feelings."""
    texts = {f"turn_{number}": json.loads(text) for number, text in SAID.findall(prompt)}
    if "neutral" in json.dumps(schema):
        return {key: heard_feeling(texts.get(key, ""), hearing) for key in schema["properties"]}
    return {key: hidden_strategy(texts.get(key, "")) for key in schema["properties"]}


def demanded_schema(body: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema that an answer is to fit, by a field of its request or by the end of its prompt."""
    known = body.get("response_format", {}).get("json_schema", {}).get("schema") or body.get("guided_json")
    if known is None and "JSON schema:" in (prompt := body["messages"][-1]["content"]):
        known = json.loads(prompt.rpartition("\n")[2])
    return known
