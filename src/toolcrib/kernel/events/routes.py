"""The event log over HTTP: pages, CSV, and the live stream."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement
from sqlalchemy.exc import SQLAlchemyError

from toolcrib.kernel.access import visible
from toolcrib.kernel.claims.schemas import MAX_ID, Text, in_utc
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep, PrincipalDep, ReadSessionDep
from toolcrib.kernel.events import log as event_log
from toolcrib.kernel.events.writer import Event, events
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.numbers import whole_number
from toolcrib.kernel.problems import InvalidRequest, Problem
from toolcrib.kernel.search import prefix_match

log = structlog.get_logger()
router = APIRouter(tags=["events"])

CSV_ROWS = 100_000


class EventRead(BaseModel):
    seq: int
    at: str
    actor: str | None
    verb: str
    kind: str
    scope: str
    key: str
    data: dict[str, Any]


class EventPage(BaseModel):
    events: list[EventRead]
    next_before: int | None
    next_after: int | None
    last_seq: int


Seq = Annotated[int, Field(ge=0, le=MAX_ID)]


class EventFilter(BaseModel):
    """All given conditions must hold. Several kinds or verbs may be given, separated by commas."""

    kind: Text | None = None
    actor: Text | None = None
    verb: Text | None = None
    key: Text | None = None
    prefix: Text | None = None
    scope: Text | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: Seq | None = None
    before: Seq | None = None

    def conditions(self, principal: Principal) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = [visible(principal, events.c.scope)]
        if self.kind:
            found.append(events.c.kind.in_(self.kind.split(",")))
        if self.verb:
            found.append(events.c.verb.in_(self.verb.split(",")))
        if self.actor:
            found.append(events.c.actor == self.actor)
        if self.key is not None:
            found.append(events.c.key == self.key)
        if self.prefix:
            found.append(prefix_match(events.c.key, self.prefix))
        if self.scope is not None:
            found.append(events.c.scope == self.scope)
        if self.since is not None:
            found.append(events.c.at >= in_utc(self.since))
        if self.until is not None:
            found.append(events.c.at < in_utc(self.until))
        if self.after is not None:
            found.append(events.c.seq > self.after)
        if self.before is not None:
            found.append(events.c.seq < self.before)
        return found


@router.get("/events", response_model=EventPage)
async def list_events(
    session: ReadSessionDep,
    me: PrincipalDep,
    wanted: Annotated[EventFilter, Query()],
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    order: Literal["asc", "desc"] = "desc",
) -> dict[str, Any]:
    """List events, newest first unless `order=asc`. The next page is `before=next_before` or `after=next_after`."""
    newest_first = order == "desc"
    last = await event_log.last_seq(session)
    found = await event_log.search(session, wanted.conditions(me), newest_first=newest_first, limit=limit + 1)
    more, found = len(found) > limit, found[:limit]
    return {
        "events": [event.as_dict() for event in found],
        "next_before": found[-1].seq if more and newest_first else None,
        "next_after": found[-1].seq if more and not newest_first else None,
        "last_seq": last,
    }


@router.get("/events.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
async def export_events(
    kernel: KernelDep, me: PrincipalDep, wanted: Annotated[EventFilter, Query()]
) -> Response:
    """Export the newest 100,000 matching events as CSV, newest first."""
    return StreamingResponse(
        _csv(kernel, wanted.conditions(me)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="events.csv"'},
    )


async def _csv(kernel: Kernel, conditions: list[ColumnElement[bool]]) -> AsyncIterator[str]:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["seq", "at", "actor", "verb", "kind", "scope", "key", "holder", "comment", "reason"])
    before: int | None = None
    written = 0
    while written < CSV_ROWS:
        page_conditions = conditions if before is None else [*conditions, events.c.seq < before]
        async with kernel.database.read() as session:
            page = await event_log.search(session, page_conditions, newest_first=True, limit=1000)
        for event in page:
            row = event.as_dict()
            data = row["data"]
            cells = [row[name] for name in ("seq", "at", "actor", "verb", "kind", "scope", "key")]
            cells += [data.get("holder"), data.get("comment"), data.get("reason")]
            writer.writerow([_without_formula(cell) for cell in cells])
        yield out.getvalue()
        out.seek(0)
        out.truncate()
        if len(page) < 1000:
            return
        before = page[-1].seq
        written += len(page)


def _without_formula(cell: Any) -> Any:
    """Put `'` before text that a spreadsheet would run as a formula (OWASP, CSV injection)."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell


@router.get(
    "/events/stream", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}}
)
async def stream_events(
    request: Request,
    kernel: KernelDep,
    me: PrincipalDep,
    last_event_id: Annotated[str | None, Header()] = None,
    after: Annotated[int | None, Query(ge=0, le=MAX_ID)] = None,
    kind: str | None = None,
) -> StreamingResponse:
    """Stream events as they are committed (server-sent events).

    Continues after `Last-Event-ID` or `after` without missing or repeating an event; without either it starts with the
    next event. When the server ends the stream, connect again.
    """
    if last_event_id:
        after = whole_number(last_event_id)
        if after is None:
            raise InvalidRequest("Last-Event-ID must be the number of an event.")
    kinds = set(kind.split(",")) if kind else None
    return StreamingResponse(
        _stream(kernel, me, kinds, after),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(
    kernel: Kernel, me: Principal, kinds: set[str] | None, after: int | None
) -> AsyncIterator[bytes]:
    def wanted(event: Event) -> bool:
        return (kinds is None or event.kind in kinds) and me.may(event.scope)

    subscription = kernel.tail.subscribe(wanted)
    try:
        start = subscription.start
        # If `after` is past the end of the log (the database was replaced), start at the end.
        resume = start if after is None or after > start else after
        yield b'event: hello\ndata: {"seq":%d}\n\n' % resume
        async for page in kernel.tail.replay(resume, start, wanted):
            me = await _refreshed(kernel, me)
            yield b"".join(event.sse for event in page if wanted(event))
        while not subscription.closed:
            found = await subscription.get(kernel.settings.stream_heartbeat_seconds)
            # Events were queued by the rights the reader had then; check again with the rights they have now.
            me = await _refreshed(kernel, me)
            yield b"".join(event.sse for event in found if wanted(event)) or b": still here\n\n"
    except Problem:
        return  # signed out, disabled or removed: the stream ends, and reconnecting is refused
    except (SQLAlchemyError, OSError) as error:
        log.warning("event_stream_ended", error=type(error).__name__)  # the reader connects again
    finally:
        kernel.tail.unsubscribe(subscription)


async def _refreshed(kernel: Kernel, me: Principal) -> Principal:
    """Return the reader with their present rights.

    Raises:
        Unauthorized: signed out, disabled or removed (401).
    """
    return me if kernel.auth.is_current(me) else await kernel.auth.refresh(me)
