"""The routes of the machine-pool contract (sections 5 and 6)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.exceptions import HTTPException

from toolcrib.kernel.claims.schemas import Text
from toolcrib.kernel.deps import (
    AdminDep,
    KernelDep,
    NowDep,
    PrincipalDep,
    ReadSessionDep,
    RequesterDep,
    SessionDep,
)
from toolcrib.kernel.identity.principal import NO_CREDENTIAL, Principal, Unauthorized
from toolcrib.kernel.openapi import refusals
from toolcrib.machines.pool import pool_of
from toolcrib.machines.schemas import (
    AllReleased,
    Available,
    Deleted,
    MachineShown,
    NewMachine,
    ReservationShown,
    ReservationsShown,
    Reserved,
    ReservedMachine,
    ReserveRequest,
    plain_time,
)
from toolcrib.machines.service import as_contract, managing, reading, registry, values

router = APIRouter(tags=["machines"])

NO_STORE = {"Cache-Control": "no-store"}


async def _by_token(me: PrincipalDep) -> Principal:
    """For a GET that changes something: a page of another site can have a browser send cookies and passwords of HTTP
    Basic, but no token (contract, section 11)."""
    if me.via not in ("bearer", "api_key", "api_token"):
        raise Unauthorized(NO_CREDENTIAL)
    return me


TokenDep = Annotated[Principal, Depends(_by_token)]


async def _admin_by_token(me: TokenDep) -> Principal:
    me.require_admin()
    return me


AdminTokenDep = Annotated[Principal, Depends(_admin_by_token)]


@router.get("/machines")
async def list_machines(session: ReadSessionDep, me: PrincipalDep) -> list[MachineShown]:
    """List the machines that the caller may see, by name."""
    return [MachineShown.of(machine, hold) for machine, hold in await reading.seen_machines(session, me)]


@router.post("/machines", status_code=201, responses=refusals(403, 404, 409))
async def register(
    body: NewMachine, session: SessionDep, kernel: KernelDep, me: AdminDep, now: NowDep
) -> MachineShown:
    """Register a machine. Nobody contacts it yet."""
    sealed = values.for_storage(kernel.secrets, values.of_new(body, me, kernel.settings))
    machine = await registry.register(session, kernel.settings, sealed, actor=me.username, now=now)
    return MachineShown.of(machine, None)


@router.delete("/machines/{name}", responses=refusals(403, 404, 409))
async def remove(name: Text, session: SessionDep, me: AdminDep, now: NowDep) -> Deleted:
    """Take a machine out of the pool. Nothing is changed on the machine."""
    await registry.remove(session, name, actor=me.username, now=now)
    return Deleted()


@router.get("/available")
async def available(session: ReadSessionDep, kernel: KernelDep, me: PrincipalDep, now: NowDep) -> Available:
    """Say which machines are free for the caller now; all others are in `reserved`."""
    free = await reading.free_ids(session, kernel.settings, now)
    seen = [machine for machine, _ in await reading.seen_machines(session, me)]
    return Available(
        available=[machine.name for machine in seen if machine.id in free],
        reserved=[machine.name for machine in seen if machine.id not in free],
    )


@router.head("/reserve", include_in_schema=False)
@router.head("/release_all", include_in_schema=False)
async def never_by_head(_me: PrincipalDep) -> None:
    raise HTTPException(405, headers={"Allow": "GET, POST"})


@router.get("/reserve", responses=refusals(400, 500))
async def reserve(
    *,
    username: Annotated[Text | None, Query()] = None,
    reservation_password: Annotated[Text | None, Query()] = None,
    password: Annotated[Text | None, Query()] = None,
    count: Annotated[int, Query()] = 1,
    duration: Annotated[int, Query()] = 60,
    request: Request,
    response: Response,
    kernel: KernelDep,
    me: TokenDep,
    by: RequesterDep,
    now: NowDep,
) -> Reserved:
    """Reserve machines; the answer comes once the accounts are there. `POST /api/reservations` can do more."""
    body = ReserveRequest(
        username=username,
        reservation_password=reservation_password,
        password=password,
        count=count,
        duration=duration,
    )
    return await post_reserve(body, request, response, kernel, me, by, now)


@router.post("/reserve", responses=refusals(400, 500))
async def post_reserve(
    body: ReserveRequest,
    request: Request,
    response: Response,
    kernel: KernelDep,
    me: TokenDep,
    by: RequesterDep,
    now: NowDep,
) -> Reserved:
    """As `GET /reserve`, with the fields as JSON."""
    response.headers.update(NO_STORE)
    granted = await as_contract.reserve_and_wait(
        pool_of(kernel),
        me,
        by,
        username=body.username,
        password=body.reservation_password or body.password,
        count=body.count,
        minutes=body.duration,
        hung_up=request.is_disconnected,
        now=now,
    )
    return Reserved(
        username=granted.login,
        reservation_password=granted.password,
        duration_minutes=granted.minutes,
        reserved_until=plain_time(granted.ends_at) or "",
        machines=[
            ReservedMachine(machine=name, host=host, port=port) for name, host, port in granted.machines
        ],
    )


@router.get("/reservations")
async def list_reservations(session: ReadSessionDep, me: PrincipalDep, now: NowDep) -> ReservationsShown:
    """List who has which machine, one item for each machine that the caller may see."""
    found = await reading.current_holds(session, me)
    return ReservationsShown(
        reservations=[ReservationShown.of(hold, machine, now) for hold, machine in found]
    )


async def _release_all(
    session: SessionDep, response: Response, me: Principal, by: RequesterDep, now: NowDep
) -> AllReleased:
    response.headers.update(NO_STORE)
    released = await managing.release_all(session, me, by, now=now)
    return AllReleased(message="All machines released" if released else "No machines to release.")


@router.get("/release_all", responses=refusals(403))
async def release_all(
    session: SessionDep, response: Response, me: AdminTokenDep, by: RequesterDep, now: NowDep
) -> AllReleased:
    """End every reservation. The accounts are removed next; until then no machine is given out again."""
    return await _release_all(session, response, me, by, now)


@router.post("/release_all", responses=refusals(403))
async def post_release_all(
    session: SessionDep, response: Response, me: AdminTokenDep, by: RequesterDep, now: NowDep
) -> AllReleased:
    """As `GET /release_all`."""
    return await _release_all(session, response, me, by, now)
