"""The HTML report on a run: one file with its figures and all its dialogues, that reads nothing else and sends nothing.

The dialogues lie in the page packed, `CHUNK` together, and the page's script unpacks those that are looked at: ten
thousand of them would be 60 MB of JSON to parse. Only a small index of all is read at once. The script writes texts as
text, and a content security policy lets no other script run and nothing be loaded.
"""

import base64
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from agents.csc.emotions import COURSES, EMOTIONS, Emotion
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import STRATEGIES, Stage, Strategy, name_of
from agents.csc.topics import topics_by_code
from outputs.reports import run_figures
from outputs.reports.assets import page_head, page_template
from outputs.reports.rewriting_table import Row, describe
from outputs.runs.record import DialogueCounts, Record
from outputs.runs.run import EndedItem, Funnel
from quality.metrics.corpus import CorpusFigures, compare

CHUNK = 100
"""How many dialogues are packed together, and unpacked when one of them is opened."""
SUMMARY_CHARACTERS = 160
"""How much of a scenario stands in the list of dialogues."""
SHOWN_SETTINGS = ("language", "model", "judge_model", "topics", "seed")
"""What of the configuration the head of the page says; the rest can be unfolded."""
_PLEASANT = frozenset({Emotion.SATISFIED, Emotion.EXCITED})
LANGUAGES = {Language.EN: "English", Language.ZH: "Chinese"}

_SCRIPT_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "\u2028": "\\u2028", "\u2029": "\\u2029"})


class RunReport(NamedTuple):
    """What a report tells of a run.

    `gate` are sentences on how far the gate can be trusted; `figures` are those of the kept dialogues, None when none
    was kept; `records` are the dialogues that have ended, in the order of the plan, read once; `rewritten` is the table
    of calls before and after they were rewritten, empty for a run that plays.
    """

    title: str
    configuration: dict[str, Any]
    versions: dict[str, str]
    funnel: Funnel
    gate: list[str]
    figures: CorpusFigures | None
    records: Iterable[Record]
    rewritten: Sequence[Row] = ()


def render_report(report: RunReport) -> Iterator[str]:
    """Yield the page in pieces, each a whole number of lines without the last line end.

    No more than `CHUNK` dialogues are in memory at a time, beside the index of all.
    """
    yield _render_head(report)
    rows: list[list[object]] = []
    records = iter(report.records)
    while chunk := list(islice(records, CHUNK)):
        yield f'<script type="text/plain" class="dialogues">{pack(chunk)}</script>'
        rows += map(_index_row, chunk)
    language = Language(report.configuration["language"])
    topics = topics_by_code(report.configuration["topics"], language)
    index = vocabulary(language) | {
        "chunk": CHUNK,
        "topics": {code: topic.name for code, topic in topics.items()},
        "rows": rows,
    }
    yield f'<script type="application/json" id="index">{script_json(index)}</script>'
    yield "</body>\n</html>"


def script_json(value: object) -> str:
    r"""Return JSON that can stand in a script element: no text in it can end the element or begin a comment.

    >>> script_json(["</script>", "<!--"])
    '["\\u003c/script\\u003e","\\u003c!--"]'
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_SCRIPT_ESCAPES)


def pack(records: Iterable[EndedItem]) -> str:
    """Return records as a JSON array, compressed by zlib, in base64."""
    texts = (record.model_dump_json(exclude={"usage": True, "persona": {"sources"}}) for record in records)
    return base64.b64encode(zlib.compress(f"[{','.join(texts)}]".encode())).decode()


def _render_head(report: RunReport) -> str:
    """Return the page down to the end of its figures."""
    configuration, funnel, figures = report.configuration, report.funnel, report.figures
    language = Language(configuration["language"])
    return page_template("run.html").render(
        head=page_head(f"{report.title} · rolecs report", scripts=("reader.js", "run.js")),
        report=report,
        funnel=funnel,
        figures=figures,
        language=language,
        language_name=LANGUAGES[language],
        topics=[topic.name for topic in topics_by_code(configuration["topics"], language).values()],
        settings={key: value for key, value in configuration.items() if key not in SHOWN_SETTINGS},
        strategies=STRATEGIES,
        emotions=EMOTIONS,
        stages=list(Stage),
        speakers=list(Speaker),
        draw=run_figures,
        estimated=describe,
        counts=DialogueCounts.of(funnel),
        compared=compare(figures) if figures else [],
    )


def vocabulary(language: Language) -> dict[str, object]:
    """Return the names that a page's script needs to show calls, in their language."""
    return {
        "language": language,
        "strategies": {
            strategy: {"name": name_of(strategy, language), "stage": STRATEGIES[strategy].stage}
            for strategy in Strategy
        },
        "emotions": {
            emotion: {"name": wording[language].name, "side": _side(emotion)} for emotion, wording in EMOTIONS.items()
        },
        "courses": {code: course.wording[language] for code, course in COURSES.items()},
    }


def _side(emotion: Emotion) -> int:
    """Return on which side of the line over a call an emotion is drawn: 1 above, -1 below, 0 on it."""
    return 0 if emotion is Emotion.NEUTRAL else 1 if emotion in _PLEASANT else -1


def _index_row(record: Record) -> list[object]:
    """Return what the list and its filters need of a dialogue; the script names the columns."""
    used = {turn.strategy for turn in record.turns}
    return [
        record.id,
        record.outcome,
        record.topic,
        record.reasons,
        [strategy for strategy in Strategy if strategy in used],
        len(record.turns),
        record.plan.scenario[:SUMMARY_CHARACTERS] if record.plan else str(record.error or ""),
    ]
