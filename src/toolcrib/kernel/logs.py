"""Log lines: a constant event name plus fields, the request they belong to, and never a secret."""

from __future__ import annotations

import logging
import re
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import structlog

from toolcrib.settings import Settings

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

_request: ContextVar[str] = ContextVar("request_id", default="")

_SECRET_NAMES = re.compile(r"passw|secret|token|authorization|cookie|credential|api[_-]?key", re.IGNORECASE)
_SECRET_VALUES = re.compile(
    r"""(?x)
      eyJ[\w-]{8,}\.[\w-]+\.[\w-]*                  # a JWT
    | \btc[kf]_[\w-]+                               # an API key, or a secret in an address
    | (?<=Bearer\ )\S+ | (?<=Basic\ )\S+            # what an Authorization header carries
    | (?<=/confirm-email/)[\w.-]+ | (?<=/confirm-password/)[\w.-]+ | (?<=[?&]token=)[^&\s"']+
    | (?<=://)[^/\s:@]*:[^/\s@]*(?=@)               # user:password@ in a URL
    """
)
_MASK = "***"


def request_id() -> str:
    """The id of the request being served, as in its `X-Request-ID` header; empty outside one."""
    return _request.get()


def begin_request(identity: str) -> None:
    """Everything logged from here on in this task belongs to that request."""
    _request.set(identity)


def _add_request(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    if identity := _request.get():
        line.setdefault("request_id", identity)
    return line


def tell_outages_in_words(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Replace the traceback of what a part that we stand on did, of which it says nothing."""
    from toolcrib.kernel.failure_words import outage  # noqa: PLC0415 - SQLAlchemy, for programs that use it

    raised = line.get("exc_info")
    error = raised[1] if isinstance(raised, tuple) else sys.exc_info()[1] if raised is True else raised
    if isinstance(error, BaseException) and (why := outage(error)) is not None:
        del line["exc_info"]
        line.setdefault("error", why)
    return line


def mask_secrets(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    for name, value in line.items():
        line[name] = _masked(name, value)
    return line


def _masked(name: str, value: Any) -> Any:
    if isinstance(value, str | bytes) and value and _SECRET_NAMES.search(name):
        return _MASK
    if isinstance(value, str):
        return _SECRET_VALUES.sub(_MASK, value)
    if isinstance(value, dict):
        return {key: _masked(str(key), each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(name, each) for each in value]
    return value


def configure(settings: Settings) -> None:
    """Send our lines and those of the libraries to standard error, in one shape."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    before: list[Processor] = [
        _add_request,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        tell_outages_in_words,
        structlog.processors.format_exc_info,
        mask_secrets,
    ]
    render: Processor
    if settings.log_format == "json":
        render = structlog.processors.JSONRenderer(default=str)
    else:
        render = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, sort_keys=False
        )
    structlog.configure(
        processors=[*before, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    # Libraries tell of their own workings at info: that helps only whoever debugs.
    root.setLevel(logging.INFO if level == logging.DEBUG else max(level, logging.WARNING))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = name != "uvicorn.access"  # `metrics.Observe` writes the access lines
        logger.setLevel(logging.NOTSET)
