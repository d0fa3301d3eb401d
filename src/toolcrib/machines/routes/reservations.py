"""Reservations in full: what the contract's `GET /reserve` cannot say."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims.schemas import Text, Username
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import (
    KernelDep,
    NowDep,
    PrincipalDep,
    ReadSessionDep,
    RequesterDep,
    SessionDep,
    requester_of,
)
from toolcrib.kernel.fast_routes import FastResponse
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.json_bodies import read_model
from toolcrib.kernel.openapi import body_of, refusals
from toolcrib.machines.models import State
from toolcrib.machines.pool import pool_of
from toolcrib.machines.reservation_views import (
    BookingChange,
    Certificate,
    Extension,
    NewAccess,
    Passing,
    ReservationPage,
    ReservationRead,
    ReservationWish,
    Sharing,
)
from toolcrib.machines.service import (
    access,
    certifying,
    managing,
    reading,
    rebooking,
    requesting,
    sharing,
)
from toolcrib.machines.service.deciding import GiveBack, decisions_of
from toolcrib.machines.service.showing import shown
from toolcrib.machines.views import MachineOutput, ReservationOutput

router = APIRouter(tags=["reservations"])

Id = Annotated[str, Path(max_length=36, pattern="^[0-9a-f-]+$")]
Why = Annotated[Text | None, Query(max_length=2000)]


@router.post(
    "/reservations",
    status_code=201,
    response_model=ReservationRead,
    responses=refusals(400, 404, 409),
    openapi_extra=body_of(ReservationWish),
)
async def reserve(request: Request) -> Response:
    """Hold machines, with `wait` stand in the queue for them (202), or with `starts_at` book them. The accounts come a
    moment later: look at the reservation until it is `ready`, or follow the events."""
    # It takes the bare request, to be answered before the framework: see `kernel.fast_routes`.
    kernel: Kernel = request.app.state.kernel
    await request.body()  # which may take long, so it comes before reading the rights
    me = await kernel.auth.principal(request)
    wish = await read_model(request, ReservationWish)
    by = requester_of(request, me)
    made = await requesting.request(pool_of(kernel), me, by, wish, now=kernel.clock())
    status = 202 if made.state == State.WAITING else 201
    return FastResponse(status, made.model_dump_json().encode(), (b"cache-control", b"no-store"))


@router.get("/pool/reservations")
async def list_reservations(
    session: ReadSessionDep,
    kernel: KernelDep,
    me: PrincipalDep,
    now: NowDep,
    mine: bool = True,
    shared: bool = False,
    state: Annotated[list[State], Query()] = [],  # noqa: B006 - FastAPI copies it
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> ReservationPage:
    """List reservations, the newest first: the caller's own, with `shared` also those that others share with them, or
    for administrators everybody's."""
    rows = await reading.reservations_of(
        session, me, mine=mine, shared=shared, states=state, offset=offset, limit=limit
    )
    return ReservationPage(reservations=await shown(session, kernel.settings, rows, now))


@router.get("/reservations/{reservation_id}", responses=refusals(404))
async def read(
    reservation_id: Id, session: ReadSessionDep, kernel: KernelDep, me: PrincipalDep, now: NowDep
) -> ReservationRead:
    return await _one(session, kernel, me, reservation_id, now)


@router.get("/reservations/{reservation_id}/output", responses=refusals(403, 404))
async def output(reservation_id: Id, session: ReadSessionDep, me: PrincipalDep) -> ReservationOutput:
    """Return what was done last for a reservation on each of its machines, and what that said, without secrets. For its
    holder and administrators."""
    row = await managing.find_for_output(session, me, reservation_id)
    found = await reading.outputs_of(session, row.id)
    return ReservationOutput(machines=[MachineOutput.of(hold) for hold in found])


@router.delete("/reservations/{reservation_id}", responses=refusals(403, 404, 409))
async def give_back(
    reservation_id: Id, kernel: KernelDep, me: PrincipalDep, by: RequesterDep, reason: Why = None
) -> ReservationRead:
    """Give the machines back, leave the queue, or cancel a booking. Administrators end those of others."""
    return await decisions_of(kernel).give_back(GiveBack(me, by, reservation_id, reason))


@router.patch("/reservations/{reservation_id}", responses=refusals(400, 403, 404, 409))
async def rebook(
    reservation_id: Id,
    body: BookingChange,
    session: SessionDep,
    kernel: KernelDep,
    me: PrincipalDep,
    now: NowDep,
) -> ReservationRead:
    """Give a booking that has not begun other times or machines, by the rules of a new one. If that cannot be, it stays
    as it was."""
    await rebooking.rebook(session, kernel, me, reservation_id, body, now=now)
    return await _one(session, kernel, me, reservation_id, now)


