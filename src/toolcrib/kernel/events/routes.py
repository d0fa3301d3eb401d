"""The event log over HTTP: pages, CSV, and the live stream."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from toolcrib.kernel.claims.schemas import MAX_ID
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep, PrincipalDep, ReadSessionDep
from toolcrib.kernel.events import log as event_log
from toolcrib.kernel.events.search import EventFilter, search
from toolcrib.kernel.events.stream import stream
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.long_answers import PAGE, refreshed
from toolcrib.kernel.numbers import whole_number
from toolcrib.kernel.problems import InvalidRequest

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


@router.get("/events", response_model=EventPage)
async def list_events(
    session: ReadSessionDep,
    kernel: KernelDep,
    me: PrincipalDep,
    wanted: Annotated[EventFilter, Query()],
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    order: Literal["asc", "desc"] = "desc",
) -> dict[str, Any]:
    """List events, newest first unless `order=asc`. The next page is `before=next_before` or `after=next_after`."""
    newest_first = order == "desc"
    last = await event_log.last_seq(session)
    found = await search(session, kernel.event_times, wanted, me, newest_first=newest_first, limit=limit + 1)
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
        _csv(kernel, me, wanted),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="events.csv"'},
    )


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
    next event. When the stream ends, reconnect, unless a message `end` came before: its `reason` `too_many_streams`
    says that newer streams of the same person replaced it (STREAMS_PER_PERSON). A client that still needs the events
    then polls `GET /api/events`.
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
