"""The event log over HTTP: pages, CSV, and the live stream."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from toolcrib.kernel.claims.schemas import MAX_ID, in_utc
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep, PrincipalDep, ReadSessionDep
from toolcrib.kernel.events import archives
from toolcrib.kernel.events import log as event_log
from toolcrib.kernel.events.search import EventFilter, search
from toolcrib.kernel.events.stream import stream
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.long_answers import PAGE, refreshed
from toolcrib.kernel.numbers import whole_number
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.kernel.schema import Schema

router = APIRouter(tags=["events"])

CSV_ROWS = 100_000
# So many files of old events are read for one answer.
FILES = 5


class EventRead(Schema):
    seq: int
    at: str
    actor: str | None
    verb: str
    kind: str
    scope: str
    key: str
    data: dict[str, Any]


class EventPage(Schema):
    events: list[EventRead]
    next_before: int | None
    next_after: int | None
    last_seq: int
    # Events up to this one may have been moved to `/api/events/archived`; 0 if none was.
    archived_through: int


@router.get("/events", response_model=EventPage)
async def list_events(
    session: ReadSessionDep,
    kernel: KernelDep,
    me: PrincipalDep,
    wanted: Annotated[EventFilter, Query()],
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    order: Literal["asc", "desc"] = "desc",
) -> dict[str, Any]:
    """List events, newest first unless `order=asc`. The next page is `before=next_before` or `after=next_after`.

    Of those up to `archived_through`, most were moved to `/api/events/archived` (EVENTS_KEEP_DAYS)."""
    newest_first = order == "desc"
    last = await event_log.last_seq(session)
    found = await search(session, kernel.event_times, wanted, me, newest_first=newest_first, limit=limit + 1)
    more, found = len(found) > limit, found[:limit]
    return {
        "events": [event.as_dict() for event in found],
        "next_before": found[-1].seq if more and newest_first else None,
        "next_after": found[-1].seq if more and not newest_first else None,
        "last_seq": last,
        "archived_through": await archives.archived_through(session),
    }


class DamagedArchive(Schema):
    """A file of old events that is missing or damaged: of the events between these two it held `events`."""

    name: str
    first_seq: int
    last_seq: int
    events: int


class ArchivedPage(Schema):
    """Go on with `cursor=next_cursor` while there is one, also where this page is empty."""

    events: list[EventRead]
    # What this page lacks for that reason.
    damaged: list[DamagedArchive]
    next_cursor: int | None


@router.get("/events/archived", response_model=ArchivedPage)
async def list_archived_events(
    kernel: KernelDep,
    me: PrincipalDep,
    wanted: Annotated[EventFilter, Query()],
    cursor: Annotated[int, Query(ge=0, le=MAX_ID)] = 0,
) -> Response:
    """List events that were moved out of the log, file by file, which is oldest first but for what was held long. The
    caller sees what they may see today. A page looks at a few thousand events; the next one is `cursor=next_cursor`.

    Files are in the order of their newest events. What was held for long is moved later, with numbers that may be
    smaller than a cursor that was kept: begin again to see it. Files that are missing or damaged are named in
    `damaged`.
    """
    position = max(cursor, wanted.after or 0)
    since, until = (at and in_utc(at) for at in (wanted.since, wanted.until))
    async with kernel.database.read() as session:
        files = await archives.next_archives(session, position, FILES + 1, since=since, until=until)
    found: list[dict[str, Any]] = []
    damaged: list[dict[str, Any]] = []
    for file in files[:FILES]:
        position = file.last_seq
        try:
            content = await archives.read_archive(kernel, file)
            async with kernel.turns.turn(me.uuid):
                found += await archives.unpack(file, content, lambda event: wanted.holds(me, event))
        except archives.ArchiveDamaged:
            damaged.append({name: getattr(file, name) for name in DamagedArchive.model_fields})
    more = len(files) > FILES
    body = {"events": found, "damaged": damaged, "next_cursor": position if more else None}
    return Response(await asyncio.to_thread(orjson.dumps, body), media_type="application/json")


@router.get("/events.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
async def export_events(
    kernel: KernelDep, me: PrincipalDep, wanted: Annotated[EventFilter, Query()]
) -> Response:
    """Export the newest 100,000 matching events of the log as CSV, newest first.

    Those that were moved to `/api/events/archived` (EVENTS_KEEP_DAYS) are not in it; the header `X-Archived-Through`
    then says up to which event some were, as the export began."""
    headers = {"Content-Disposition": 'attachment; filename="events.csv"'}
    async with kernel.database.read() as session:
        if moved := await archives.archived_through(session):
            headers["X-Archived-Through"] = str(moved)
    return StreamingResponse(_csv(kernel, me, wanted), media_type="text/csv; charset=utf-8", headers=headers)


async def _csv(kernel: Kernel, me: Principal, wanted: EventFilter) -> AsyncIterator[str]:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["seq", "at", "actor", "verb", "kind", "scope", "key", "holder", "comment", "reason"])
    before: int | None = None
    written = 0
    while written < CSV_ROWS:
        async with kernel.turns.turn(me.uuid):
            me = await refreshed(kernel, me)
            async with kernel.database.read() as session:
                page = await search(
                    session, kernel.event_times, wanted, me, newest_first=True, limit=PAGE, before=before
                )
            for event in page:
                row = event.as_dict()
                data = row["data"]
                cells = [row[name] for name in ("seq", "at", "actor", "verb", "kind", "scope", "key")]
                cells += [data.get("holder"), data.get("comment"), data.get("reason")]
                writer.writerow([_without_formula(cell) for cell in cells])
        yield out.getvalue()
        out.seek(0)
        out.truncate()
        if len(page) < PAGE:
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
    next event. If some of the events to continue with have been moved out of the log (EVENTS_KEEP_DAYS), a message
    `gap` says up to which (`archived_through`), and the stream goes on with the oldest that is there. Another `gap`
    follows if more are moved while a reader is still behind.

    When the stream ends, reconnect, unless a message `end` came before: its `reason` `too_many_streams` says that newer
    streams of the same person replaced it (STREAMS_PER_PERSON). A client that still needs the events then polls
    `GET /api/events`.
    """
    if last_event_id:
        after = whole_number(last_event_id)
        if after is None:
            raise InvalidRequest("Last-Event-ID must be the number of an event.")
    kinds = frozenset(kind.split(",")) if kind else None
    return StreamingResponse(
        stream(kernel, me, kinds, after),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
