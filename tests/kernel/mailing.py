"""Queuing and sending mail by hand, and looking at what is left."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.mail import send_due
from toolcrib.kernel.messages import password_changed
from toolcrib.kernel.outbox import outbox


async def queue(kernel: Kernel, *addresses: str, expires_in: timedelta | None = None) -> None:
    expires_at = kernel.clock() + expires_in if expires_in else None
    async with kernel.database.write() as session:
        for address in addresses:
            message = password_changed(username=address.partition("@")[0])
            await kernel.mailer.queue(
                session, to=address, message=message, now=kernel.clock(), expires_at=expires_at
            )


async def send(kernel: Kernel) -> None:
    await send_due(kernel, kernel.clock())


async def rows(kernel: Kernel) -> list[Any]:
    async with kernel.database.connection() as connection:
        return list(await connection.execute(select(outbox).order_by(outbox.c.id)))
