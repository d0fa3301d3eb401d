"""How a command can fail, and the exit code of each failure.

0 done; 1 refused or failed; 2 wrong usage, or no answer (network, sign-in); 3 somebody else holds it.
"""

from typing import Any

REFUSED = 1
UNKNOWN = 2
HELD = 3


class Failure(Exception):
    """The command did not do what was asked. `str()` is one sentence for the person who asked."""

    exit_code = REFUSED
    status: int | None = None  # the HTTP status, if the server refused

    def __init__(self, message: str, *, code: str = "failed", details: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.details = details

    def as_json(self) -> dict[str, Any]:
        return {"error": str(self), "code": self.code, "details": self.details}


class Held(Failure):
    """Somebody else holds at least one of the things asked for."""

    exit_code = HELD


class CannotTell(Failure):
    """There is no answer: the server cannot be reached or does not know us, or the command was used wrongly."""

    exit_code = UNKNOWN


class Unreachable(CannotTell):
    """The server did not answer, or cannot at the moment (429, 5xx). Trying again later may succeed."""


class NotSignedIn(CannotTell):
    """The server did not accept our credentials, or we have none for it."""
