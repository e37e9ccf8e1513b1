"""How the service says no: one error with a status, a code and, it may be, the seconds to wait."""

from typing import Any


class Refusal(Exception):
    """A request that is not carried out; the message says in one line why, and quotes nothing of it."""

    def __init__(self, status: int, code: str, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s

    @property
    def body(self) -> dict[str, Any]:
        """What is answered, in the form that OpenAI's clients read."""
        return error_body(self.status, self.code, str(self))


def error_body(status: int, code: str, message: str) -> dict[str, Any]:
    """Return the body of an error."""
    kind = "server_error" if status >= 500 else "rate_limit_error" if status == 429 else "invalid_request_error"
    return {"error": {"message": message, "type": kind, "code": code}}


def unauthorised() -> Refusal:
    """Return what is answered to a missing, foreign or expired token or key, all alike."""
    return Refusal(401, "unauthorised", "a key, or the token of this session, is needed as Authorization: Bearer ...")
