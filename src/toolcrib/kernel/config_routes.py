"""Routes of the runtime configuration (asset-locks contract, routes 9, 20 and 21)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body

from toolcrib.kernel.config import Source
from toolcrib.kernel.deps import AdminDep, KernelDep, NowDep, PrincipalDep, SessionDep
from toolcrib.kernel.openapi import refusals
from toolcrib.kernel.schema import Schema

router = APIRouter(tags=["configuration"])


class ConfigDetail(Schema):
    key: str
    name: str
    value: bool | int | str
    source: Source
    writable: bool
    type: Literal["bool", "int", "str"]
    minimum: int | None
    maximum: int | None
    description: str


class ConfigStatus(Schema):
    mail_enabled: bool


class ConfigSaved(Schema):
    msg: str
    message: str


@router.get("/config/status")
async def status(kernel: KernelDep, _me: PrincipalDep) -> ConfigStatus:
    """Tell whether the server sends mail."""
    return ConfigStatus(mail_enabled=await kernel.config.mail_may_send())


@router.get("/admin/config", responses=refusals(403))
async def read(kernel: KernelDep, _me: AdminDep) -> dict[str, bool | int | str]:
    """Return every value, by its JSON name."""
    return {key.name: value for key, value, _source in await kernel.config.all()}


@router.get("/admin/config/details", responses=refusals(403))
async def details(kernel: KernelDep, _me: AdminDep) -> list[ConfigDetail]:
    """Return every value, where it comes from and which values are allowed."""
    return [
        ConfigDetail(
            key=key.key,
            name=key.name,
            value=value,
            source=source,
            writable=key.writable,
            type=key.type.__name__,
            minimum=key.minimum,
            maximum=key.maximum,
            description=key.description,
        )
        for key, value, source in await kernel.config.all()
    ]


@router.put("/admin/config")
async def change(
    body: Annotated[dict[str, Any], Body()], session: SessionDep, kernel: KernelDep, me: AdminDep, now: NowDep
) -> ConfigSaved:
    """Change some values, all or none."""
    await kernel.config.change(session, body, actor=me.username, now=now)
    return ConfigSaved(msg="Configuration saved.", message="Configuration saved.")
