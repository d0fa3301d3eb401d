"""Errors that are sent to clients: a stable code for programs, and a sentence for people."""

from __future__ import annotations

from typing import Any, ClassVar


class Problem(Exception):
    """A refusal that reaches the client. Subclasses are declared beside the rule they protect.

    `code` never changes once released. `detail` is shown to people and must hold nothing internal and no
    submitted secret.
    """

    code: ClassVar[str] = "server_error"
    status: ClassVar[int] = 500

    def __init__(self, detail: str, details: Any = None, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.details = details
        self.headers = headers or {}


class InvalidRequest(Problem):
    code, status = "invalid_request", 400


class NotFound(Problem):
    code, status = "not_found", 404


class Forbidden(Problem):
    code, status = "forbidden", 403


class Conflict(Problem):
    code, status = "conflict", 409


class RequestTimedOut(Problem):
    """The server waited too long for a part of its own. Whether a change was made, nobody can tell."""

    code, status = "request_timed_out", 503


class ServerStopping(Problem):
    """The server was asked to stop, and the request did not end in the time that it had. Whether a change was made,
    nobody can tell."""

    code, status = "server_stopping", 503


class DatabaseUnavailable(Problem):
    """The database cannot be reached. Nothing was changed, or the change was not confirmed to anybody."""

    code, status = "database_unavailable", 503

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Retry-After": "2"})


class NotWell(RuntimeError):
    """A part of the server does not work. The text is what health pages say of it, in words for operators."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
