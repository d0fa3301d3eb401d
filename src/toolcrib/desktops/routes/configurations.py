"""Desktop configurations: the routes of the contract (section 5)."""

from __future__ import annotations

from fastapi import APIRouter

from toolcrib.desktops.desk import desk_of
from toolcrib.desktops.errors import ConfigurationNotFound
from toolcrib.desktops.schemas import (
    ConfigurationBody,
    ConfigurationShown,
    ConfigurationsShown,
    DesktopMessage,
    Usernames,
    number_of,
)
from toolcrib.desktops.service import configurations
from toolcrib.kernel.claims.schemas import Text
from toolcrib.kernel.deps import AdminDep, KernelDep, NowDep, PrincipalDep, ReadSessionDep, SessionDep
from toolcrib.kernel.openapi import refusals

router = APIRouter(prefix="/desktop-config", tags=["desktop configurations"])


def _number(text: str, *, may_be_hidden: bool = False) -> int:
    number = number_of(text)
    if number is None:
        raise ConfigurationNotFound(text[:40], may_be_hidden=may_be_hidden)
    return number


@router.get("/list")
@router.get("/accessible")
async def list_configurations(session: ReadSessionDep, me: PrincipalDep) -> ConfigurationsShown:
    """List the configurations that the caller may use, by name."""
    return ConfigurationsShown(configurations=await configurations.shown(session, me))


@router.get("/get/{configuration_id}", responses=refusals(404))
async def read(configuration_id: Text, session: ReadSessionDep, me: PrincipalDep) -> ConfigurationShown:
    number = _number(configuration_id, may_be_hidden=True)
    shown = await configurations.one_shown(session, me, number, may_be_hidden=True)
    return ConfigurationShown(configuration=shown)


@router.post("/create", status_code=201, responses=refusals(400, 403))
async def create(
    body: ConfigurationBody, session: SessionDep, kernel: KernelDep, me: AdminDep, now: NowDep
) -> ConfigurationShown:
    """Add a configuration."""
    values = configurations.checked(desk_of(kernel), body)
    made = await configurations.create(session, values, body.allowed_users or [], me, now)
    return ConfigurationShown(configuration=await configurations.one_shown(session, me, made))


@router.put("/update/{configuration_id}", responses=refusals(400, 403, 404))
async def update(
    configuration_id: Text,
    body: ConfigurationBody,
    session: SessionDep,
    kernel: KernelDep,
    me: AdminDep,
    now: NowDep,
) -> ConfigurationShown:
    """Replace a configuration, and who may use it: what is left out has its default again."""
    number = _number(configuration_id)
    values = configurations.checked(desk_of(kernel), body)
    await configurations.replace(session, number, values, body.allowed_users or [], me, now)
    return ConfigurationShown(configuration=await configurations.one_shown(session, me, number))


@router.delete("/delete/{configuration_id}", responses=refusals(400, 403, 404))
async def delete(configuration_id: Text, session: SessionDep, me: AdminDep, now: NowDep) -> DesktopMessage:
    """Remove a configuration from which no desktop is made."""
    number = _number(configuration_id)
    await configurations.remove(session, number, me, now)
    return DesktopMessage(message=f"Configuration with ID {number} deleted successfully")


@router.get("/access/{configuration_id}", responses=refusals(403, 404))
async def access(configuration_id: Text, session: ReadSessionDep, me: AdminDep) -> Usernames:
    """Say who may use a configuration that is not public."""
    shown = await configurations.one_shown(session, me, _number(configuration_id))
    return Usernames(users=shown.allowed_users)
