"""Conditional requests (RFC 9110, section 13): whether a request may go on, by what the client says it knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from toolcrib.kernel.problems import Problem

# A tag may contain commas. Some clients leave the quotes out.
_TAG = re.compile(r'(W/)?"([^"]*)"|([^\s,"]+)')


class PreconditionFailed(Problem):
    """The content is not what the request's condition (`If-Match`, `If-Unmodified-Since`, …) names."""

    code, status = "precondition_failed", 412


def is_unmodified(
    headers: Mapping[str, str], *, method: str, etag: str | None, modified: datetime | None
) -> bool:
    """Evaluate the conditions on what is there now; True means that a GET or HEAD is answered 304.

    `headers` are If-Match, If-None-Match, If-Modified-Since and If-Unmodified-Since, named in any case by the mapping.
    `etag` is the strong tag of the present content, unquoted; None if it has none. Dates that are none are ignored, and
    so are dates where tags are given (13.2.2).

    Raises:
        PreconditionFailed: one of them does not hold (412).
    """
    reads = method in {"GET", "HEAD"}
    if (wanted := headers.get("if-match")) is not None:
        if not _names(wanted, etag, weak=False):
            raise PreconditionFailed("The content has changed: its tag is not the one of the condition.")
    elif _is_later(modified, headers.get("if-unmodified-since")):
        raise PreconditionFailed("The content has changed since the time of the condition.")
    if (known := headers.get("if-none-match")) is not None:
        if not _names(known, etag, weak=True):
            return False
        if not reads:
            raise PreconditionFailed("There is such content already.")
        return True
    since = date(headers.get("if-modified-since"))
    return reads and since is not None and modified is not None and _seconds(modified) <= since


def ranges_apply(if_range: str | None, *, etag: str, modified: datetime | None) -> bool:
    """Return whether a part may be sent: the client's first part is of the same content (13.1.5).

    `modified` is None if it does not tell two contents apart.
    """
    if if_range is None:
        return True
    told = if_range.strip()
    if told.startswith(('"', "W/")):
        return told == f'"{etag}"'
    return modified is not None and date(told) == _seconds(modified)


def is_date(if_range: str | None) -> bool:
    """Return whether an If-Range header holds a date, not a tag."""
    return if_range is not None and date(if_range) is not None


def http_date(moment: datetime) -> str:
    return format_datetime(_seconds(moment), usegmt=True)


def date(header: str | None) -> datetime | None:
    """Return the moment that a date header names, or None if it names none."""
    try:
        found = parsedate_to_datetime(header or "")
    except (ValueError, OverflowError):
        return None
    return found.replace(tzinfo=found.tzinfo or UTC)


def _is_later(modified: datetime | None, header: str | None) -> bool:
    since = date(header)
    return since is not None and modified is not None and _seconds(modified) > since


def _seconds(moment: datetime) -> datetime:
    """Cut to the whole second, as dates in headers are."""
    return moment.astimezone(UTC).replace(microsecond=0)


def _names(header: str, etag: str | None, *, weak: bool) -> bool:
    """Return whether a list of tags names `etag`; `*` names whatever is there. Weak tags count only if `weak`."""
    if header.strip() == "*":
        return True
    return any(
        etag in {quoted, bare} and (weak or not mark)
        for mark, quoted, bare in _TAG.findall(header)
        if etag is not None
    )