@router.post("/reservations/{reservation_id}/extend", responses=refusals(400, 403, 404, 409))
async def extend(
    reservation_id: Id,
    body: Extension,
    session: SessionDep,
    kernel: KernelDep,
    me: PrincipalDep,
    by: RequesterDep,
    now: NowDep,
) -> ReservationRead:
    """Let it end so many minutes later, if nobody waits for such machines."""
    await managing.extend(session, kernel.settings, me, by, reservation_id, body.minutes, now=now)
    return await _one(session, kernel, me, reservation_id, now)


@router.post("/reservations/{reservation_id}/renew", responses=refusals(403, 404, 409))
async def renew(
    reservation_id: Id, session: SessionDep, kernel: KernelDep, me: PrincipalDep, now: NowDep
) -> ReservationRead:
    """Keep a program's place in the queue; or confirm what it was given meanwhile."""
    await managing.renew_place(session, kernel.settings, me, reservation_id, now=now)
    return await _one(session, kernel, me, reservation_id, now)


@router.post("/reservations/{reservation_id}/confirm", responses=refusals(403, 404, 409))
async def confirm(
    reservation_id: Id, session: SessionDep, kernel: KernelDep, me: PrincipalDep, now: NowDep
) -> ReservationRead:
    """Say that one uses a begun booking, or what one's program was given from the queue: by `confirm_by`, or it ends.
    Extending it, sharing it, passing it on and changing its access say so too."""
    await managing.confirm(session, me, reservation_id, now=now)
    return await _one(session, kernel, me, reservation_id, now)


@router.post("/reservations/{reservation_id}/share", responses=refusals(400, 403, 404, 409))
async def share(
    reservation_id: Id, body: Sharing, session: SessionDep, kernel: KernelDep, me: PrincipalDep, now: NowDep
) -> ReservationRead:
    """Let a colleague sign in to the same account, with keys of their own; that of a booking, once it has begun."""
    keys = access.check_keys(body.public_keys)
    await sharing.share(session, kernel, me, reservation_id, body.username, keys, now=now)
    return await _one(session, kernel, me, reservation_id, now)


@router.delete("/reservations/{reservation_id}/share/{username}", responses=refusals(400, 403, 404, 409))
async def stop_sharing(
    reservation_id: Id,
    username: Username,
    session: SessionDep,
    kernel: KernelDep,
    me: PrincipalDep,
    now: NowDep,
) -> ReservationRead:
    await sharing.stop_sharing(session, kernel, me, reservation_id, username, now=now)
    return await _one(session, kernel, me, reservation_id, now)


@router.post("/reservations/{reservation_id}/transfer", responses=refusals(400, 403, 404, 409))
async def transfer(
    reservation_id: Id,
    body: Passing,
    session: SessionDep,
    kernel: KernelDep,
    me: PrincipalDep,
    by: RequesterDep,
    now: NowDep,
) -> ReservationRead:
    """Pass the machines to somebody else. The accounts are removed, and new ones made: their holder says by `access`
    how to sign in."""
    await managing.transfer(session, kernel.settings, me, by, reservation_id, body.to, now=now)
    return await _one(session, kernel, me, reservation_id, now)


@router.put("/reservations/{reservation_id}/access", responses=refusals(400, 403, 404, 409))
async def set_access(
    reservation_id: Id, body: NewAccess, kernel: KernelDep, me: PrincipalDep, now: NowDep
) -> ReservationRead:
    """Change by which keys and password the holder signs in."""
    own = await access.access_of(kernel.secrets, me.uuid, body.password, body.public_keys)
    if body.certificate is not None:
        own["certificate"] = body.certificate
    async with kernel.database.write() as session:
        await sharing.set_access(session, kernel, me, reservation_id, {"password": None, **own}, now=now)
        return await _one(session, kernel, me, reservation_id, now)


@router.get("/reservations/{reservation_id}/certificate", responses=refusals(400, 403, 404, 409))
async def certificate(
    reservation_id: Id,
    response: Response,
    kernel: KernelDep,
    me: PrincipalDep,
    now: NowDep,
    public_key: Annotated[Text | None, Query(max_length=access.KEY_LENGTH)] = None,
) -> Certificate:
    """Sign a public key of the caller's, by default the first that they gave to the reservation: with the certificate
    it opens the accounts until the reservation ends, or for MACHINES_CERTIFICATE_MINUTES if that is less. For whom the
    machines are shared with, too."""
    response.headers["Cache-Control"] = "no-store"
    return await certifying.certify(kernel, me, reservation_id, public_key, now=now)


async def _one(
    session: AsyncSession, kernel: KernelDep, me: Principal, reservation_id: str, now: NowDep
) -> ReservationRead:
    row = await managing.find(session, me, reservation_id)
    (found,) = await shown(session, kernel.settings, [row], now)
    return found
