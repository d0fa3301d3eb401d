"""Asking the launcher: with a deadline, whatever it answers, and with what the database says now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

import structlog
from sqlalchemy import Row, select

from toolcrib.desktops.desk import Desk
from toolcrib.desktops.launchers.launcher import (
    LauncherDown,
    LauncherError,
    LauncherMissing,
    LauncherRefused,
    Wanted,
)
from toolcrib.desktops.models import configurations, desktops, volumes

log = structlog.get_logger()

Answer = TypeVar("Answer")

# Launchers have deadlines of their own; after this one they are taken for hung.
SECONDS = 300.0
# How long a start is waited for in one go (contract, section 10: 60 times 3 s).
READY_SECONDS = 180.0
CHECK_SECONDS = 5.0
# A platform on which desktops could be run is not looked at again for so long.
CHECKED_SECONDS = 30.0


async def asked(desk: Desk, question: Awaitable[Answer], *, seconds: float = SECONDS) -> Answer:
    """Return what the launcher answers.

    Raises:
        LauncherError: it did not, or said why not. What else it raises is a LauncherDown, whose text names no details.
    """
    try:
        async with asyncio.timeout(seconds):
            found = await question
    except LauncherError as error:
        desk.problem = str(error) if not isinstance(error, LauncherRefused) else desk.problem
        raise
    except TimeoutError as error:
        desk.problem = "What runs desktops does not answer in time."
        raise LauncherDown(desk.problem) from error
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise
    except Exception as error:
        log.error("launcher_failed", exc_info=error)
        desk.problem = "What runs desktops answers in a way that makes no sense."
        raise LauncherDown(desk.problem) from error
    desk.problem = None
    return found


async def wanted_of(desk: Desk, row: Row[Any]) -> Wanted:
    """Return a desktop as it shall run, by its configuration's present values."""
    kernel = desk.kernel
    async with kernel.database.read() as session:
        latest = (await session.execute(select(desktops).where(desktops.c.id == row.id))).one()
        query = select(configurations).where(configurations.c.id == latest.configuration_id)
        configuration = (await session.execute(query)).first()
        named = select(volumes.c.name).where(volumes.c.id == latest.volume_id)
        volume = (await session.execute(named)).scalar()
    values: dict[str, Any] = {"image": desk.launcher.default_image}
    if configuration is not None:
        values = {
            name: getattr(configuration, name)
            for name in ("image", "min_cpu", "max_cpu", "min_ram", "max_ram", "network")
        }
    return Wanted(
        name=row.name,
        owner=latest.holder_uuid,
        password=kernel.secrets.open(latest.password or ""),
        persistent_home=latest.persistent_home,
        volume=volume,
        gateway=kernel.settings.desktop_gateway,
        **values,
    )


async def check_platform(desk: Desk) -> None:
    """Look whether desktops can be run here at all. That the platform does not answer now is no reason against it: what
    is to be done is done when it does.

    Raises:
        LauncherMissing: the text says what to install or to set.
    """
    loop = asyncio.get_running_loop()
    if loop.time() < desk.checked_at + CHECKED_SECONDS:
        return
    try:
        await asked(desk, desk.launcher.check(), seconds=CHECK_SECONDS)
    except LauncherMissing:
        raise
    except LauncherError:
        return
    desk.checked_at = loop.time()
