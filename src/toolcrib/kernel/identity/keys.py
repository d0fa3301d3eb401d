"""API keys: created and revoked by their user, shown once, stored as hashes."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.events.log import record
from toolcrib.kernel.identity.lookup import API_KEY_MARK, api_key_digest
from toolcrib.kernel.identity.models import ApiKey, User
from toolcrib.kernel.identity.names import check_label
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.limits import LimitReached
from toolcrib.kernel.problems import NotFound

SECRET_BYTES = 32
SHOWN = len(API_KEY_MARK) + 8


class KeyNotFound(NotFound):
    pass


class TooManyKeys(LimitReached):
    """The person has as many API keys as one person may have: revoke one first."""

    code, status, setting = "too_many_keys", 409, "API_KEYS_PER_PERSON"


async def list_keys(session: AsyncSession, user_id: int) -> list[ApiKey]:
    """Return the person's API keys, newest first, including expired ones."""
    found = await session.execute(select(ApiKey).where(ApiKey.user_id == user_id).order_by(ApiKey.id.desc()))
    return list(found.scalars())


async def create_key(
    session: AsyncSession,
    me: Principal,
    name: str,
    *,
    most: int,
    scopes: list[str],
    lifetime: timedelta | None,
    now: datetime,
) -> tuple[ApiKey, str]:
    """Create an API key; return it and its secret, which is not stored. `scopes` have been checked (`KeyScopes.check`).
    A person may have `most` keys. Flushes, so that the id is set.

    Raises:
        BadName: the name is not allowed (400).
        TooManyKeys: the person has `most` keys (409).
    """
    check_label(name)
    await take_write_lock(session)
    found = await session.execute(select(func.count()).where(ApiKey.user_id == me.id))
    count = found.scalar_one()
    if count >= most:
        text = f"You have {count} API keys, of at most {most}: revoke one first."
        raise TooManyKeys(text, allowed=most, count=count)
    secret = API_KEY_MARK + secrets.token_urlsafe(SECRET_BYTES)
    key = ApiKey(
        user_id=me.id,
        name=name,
        prefix=secret[:SHOWN],
        digest=api_key_digest(secret),
        created_at=now,
        last_used_at=None,
        expires_at=now + lifetime if lifetime else None,
        scopes=" ".join(scopes),
    )
    session.add(key)
    await session.flush()
    await _record(session, "key_created", key, me.username, me.uuid, now, scopes=scopes)
    return key, secret


async def revoke_key(session: AsyncSession, me: Principal, key_id: int, *, now: datetime) -> None:
    """Delete one of the caller's API keys.

    Raises:
        KeyNotFound: the person has no such key (404).
    """
    key = await session.get(ApiKey, key_id)
    if key is None or key.user_id != me.id:
        raise KeyNotFound("You have no such API key.")
    await session.delete(key)
    await session.flush()
    await _record(session, "key_revoked", key, me.username, me.uuid, now)


async def revoke_all(session: AsyncSession, user: User, *, actor: str | None, now: datetime) -> None:
    """Delete all API keys of a person."""
    await take_write_lock(session)
    for key in await list_keys(session, user.id):
        await session.delete(key)
        await _record(session, "key_revoked", key, actor, user.uuid, now)
    await session.flush()


async def _record(
    session: AsyncSession, verb: str, key: ApiKey, actor: str | None, uuid: str, now: datetime, **data: Any
) -> None:
    await record(
        session,
        verb,
        kind="api_key",
        key=key.name,
        actor=actor,
        now=now,
        scope=f"user:{uuid}",
        prefix=key.prefix,
        **data,
    )
