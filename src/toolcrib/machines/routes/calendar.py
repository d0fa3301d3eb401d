"""The calendar of the pool, and each person's at a secret address."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from toolcrib.kernel.claims.schemas import Text, in_utc
from toolcrib.kernel.deps import KernelDep, NowDep, PrincipalDep, ReadSessionDep, SessionDep
from toolcrib.kernel.openapi import PUBLIC, refusals
from toolcrib.machines.calendar_views import CalendarEntry, CalendarRead, Feed, FeedAddress, FeedWish
from toolcrib.machines.service import calendar, calendar_feed

router = APIRouter(prefix="/pool/calendar", tags=["machines"])

# Named as other secrets in paths are: the log then has the route in place of the path.
Token = Annotated[str, Path(max_length=100)]
ICS = "text/calendar; charset=utf-8"


@router.get("")
async def read_calendar(
    session: ReadSessionDep,
    me: PrincipalDep,
    now: NowDep,
    start: Annotated[datetime | None, Query(alias="from")] = None,
    end: Annotated[datetime | None, Query(alias="to")] = None,
    machine: Annotated[Text | None, Query(max_length=255)] = None,
) -> CalendarRead:
    """List who has, had and has booked which machine between two moments, of the machines that the caller may see: from
    now on, and for a week, unless something else is asked for."""
    begins, ends = calendar.span(start and in_utc(start), end and in_utc(end), now)
    found, is_complete = await calendar.entries(session, me, begins, ends, machine=machine)
    return CalendarRead(entries=[CalendarEntry.of(entry) for entry in found], is_complete=is_complete)


@router.get("/feed")
async def read_feed(session: ReadSessionDep, me: PrincipalDep) -> Feed:
    """Say whether one's calendar has a secret address. The address itself is shown once, when it is made."""
    row = await calendar_feed.find_feed(session, me)
    return Feed(
        created_at=row.created_at if row is not None else None,
        everything=bool(row is not None and row.everything),
    )


@router.post("/feed", status_code=201)
async def open_feed(
    request: Request,
    response: Response,
    session: SessionDep,
    me: PrincipalDep,
    now: NowDep,
    body: FeedWish | None = None,
) -> FeedAddress:
    """Make a secret address for calendar programs; an earlier one ends. Whoever knows it sees one's reservations, or
    with `everything` the whole calendar, and can do nothing else."""
    everything = body is not None and body.everything
    secret = await calendar_feed.open_feed(session, me, everything=everything, now=now)
    response.headers["Cache-Control"] = "no-store"
    return FeedAddress(url=request.app.state.site.url(request.scope, f"/api/pool/calendar/{secret}.ics"))


@router.delete("/feed", status_code=204)
async def close_feed(session: SessionDep, me: PrincipalDep) -> None:
    """End the secret address of one's calendar."""
    await calendar_feed.close_feed(session, me)


@router.get(
    "/{token}.ics",
    response_class=Response,
    openapi_extra=PUBLIC,
    responses={**refusals(404), 200: {"content": {"text/calendar": {}}}},
)
async def read_file(token: Token, session: ReadSessionDep, kernel: KernelDep, now: NowDep) -> Response:
    """Return the calendar at a secret address, for calendar programs (iCalendar)."""
    content = await calendar_feed.read_feed(session, kernel.settings, token, now)
    headers = {"Cache-Control": "private, no-cache", "Referrer-Policy": "no-referrer"}
    return Response(content, media_type=ICS, headers=headers)
