"""The pool's own keys: the one by which it manages machines, and that of its CA. Each is made when it is first needed,
and its private part is sealed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import Database, take_write_lock
from toolcrib.kernel.secrets import Secrets
from toolcrib.machines.errors import PoolKeySealed
from toolcrib.machines.hosts.certificates import KeyPair, new_key
from toolcrib.machines.models import POOL_KEY, pool_keys


class KeyName(StrEnum):
    MANAGER = "manager"
    CA = "ca"


async def find_key(session: AsyncSession, secrets: Secrets, name: KeyName) -> KeyPair | None:
    """Return a key of the pool; None if it was never needed.

    Raises:
        PoolKeySealed: the server's secret was changed without the one before (503).
    """
    row = (await session.execute(select(pool_keys).where(pool_keys.c.name == name))).first()
    if row is None:
        return None
    try:
        return KeyPair(secrets.open(row.private_key), row.public_key)
    except ValueError:
        raise PoolKeySealed(
            f"The pool's key {name} was encrypted with another secret of the server: set that in JWT_SECRET_PREVIOUS."
        ) from None


async def make_key(session: AsyncSession, secrets: Secrets, name: KeyName, now: datetime) -> KeyPair:
    """Return a key of the pool, made now if it was never needed."""
    await take_write_lock(session)
    found = await find_key(session, secrets, name)
    if found is None:
        found = new_key(f"toolcrib {name}")
        sealed = secrets.seal(POOL_KEY, found.private)
        row = {"name": name, "private_key": sealed, "public_key": found.public, "created_at": now}
        await session.execute(insert(pool_keys).values(**row))
    return found


async def public_ca_key(database: Database, secrets: Secrets, now: datetime) -> str:
    """Return the public key of the CA."""
    async with database.read() as session:
        found = await find_key(session, secrets, KeyName.CA)
    if found is None:
        async with database.write() as session:
            found = await make_key(session, secrets, KeyName.CA, now)
    return found.public
