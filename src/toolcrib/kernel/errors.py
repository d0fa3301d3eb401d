"""Refusals and crashes as HTTP, in the wording that the path's clients read (`kernel.wording`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from toolcrib.kernel.bodies import failure_of
from toolcrib.kernel.failure_words import database_failure
from toolcrib.kernel.logs import request_id
from toolcrib.kernel.problems import Problem
from toolcrib.kernel.route_paths import allowed_methods
from toolcrib.kernel.wording import Wordings

log = structlog.get_logger()

# The route of `kernel.web` that answers wherever no other does.
ANY_PAGE = "/{path:path}"

# Of what is wrong with a request, so many are told.
MAX_DETAILS = 10

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

CLIENT_GONE = 499  # the client ended the connection before it was answered; as proxies write it in their logs

Answer = Callable[[Request, Any], Awaitable[Response]]


class Answers:
    """Which errors have an answer of their own. Everything else is a crash, answered by `crashed`."""

    def __init__(self, wordings: Wordings) -> None:
        self.wordings = wordings
        self.by_type: dict[type[Exception], Answer] = {
            Problem: self._refused,
            RequestValidationError: self._malformed,
            HTTPException: self._framework,
            DBAPIError: self._database_error,
            ClientDisconnect: self._client_gone,
            **dict.fromkeys(
                (OperationalError, InterfaceError, PoolTimeout, ConnectionError), self._database_gone
            ),
        }

    async def to(self, request: Request, error: Exception) -> Response | None:
        """The answer to `error`, or None where it is a crash."""
        for kind in type(error).__mro__:
            answer = self.by_type.get(kind)
            if answer is not None:
                return await answer(request, error)
        return None

    async def crashed(self, request: Request, error: Exception) -> Response:
        """Log what broke, and tell the client the request's id alone."""
        log.error("request_crashed", path=request.scope["path"], exc_info=error)
        text = f"Something went wrong here. Quote request {request_id()} to your administrator."
        # The server closes the connection of a request that crashed: the client must not send another on it.
        return self._response(request, 500, "server_error", text, headers={"Connection": "close"})

    async def _refused(self, request: Request, problem: Problem) -> Response:
        _add_url(request, problem)
        return self._response(
            request, problem.status, problem.code, problem.detail, problem.details, problem.headers
        )

    async def _malformed(self, request: Request, error: RequestValidationError) -> Response:
        # `input` and `ctx` repeat what was sent: it may be a password.
        details = [
            {"loc": [str(part) for part in each["loc"]], "msg": each["msg"], "type": each["type"]}
            for each in error.errors()[:MAX_DETAILS]
        ]
        if details and all(each["loc"][:1] == ["path"] for each in details):
            # `/users/abc` where ids are numbers
            return self._response(request, 404, "not_found", _not_there(request, details[0]["loc"]))
        where = ".".join(details[0]["loc"][1:]) if details else ""
        what = details[0]["msg"] if details else "Invalid request."
        text = f"{where}: {what}" if where else what
        return self._response(request, 400, "invalid_request", text, details)

    async def _framework(self, request: Request, error: HTTPException) -> Response:
        cause = failure_of(request.scope)
        if (
            cause is not None and error.__cause__ is cause
        ):  # FastAPI says 400 of whatever fails while it reads
            answer = await self.to(request, cause)
            if answer is None:
                raise cause
            return answer
        if isinstance(error.__cause__, ClientDisconnect):
            return await self._client_gone(request, error)
        status = error.status_code
        if status == 405 and _only_the_page_matches(request):
            status = 404
        code = _WORDS.get(status, "error")
        text = error.detail if status in {400, 413, 415} else _phrase(status)
        headers = dict(error.headers or {}) if status == error.status_code else {}
        if status == 405 and request.method not in (allowed := allowed_methods(request)) and allowed:
            headers["Allow"] = ", ".join(allowed)
        return self._response(request, status, code, text, None, headers)

    async def _client_gone(self, _request: Request, _error: Exception) -> Response:
        """For the log and the figures: nobody is there to read it."""
        return Response(status_code=CLIENT_GONE)

    async def _database_gone(self, request: Request, error: Exception) -> Response:
        why = database_failure(error) or type(error).__name__
        log.error("database_error", error=why, path=request.scope["path"])
        text = "The database cannot be reached or cannot take the change now. Try again."
        return self._response(request, 503, "database_unavailable", text, None, {"Retry-After": "2"})

    async def _database_error(self, request: Request, error: DBAPIError) -> Response:
        if database_failure(error) is not None:
            return await self._database_gone(request, error)
        raise error

    def _response(
        self,
        request: Request,
        status: int,
        code: str,
        text: str,
        details: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        where = request.scope
        return self.wordings.response(where["method"], where["path"], status, code, text, details, headers)


def install(app: FastAPI, wordings: Wordings) -> Answers:
    """Route every error of `app` through here, the framework's own included."""
    answers = Answers(wordings)
    for kind, answer in answers.by_type.items():
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(Exception, answers.crashed)
    return answers


def _only_the_page_matches(request: Request) -> bool:
    """The page answers GET at any address, so any other method there looks like a wrong method. (Where a GET
    meets an address that takes other methods only, the page says so itself.)"""
    is_page = getattr(request.scope.get("route"), "path", None) == ANY_PAGE
    return is_page and request.method not in {"GET", "HEAD"}


def _not_there(request: Request, loc: list[str]) -> str:
    """Say what an address names that cannot exist: `There is no user abc.`"""
    parameter = loc[-1]
    value = str(request.path_params.get(parameter, ""))[:100]
    what = "claim" if parameter == "fence" else parameter.removesuffix("_id").replace("_", " ")
    return f"There is no {what} {value}."


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
