"""Log lines: one shape, the request they belong to, and never a secret."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from asyncmy.errors import OperationalError as MariaDBError
from sqlalchemy.exc import OperationalError

from tests.servers.environment import settings
from toolcrib.kernel import logs
from toolcrib.kernel.blobs.problems import StorageUnavailable

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJlLWhlcmU"
SECRETS = [JWT, "tck_0123456789abcdef", "hunter2"]

Read = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Logging is the process's, not the test's."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)


def configured(**changes: Any) -> io.StringIO:
    """Where lines go after `configure` with these settings."""
    printed = io.StringIO()
    with contextlib.redirect_stderr(printed):
        logs.configure(settings(**changes))
    return printed


@pytest.fixture
def lines() -> Read:
    """What was logged as JSON."""
    printed = configured(log_format="json")
    return lambda: [json.loads(line) for line in printed.getvalue().splitlines()]


def test_a_line_is_an_event_with_fields(lines: Read) -> None:
    structlog.get_logger().info("claim_expired", key="Maps/A.umap", seconds=3)
    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "claim_expired", "level": "info", "key": "Maps/A.umap", "seconds": 3}


def test_lines_of_a_request_carry_its_id(lines: Read) -> None:
    logs.begin_request("abc-1")
    structlog.get_logger().info("one")
    logging.getLogger("some.library").warning("two")
    logs.begin_request("")
    structlog.get_logger().info("three")
    assert [line.get("request_id") for line in lines()] == ["abc-1", "abc-1", None]


def test_libraries_log_in_the_same_shape_from_warning_on(lines: Read) -> None:
    logging.getLogger("uvicorn.error").warning("trouble with %s", "x")
    logging.getLogger("taskiq").info("chatter")
    logging.getLogger("uvicorn.access").error("GET /secret?token=1")
    (line,) = lines()
    assert (line["event"], line["level"]) == ("trouble with x", "warning")


def test_a_crash_is_logged_with_its_traceback(lines: Read) -> None:
    def crash(password: str) -> None:
        raise RuntimeError(f"cannot use {JWT} of {password!r}"[:80])

    try:
        crash("short")
    except RuntimeError as error:
        structlog.get_logger().error("crashed", exc_info=error)
    (line,) = lines()
    assert "in crash" in line["exception"]
    assert JWT not in line["exception"]


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (
            MariaDBError(2013, "Lost connection to MySQL server during query"),
            "the database: the connection was lost",
        ),
        (OperationalError("SELECT", {}, MariaDBError(1114, "full")), "the database: its disk is full"),
        (StorageUnavailable("its disk is full"), "its disk is full"),
        (ConnectionResetError(), "the connection was lost"),
    ],
    ids=["a driver's", "SQLAlchemy's", "the file store's", "the network's"],
)
def test_a_failure_of_what_we_stand_on_is_told_in_words(lines: Read, failure: Exception, words: str) -> None:
    try:
        raise failure
    except Exception as error:
        structlog.get_logger().error("job_failed", exc_info=error)
        logging.getLogger("sqlalchemy.pool").exception("Exception during reset or similar")
    assert [line["error"] for line in lines()] == [words, words]
    assert not [line for line in lines() if "exception" in line]


def test_a_statement_that_is_wrong_is_logged_with_its_traceback(lines: Read) -> None:
    with sqlite3.connect(":memory:") as database:
        try:
            database.execute("SELECT x FROM y")
        except sqlite3.OperationalError as error:
            structlog.get_logger().error("job_failed", exc_info=error)
    (line,) = lines()
    assert "no such table" in line["exception"]


@pytest.mark.parametrize(
    "fields",
    [
        {"password": "hunter2"},
        {"new_password": "hunter2"},
        {"Authorization": "hunter2"},
        {"headers": {"authorization": "Basic hunter2", "cookie": "access_token=hunter2"}},
        {"headers": [{"x-api-key": "hunter2"}]},
        {"token": JWT},
        {"text": f"sent Bearer {JWT} along"},
        {"text": f"bare {JWT}"},
        {"text": "key tck_0123456789abcdef was used"},
        {"text": "Authorization: Basic hunter2"},
        {"url": "redis://user:hunter2@cache:6379/0"},
        {"url": "postgresql://:hunter2@db/x"},
        {"path": "/api/confirm-password/hunter2"},
        {"path": "/crib/api/confirm-email/hunter2"},
        {"url": "https://x.example/confirm-email?token=hunter2&a=b"},
        {"api_key": "hunter2"},
        {"client_secret": b"hunter2"},
    ],
    ids=str,
)
def test_secrets_are_masked_wherever_they_are(fields: dict[str, Any]) -> None:
    printed = configured(log_format="json")
    structlog.get_logger().info("event", **fields)
    logging.getLogger("library").warning("%s", fields.get("text") or fields.get("url") or "none")
    assert "***" in printed.getvalue()
    assert not [secret for secret in SECRETS if secret in printed.getvalue()]


def test_what_is_no_secret_is_left_alone(lines: Read) -> None:
    plain = {
        "key": "Content/Tokens/eyJ.uasset",
        "url": "https://crib.example/assets?q=a%20b",
        "count": 3,
        "none": None,
    }
    structlog.get_logger().info("event", **plain)
    (line,) = lines()
    assert {name: line[name] for name in plain} == plain


@pytest.mark.parametrize(
    ("level", "seen"), [("debug", "diwe"), ("info", "iwe"), ("warning", "we"), ("error", "e")]
)
def test_the_level_is_the_operator_s(level: str, seen: str) -> None:
    printed = configured(log_level=level, log_format="json")
    logger = structlog.get_logger()
    for name in ("debug", "info", "warning", "error"):
        getattr(logger, name)(name)
    events = [json.loads(line)["event"][0] for line in printed.getvalue().splitlines()]
    assert "".join(events) == seen


def test_a_console_line_is_readable() -> None:
    printed = configured()
    structlog.get_logger().warning("mail_deferred", mail=7)
    assert "mail_deferred" in printed.getvalue()
    assert "mail=7" in printed.getvalue()
    assert "\x1b" not in printed.getvalue()
