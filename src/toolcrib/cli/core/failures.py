"""How a command can fail, and the exit code each failure ends with.

0 done; 1 refused or failed; 2 usage, or the answer could not be had (network, sign-in);
3 somebody else holds it.
"""

from typing import Any

REFUSED = 1
UNKNOWN = 2
HELD = 3


class Failure(Exception):
    """The command did not do what was asked; `str()` is one sentence for the person who asked."""

    exit_code = REFUSED
    status: int | None = None  # of the server's answer, where it was one that refused

    def __init__(self, message: str, *, code: str = "failed", details: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.details = details

    def as_json(self) -> dict[str, Any]:
        return {"error": str(self), "code": self.code, "details": self.details}


class Held(Failure):
    """Somebody else holds (one of) the things asked for."""

    exit_code = HELD


class CannotTell(Failure):
    """No answer: the server is unreachable or does not know us, or the question makes no sense."""

    exit_code = UNKNOWN


class Unreachable(CannotTell):
    """The server did not answer, or not at the moment (429, 5xx): the same may go well later."""


class NotSignedIn(CannotTell):
    """The server did not accept our credentials, or we have none for it."""
