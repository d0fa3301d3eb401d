"""Refusals and crashes as HTTP: one shape, in the wording that the path's clients read."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from toolcrib.kernel.clock import iso_format, system_clock
from toolcrib.kernel.logs import request_id
from toolcrib.kernel.problems import Problem

log = structlog.get_logger()

# Routes whose clients read the code word in `error` (machine-pool contract, section 1).
_POOL = re.compile(
    r"/api/(login|whoami|users|machines|available|reserve|reservations|release_all)(/(?!me/).*)?$"
)
_LFS = re.compile(r"/info/lfs(/|$)")

# The route of `kernel.web` that answers wherever no other does.
ANY_PAGE = "/{path:path}"

_WORDS = {
    400: "invalid_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "payload_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    500: "server_error",
    503: "database_unavailable",
}

Wording = Callable[[str, str, Any], dict[str, Any]]


def _default(code: str, text: str, details: Any) -> dict[str, Any]:
    return {"error": text, "message": text, "msg": text, "code": code, "details": details}


def _pool(code: str, text: str, details: Any) -> dict[str, Any]:
    return {"error": code, "message": text, "msg": text, "code": code, "details": details}


def _storage(code: str, text: str, details: Any) -> dict[str, Any]:
    shown = details if isinstance(details, dict) else {} if details is None else {"errors": details}
    return {
        "status": "error",
        "error": code.upper(),
        "message": code,
        "details": {"text": text, **shown},
        "timestamp": iso_format(system_clock()),
    }


def _lfs(_code: str, text: str, _details: Any) -> dict[str, Any]:
    return {"message": text, "request_id": request_id()}


def wording(path: str) -> tuple[Wording, str]:
    """How errors on `path` are worded, and their content type."""
    if _LFS.search(path):
        return _lfs, "application/vnd.git-lfs+json"
    if path.startswith("/api/storage"):
        return _storage, "application/json"
    if _POOL.match(path):
        return _pool, "application/json"
    return _default, "application/json"


def error_response(
    path: str, status: int, code: str, text: str, details: Any = None, headers: dict[str, str] | None = None
) -> Response:
    word, media_type = wording(path)
    if status == 401:
        headers = {**(headers or {}), **_challenge(path)}
    return Response(
        orjson.dumps(word(code, text, details)), status_code=status, media_type=media_type, headers=headers
    )


def _challenge(path: str) -> dict[str, str]:
    # `git lfs` asks for a password on LFS-Authenticate; a browser would pop up a box on WWW-Authenticate: Basic.
    if _LFS.search(path):
        return {"LFS-Authenticate": 'Basic realm="Toolcrib"', "WWW-Authenticate": 'Basic realm="Toolcrib"'}
    if path == "/dav" or path.startswith("/dav/"):  # file managers ask for a password
        return {"WWW-Authenticate": 'Basic realm="Toolcrib", charset="UTF-8"'}
    return {"WWW-Authenticate": 'Bearer realm="Toolcrib"'}


def problem_response(path: str, problem: Problem) -> Response:
    return error_response(
        path, problem.status, problem.code, problem.detail, problem.details, problem.headers
    )


Answer = Callable[[Request, Any], Awaitable[Response]]


class Answers:
    """Which errors have an answer of their own. Everything else is a crash, worded by `crashed`."""

    def __init__(self) -> None:
        self.by_type: dict[type[Exception], Answer] = {
            Problem: _refused,
            RequestValidationError: _malformed,
            HTTPException: _framework,
            DBAPIError: _database_error,
            **dict.fromkeys((OperationalError, InterfaceError, PoolTimeout, ConnectionError), _database_gone),
        }

    async def to(self, request: Request, error: Exception) -> Response | None:
        """The answer to `error`, or None where it is a crash."""
        for kind in type(error).__mro__:
            answer = self.by_type.get(kind)
            if answer is not None:
                return await answer(request, error)
        return None


def install(app: FastAPI) -> Answers:
    """Route every error of `app` through here, the framework's own included."""
    answers = Answers()
    for kind, answer in answers.by_type.items():
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(Exception, crashed)
    return answers


async def _refused(request: Request, problem: Problem) -> Response:
    _add_url(request, problem)
    return problem_response(request.scope["path"], problem)


async def _malformed(request: Request, error: RequestValidationError) -> Response:
    # `input` and `ctx` repeat what was sent: it may be a password.
    details = [
        {"loc": [str(part) for part in each["loc"]], "msg": each["msg"], "type": each["type"]}
        for each in error.errors()
    ]
    if details and all(each["loc"][:1] == ["path"] for each in details):
        # `/users/abc` where ids are numbers
        return error_response(request.scope["path"], 404, "not_found", "There is no such thing.")
    where = ".".join(details[0]["loc"][1:]) if details else ""
    what = details[0]["msg"] if details else "Invalid request."
    text = f"{where}: {what}" if where else what
    return error_response(request.scope["path"], 400, "invalid_request", text, details)


async def _framework(request: Request, error: HTTPException) -> Response:
    status = error.status_code
    if status == 405 and _only_the_page_matches(request):
        status = 404
    code = _WORDS.get(status, "error")
    text = error.detail if status in {400, 413, 415} else _phrase(status)
    headers = dict(error.headers or {}) if status == error.status_code else {}
    return error_response(request.scope["path"], status, code, text, None, headers)


def _only_the_page_matches(request: Request) -> bool:
    """The page answers GET at any address, so any other method there looks like a wrong method. (Where a GET
    meets an address that takes other methods only, the page says so itself.)"""
    is_page = getattr(request.scope.get("route"), "path", None) == ANY_PAGE
    return is_page and request.method not in {"GET", "HEAD"}


async def _database_gone(request: Request, error: Exception) -> Response:
    log.error("database_error", error=type(error).__name__, path=request.scope["path"])
    text = "The database cannot be reached or cannot take the change now. Try again."
    return error_response(
        request.scope["path"], 503, "database_unavailable", text, None, {"Retry-After": "2"}
    )


async def _database_error(request: Request, error: DBAPIError) -> Response:
    if error.connection_invalidated:
        return await _database_gone(request, error)
    raise error


async def crashed(request: Request, error: Exception) -> Response:
    log.error("request_crashed", path=request.scope["path"], exc_info=error)
    text = f"Something went wrong here. Quote request {request_id()} to your administrator."
    return error_response(request.scope["path"], 500, "server_error", text)


def _phrase(status: int) -> str:
    try:
        return f"{HTTPStatus(status).phrase}."
    except ValueError:
        return "Error."


def _add_url(request: Request, problem: Problem) -> None:
    """A refusal because of a holder says where to look."""
    claim = getattr(problem, "claim", None)
    if claim is not None and isinstance(problem.details, dict):
        problem.details["url"] = request.app.state.site.claim_url(request.scope, claim)
