"""The page on which a rater works, served on loopback alone.

Who knows neither the token in its address nor asks for it by a loopback name gets nothing: other users of the machine
do not have the token, and a site whose name was bound anew to 127.0.0.1 sends its own name as Host.
"""

import secrets
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from agents.csc.language import Language
from agents.csc.strategies import name_of
from outputs.rating.items import ALONE, PAIRWISE, Item
from outputs.rating.ratings import Given, RatingFile
from outputs.reports.assets import page_head, page_template
from outputs.reports.run_page import script_json
from outputs.runs.record import Record
from quality.gate.rubric import RUBRIC

LOOPBACK = "127.0.0.1"
MAX_BODY = 1_000
"""Bytes of a rating as it is sent, at most."""


class _Sent(BaseModel):
    """A rating as the page sends it: the number of the item, the question, the value or None."""

    model_config = ConfigDict(extra="forbid", strict=True)

    item: int
    question: str
    value: int | None


class RatingServer(ThreadingHTTPServer):
    """Serves the items to one rater and writes down what they say.

    Args:
        items: what is rated, in the order in which it is shown.
        file: where it is written.
        given: what was written before.
        in_pairs: the items are pairs.
        port: 0 for any that is free.
    """

    daemon_threads = True

    def __init__(self, items: Sequence[Item], file: RatingFile, given: Given, *, in_pairs: bool, port: int = 0) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.items, self.file, self.given = items, file, given
        self.questions = PAIRWISE if in_pairs else ALONE
        self.token = secrets.token_urlsafe(16)

    @property
    def address(self) -> str:
        """The address of the page."""
        return f"http://{LOOPBACK}:{self.server_port}/{self.token}/"

    def page(self) -> tuple[str, str]:
        """Return the page and its content security policy."""
        language = self.items[0].records[0].language
        data = {
            "items": [[_show(record) for record in item.records] for item in self.items],
            "given": [self.given.get(item.id, {}) for item in self.items],
            "points": [point._asdict() for point in RUBRIC[language]],
        }
        head = page_head(
            "Rate calls · rolecs", styles=("run.css", "rate.css"), scripts=("reader.js", "rate.js"), is_served=True
        )
        html = page_template("rate.html").render(head=head, data=script_json(data), in_pairs=self.questions is PAIRWISE)
        return html, f"{head.policy}; frame-ancestors 'none'"

    def rate(self, sent: _Sent) -> bool:
        """Write a rating down; False when there is no such item, question or value."""
        values = self.questions.get(sent.question)
        if values is None or not 0 <= sent.item < len(self.items) or not (sent.value is None or sent.value in values):
            return False
        item = self.items[sent.item].id
        self.file.add(item, sent.question, sent.value)
        self.given.setdefault(item, {}).pop(sent.question, None)
        if sent.value is not None:
            self.given[item][sent.question] = sent.value
        return True


def _show(record: Record) -> dict[str, Any]:
    """Return what a rater sees of a call: what the judge sees, and nothing of models, runs, ids and verdicts."""
    plan = record.plan
    return {
        "language": record.language,
        "scenario": plan.scenario if plan else "",
        "goal": plan.customer_goal if plan else "",
        "persona": record.played_portrait,
        "turns": [
            {
                "speaker": turn.speaker,
                "text": turn.text,
                "strategy": turn.strategy,
                "name": name_of(turn.strategy, Language(record.language)) if turn.strategy else None,
                "stage": turn.stage,
            }
            for turn in record.turns
        ],
    }


class _Handler(BaseHTTPRequestHandler):
    server: RatingServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self._is_let_in(""):
            html, policy = self.server.page()
            self._answer(HTTPStatus.OK, html.encode(), policy)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY:
            self.close_connection = True
            self._answer(HTTPStatus.BAD_REQUEST)
            return
        # Read before anything is refused: a connection that is closed with a part unread may lose the answer.
        body = self.rfile.read(int(length))
        if not self._is_let_in("rating"):
            return
        try:
            accepted = self.server.rate(_Sent.model_validate_json(body))
            self._answer(HTTPStatus.NO_CONTENT if accepted else HTTPStatus.BAD_REQUEST)
        except ValidationError:
            self._answer(HTTPStatus.BAD_REQUEST)
        except OSError:  # a full disk: the page says that it is not saved
            self._answer(HTTPStatus.INSUFFICIENT_STORAGE)

    def _is_let_in(self, what: str) -> bool:
        """Tell whether a request asks for something by its token and a loopback name, and refuse it otherwise."""
        hosts = {f"{name}:{self.server.server_port}" for name in (LOOPBACK, "localhost")}
        path = f"/{self.server.token}/{what}"
        if self.headers.get("Host") in hosts and secrets.compare_digest(self.path.encode(), path.encode()):
            return True
        self.close_connection = True
        self._answer(HTTPStatus.NOT_FOUND)
        return False

    def _answer(self, status: HTTPStatus, body: bytes = b"", policy: str = "default-src 'none'") -> None:
        self.send_response(status)
        if status is not HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", policy)
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: the terminal belongs to the command."""
