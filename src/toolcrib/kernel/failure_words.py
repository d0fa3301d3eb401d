"""Describe failures of parts of the server for operators: on health pages, in the log, in the table of jobs.

The texts of drivers are not shown, since they may contain values, addresses or statements.
"""

from __future__ import annotations

import os
import socket
import sqlite3
from typing import Any

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from toolcrib.kernel.problems import NotWell, Problem

DISK_FULL = "its disk is full"
READ_ONLY = "it is read-only"
LOCK_HELD = "another program holds its write lock"
NO_ANSWER = "it did not answer in time"
LOST = "the connection was lost"
REFUSED = "nobody listens at its address"
NO_CONNECTION_LEFT = "it has no connection left"
NOT_ADMITTED = "it refuses our name or password"
NO_SUCH_DATABASE = "it has no such database"
STOPPING = "it is starting or stopping"
DAMAGED = "its data is damaged"
FILES_FAIL = "it cannot read or write its files"
NO_MEMORY = "it has no memory left"

_SQLITE = {
    sqlite3.SQLITE_FULL: DISK_FULL,
    sqlite3.SQLITE_BUSY: LOCK_HELD,
    sqlite3.SQLITE_LOCKED: LOCK_HELD,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_IOERR: FILES_FAIL,
    sqlite3.SQLITE_CANTOPEN: FILES_FAIL,
    sqlite3.SQLITE_PERM: FILES_FAIL,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_NOMEM: NO_MEMORY,
}
_DRIVERS = {"asyncmy", "asyncpg", "sqlite3"}
# SQLSTATE, or its first two characters.
_POSTGRESQL = {
    "08": LOST,
    "25006": READ_ONLY,
    "28": NOT_ADMITTED,
    "3D": NO_SUCH_DATABASE,
    "53100": DISK_FULL,
    "53200": NO_MEMORY,
    "53300": NO_CONNECTION_LEFT,
    "55P03": LOCK_HELD,
    "57014": NO_ANSWER,
    "57P": STOPPING,
    "58": FILES_FAIL,
    "XX001": DAMAGED,
    "XX002": DAMAGED,
}
_MARIADB = {
    **dict.fromkeys((1021, 1114), DISK_FULL),
    **dict.fromkeys((3, 1026), FILES_FAIL),
    **dict.fromkeys((1290, 1836), READ_ONLY),
    **dict.fromkeys((1040, 1203), NO_CONNECTION_LEFT),
    **dict.fromkeys((1044, 1045, 1698), NOT_ADMITTED),
    **dict.fromkeys((1317, 1969, 3024), NO_ANSWER),
    **dict.fromkeys((2002, 2003), REFUSED),
    **dict.fromkeys((2006, 2013), LOST),
    1049: NO_SUCH_DATABASE,
    1053: STOPPING,
    1205: LOCK_HELD,
}


def database_failure(error: BaseException) -> str | None:
    """Describe a failure of the database, to be put after "the database: "; None if it works, as when it refuses a
    value."""
    if isinstance(error, PoolTimeout):
        return "no connection to it became free in time"
    if isinstance(error, DBAPIError):
        known = _by_code(error.orig)
        if known is not None:
            return known
        if error.connection_invalidated:
            return LOST
        if isinstance(error, OperationalError | InterfaceError):
            number = _number(error.orig)
            return "it failed" if number is None else f"it failed with error {number}"
        return None
    return _system_failure(error)


def failure_in_words(error: BaseException) -> str:
    """Describe the failure of a part that raised this. For an unexpected error, return its class: the log says more."""
    told = getattr(error, "reason", None)
    if isinstance(told, str) and told:
        return told
    if isinstance(error, DBAPIError | PoolTimeout) and (found := database_failure(error)) is not None:
        return f"the database: {found}"
    return _system_failure(error) or type(error).__name__


def outage(error: BaseException) -> str | None:
    """Describe a failure of a part that we stand on; None if it may be our mistake, which a traceback explains."""
    if isinstance(error, DBAPIError):
        why = _by_code(error.orig) or (LOST if error.connection_invalidated else None)
        return why and f"the database: {why}"
    if (
        type(error).__module__.partition(".")[0] in _DRIVERS
    ):  # SQLAlchemy's pool tells of their errors as they are
        why = _by_code(error)
        return why and f"the database: {why}"
    names_its_reason = isinstance(error, NotWell | Problem) and hasattr(error, "reason")
    return (
        failure_in_words(error)
        if names_its_reason or isinstance(error, PoolTimeout | ConnectionError)
        else None
    )


def is_write_lock_held(error: BaseException) -> bool:
    """Return whether SQLite could not be written to because another program held its write lock for too long."""
    return isinstance(error, DBAPIError) and _sqlite_code(error.orig) == sqlite3.SQLITE_BUSY


def _system_failure(error: BaseException) -> str | None:
    if isinstance(error, TimeoutError):
        return NO_ANSWER
    if isinstance(error, ConnectionRefusedError):
        return REFUSED
    if isinstance(error, socket.gaierror):
        return "its host is not known"
    if isinstance(error, ConnectionError):
        return LOST
    if isinstance(error, OSError):
        return os.strerror(error.errno).lower() if error.errno else "the operating system failed"
    return None


def _by_code(driver_error: Any) -> str | None:
    code = _sqlite_code(driver_error)
    if code is not None:
        return _SQLITE.get(code)
    number = _number(driver_error)
    if isinstance(number, str):
        return _POSTGRESQL.get(number) or _POSTGRESQL.get(number[:3]) or _POSTGRESQL.get(number[:2])
    return None if number is None else _MARIADB.get(number)


def _number(driver_error: Any) -> str | int | None:
    """Return what the database's manual lists the error by: PostgreSQL's SQLSTATE, the others' numbers."""
    code = getattr(driver_error, "sqlite_errorcode", None) or getattr(driver_error, "sqlstate", None)
    if code is None and getattr(driver_error, "args", None):
        code = driver_error.args[0]
        return code if isinstance(code, int) else None
    return code if isinstance(code, str | int) else None


def _sqlite_code(driver_error: Any) -> int | None:
    """Return the primary code, without what SQLite adds in the higher bits."""
    code = getattr(driver_error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None
