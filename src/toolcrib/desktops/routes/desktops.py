"""Desktops in full: what the contract's routes cannot say."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops.desk import desk_of
from toolcrib.desktops.errors import NotYourDesktop
from toolcrib.desktops.launchers.launcher import LauncherError, LauncherMissing
from toolcrib.desktops.models import configurations
from toolcrib.desktops.names import check_name
from toolcrib.desktops.routes.limited import LIMITED
from toolcrib.desktops.service import ending, extending, reading, resuming, sharing
from toolcrib.desktops.service.creating import Wish, create
from toolcrib.desktops.service.files import LauncherUnavailable, refused
from toolcrib.desktops.service.finding import Found, find
from toolcrib.desktops.service.launching import asked, check_platform
from toolcrib.desktops.service.people import may_use_configuration
from toolcrib.desktops.views import (
    DesktopExtension,
    DesktopImages,
    DesktopList,
    DesktopRead,
    DesktopUsage,
    DesktopWish,
    Guests,
    Invitation,
)
from toolcrib.kernel.claims.schemas import Text, in_utc
from toolcrib.kernel.deps import (
    AdminDep,
    KernelDep,
    NowDep,
    PrincipalDep,
    ReadSessionDep,
    RequesterDep,
    SessionDep,
)
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.openapi import refusals

router = APIRouter(tags=["desktops"])

Name = Annotated[Text, Path(max_length=53)]
LOOK_SECONDS = 8.0
PREPARE_SECONDS = 25.0


@router.get("/desktops")
async def list_desktops(
    session: ReadSessionDep,
    kernel: KernelDep,
    me: PrincipalDep,
    now: NowDep,
    everyone: bool = False,
    holder: Annotated[Text | None, Query(max_length=255)] = None,
) -> DesktopList:
    """List the caller's desktops and those shared with them, the newest first; for administrators, with `everyone` or
    `holder`, those of others. With how many one may have."""
    rows = await reading.rows_of(session, me, everyone=everyone, holder=holder)
    return DesktopList(
        desktops=await reading.shown(session, kernel.settings, me, rows, now),
        limits=await reading.limits_of(session, desk_of(kernel), me, now),
    )


@router.post(
    "/desktops", dependencies=[LIMITED], status_code=201, responses=refusals(400, 403, 404, 409, 503)
)
async def start(
    body: DesktopWish, kernel: KernelDep, me: PrincipalDep, by: RequesterDep, now: NowDep
) -> DesktopRead:
    """Start a new desktop, or have it wait for room. Follow the events, or look at it until it is `running`."""
    desk = desk_of(kernel)
    check_name(body.name)
    try:
        await check_platform(desk)
    except LauncherMissing as error:
        raise LauncherUnavailable(str(error)) from error
    wish = Wish(
        name=body.name,
        configuration_id=body.configuration_id,
        persistent_home=body.persistent_home,
        volume=body.volume,
        seconds=round(body.hours * 3600) if body.hours is not None else None,
    )
    async with kernel.database.write() as session:
        made = await create(session, desk, me, by, wish, now=now)
        return await _shown(session, kernel, me, made.name, now)


@router.get("/desktops/images")
async def images(session: ReadSessionDep, kernel: KernelDep, me: PrincipalDep) -> DesktopImages:
    """List the images of the configurations that the caller may use, and the one of desktops without a
    configuration."""
    named = select(configurations.c.image).where(may_use_configuration(me)).distinct()
    found = {*await session.scalars(named), desk_of(kernel).launcher.default_image}
    return DesktopImages(images=sorted(found - {""}))


@router.post("/admin/desktops/images/prepare", status_code=202, responses=refusals(403, 409, 503))
async def prepare_images(session: ReadSessionDep, kernel: KernelDep, me: AdminDep) -> DesktopImages:
    """Have the images at hand where desktops will run, so that the first start does not wait for them."""
    desk = desk_of(kernel)
    found = (await images(session, kernel, me)).images
    try:
        await asked(desk, desk.launcher.prepare_images(found), seconds=PREPARE_SECONDS)
    except LauncherError as error:
        raise refused(error) from error
    return DesktopImages(images=found)


@router.get("/desktops/{name}", responses=refusals(404))
async def read(
    name: Name, session: ReadSessionDep, kernel: KernelDep, me: PrincipalDep, now: NowDep
) -> DesktopRead:
    return await _shown(session, kernel, me, name, now)


@router.get("/desktops/{name}/usage", responses=refusals(404, 409, 503))
async def usage(name: Name, kernel: KernelDep, me: PrincipalDep) -> DesktopUsage:
    """Say what a desktop uses now."""
    desk = desk_of(kernel)
    async with kernel.database.read() as session:
        await find(session, me, name, for_guests=True)
    try:
        found = await asked(desk, desk.launcher.usage(name), seconds=LOOK_SECONDS)
    except LauncherError as error:
        raise refused(error) from error
    return DesktopUsage(
        cpu_seconds=found.cpu_seconds, cpu_cores=found.cpu_cores, memory_bytes=found.memory_bytes
    )


@router.post("/desktops/{name}/stop", dependencies=[LIMITED], responses=refusals(403, 404))
async def stop(
    name: Name, session: SessionDep, kernel: KernelDep, me: PrincipalDep, by: RequesterDep, now: NowDep
) -> DesktopRead:
    """Stop a desktop, or have it leave the queue. One without a persistent home is deleted, if its own person does."""
    found = await _managed(session, me, name)
    await ending.stop(session, kernel, found.row, me, by, now=now)
    return await _shown(session, kernel, me, name, now)


@router.post("/desktops/{name}/resume", dependencies=[LIMITED], responses=refusals(403, 404, 409, 503))
async def resume(
    name: Name, kernel: KernelDep, me: PrincipalDep, by: RequesterDep, now: NowDep
) -> DesktopRead:
    """Have a stopped desktop run again, or wait for room."""
    async with kernel.database.read() as session:
        found = await _managed(session, me, name)
    try:
        await check_platform(desk_of(kernel))
    except LauncherMissing as error:
        raise LauncherUnavailable(str(error)) from error
    async with kernel.database.write() as session:
        await resuming.resume(session, kernel, found.row, me, by, now=now)
        return await _shown(session, kernel, me, name, now)


@router.delete("/desktops/{name}", dependencies=[LIMITED], status_code=204, responses=refusals(400, 403, 404))
async def delete(name: Name, session: SessionDep, kernel: KernelDep, me: PrincipalDep, now: NowDep) -> None:
    """Delete a stopped desktop for good, with its home."""
    found = await _managed(session, me, name)
    await ending.delete(session, kernel, found.row, actor=me.username, now=now)


@router.post("/desktops/{name}/extend", responses=refusals(400, 403, 404, 409))
async def extend(
    name: Name,
    session: SessionDep,
    kernel: KernelDep,
    me: PrincipalDep,
    by: RequesterDep,
    now: NowDep,
    body: DesktopExtension | None = None,
) -> DesktopRead:
    """Let a desktop end later, if nobody waits for room."""
    found = await _managed(session, me, name)
    body = body or DesktopExtension()
    until = in_utc(body.until) if body.until is not None else None
    hours = body.hours
    await extending.extend(session, kernel.settings, found.row, me, by, until=until, hours=hours, now=now)
    return await _shown(session, kernel, me, name, now)


@router.get("/desktops/{name}/guests", responses=refusals(403, 404))
async def guests(name: Name, session: ReadSessionDep, me: PrincipalDep) -> Guests:
    """Say who may see a desktop beside its person."""
    found = await _managed(session, me, name)
    return Guests(guests=await sharing.guests_of(session, found.row))


@router.put("/desktops/{name}/guests/{username}", responses=refusals(400, 403, 404, 409))
async def invite(
    name: Name,
    username: Annotated[Text, Path(max_length=255)],
    session: SessionDep,
    me: PrincipalDep,
    now: NowDep,
    body: Invitation | None = None,
) -> Guests:
    """Let somebody see a desktop."""
    row = (await _own(session, me, name)).row
    may_control = body is not None and body.may_control
    await sharing.invite(session, row, username, me, may_control=may_control, now=now)
    return Guests(guests=await sharing.guests_of(session, row))


@router.delete("/desktops/{name}/guests/{username}", responses=refusals(403, 404))
async def uninvite(
    name: Name,
    username: Annotated[Text, Path(max_length=255)],
    session: SessionDep,
    me: PrincipalDep,
    now: NowDep,
) -> Guests:
    """Let somebody see a desktop no longer; their views are closed."""
    found = await find(session, me, name, for_guests=True)
    if not found.manages and username != me.username:  # a guest may leave
        raise NotYourDesktop
    await sharing.uninvite(session, found.row, username, me, now=now)
    return Guests(guests=await sharing.guests_of(session, found.row) if found.manages else [])


async def _managed(session: AsyncSession, me: Principal, name: str) -> Found:
    found = await find(session, me, name, for_guests=True)
    if not found.manages:
        raise NotYourDesktop
    return found


async def _own(session: AsyncSession, me: Principal, name: str) -> Found:
    """Return the caller's own desktop: who else may see it is nobody else's to say."""
    found = await _managed(session, me, name)
    if not found.is_holder:
        raise NotYourDesktop
    return found


async def _shown(
    session: AsyncSession, kernel: KernelDep, me: Principal, name: str, now: NowDep
) -> DesktopRead:
    found = await find(session, me, name, for_guests=True)
    (shown,) = await reading.shown(session, kernel.settings, me, [found.row], now)
    return shown
