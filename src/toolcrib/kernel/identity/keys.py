"""API keys: created and revoked by their user, shown once, stored as hashes."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
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
    """Return the person's API keys, newest first, including expired ones. API tokens that were not revoked are among
    them."""
    found = await session.execute(
        select(ApiKey)
        .where(ApiKey.user_id == user_id, ApiKey.revoked_at.is_(None))
        .order_by(ApiKey.id.desc())
    )
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
    await add(session, me, key, most=most, now=now)
    await note(session, "key_created", key, me.username, me.uuid, now, scopes=scopes)
    return key, secret


async def add(session: AsyncSession, me: Principal, key: ApiKey, *, most: int, now: datetime) -> None:
    """Store a new key or token of a person who may have `most`. Tokens that have ended do not count. Flushes.

    Raises:
        TooManyKeys: the person has `most` (409).
    """
    await take_write_lock(session)
    lasts = or_(ApiKey.token_id.is_(None), ApiKey.expires_at > now)
    found = await session.execute(
        select(func.count()).where(ApiKey.user_id == me.id, ApiKey.revoked_at.is_(None), lasts)
    )
    count = found.scalar_one()
    if count >= most:
        text = f"You have {count} API keys, of at most {most}: revoke one first."
        raise TooManyKeys(text, allowed=most, count=count)
    session.add(key)
    await session.flush()


async def revoke_key(session: AsyncSession, me: Principal, key_id: int, *, now: datetime) -> None:
    """End one of the caller's API keys or tokens.

    Raises:
        KeyNotFound: the person has no such key (404).
    """
    await take_write_lock(session)
    key = await session.get(ApiKey, key_id)
    if key is None or key.user_id != me.id or key.revoked_at is not None:
        raise KeyNotFound("You have no such API key.")
    await end(session, key, me.username, me.uuid, now)


async def revoke_all(session: AsyncSession, user: User, *, actor: str | None, now: datetime) -> None:
    """End all API keys and tokens of a person."""
    await take_write_lock(session)
    for key in await list_keys(session, user.id):
        await end(session, key, actor, user.uuid, now)


async def end(session: AsyncSession, key: ApiKey, actor: str | None, uuid: str, now: datetime) -> None:
    """End a key of the person `uuid`: delete it, or mark it as revoked if it is a token. Flushes."""
    if key.token_id is None:
        await session.delete(key)
    else:
        key.revoked_at = now
    await session.flush()
    await note(session, "key_revoked", key, actor, uuid, now)


async def note(
    session: AsyncSession, verb: str, key: ApiKey, actor: str | None, uuid: str, now: datetime, **data: Any
) -> None:
    """Write the event of a key or token of the person `uuid`."""
    if key.token_id is not None:
        data["token_id"] = key.token_id
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
