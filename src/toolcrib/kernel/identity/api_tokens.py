"""API tokens (desktops contract, section 9): API keys that are JWTs, for programs of that contract's tools.

They are rows of `ApiKey`, so that there is one list of what acts for a person, one limit, one way to end it, and one
look-up. Unlike other keys they are made by administrators alone, always end, may be used for whatever their person may
do, and stay in the list after they were revoked.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity import keys, lookup
from toolcrib.kernel.identity.lookup import api_key_digest
from toolcrib.kernel.identity.models import ApiKey, User
from toolcrib.kernel.identity.names import check_label
from toolcrib.kernel.identity.principal import Principal, Unauthorized
from toolcrib.kernel.identity.tokens import Tokens, as_uuid
from toolcrib.kernel.problems import InvalidRequest, NotFound

# How many ended tokens of one person are kept, for the list.
ENDED_KEPT = 200


class TokenNotFound(NotFound):
    def __init__(self, token_id: str) -> None:
        super().__init__(f"Token with ID {token_id[:40]} not found")


class TokenRefused(InvalidRequest):
    """What was sent is no API token that works."""

    code = "token_refused"


async def create_token(
    session: AsyncSession,
    me: Principal,
    tokens: Tokens,
    name: str,
    *,
    description: str | None,
    lifetime: timedelta,
    most: int,
    now: datetime,
) -> tuple[ApiKey, str]:
    """Create an API token; return it and its secret, which is not stored. A person may have `most` keys and tokens.
    Flushes, so that the id is set.

    Raises:
        BadName: the name is not allowed (400).
        TooManyKeys: the person has `most` keys and tokens (409).
    """
    check_label(name)
    token_id = str(uuid4())
    # A JWT has whole seconds.
    expires_at = (now + lifetime).replace(microsecond=0)
    secret = tokens.issue_api_token(token_id, name, is_admin=me.is_admin, now=now, expires_at=expires_at)
    token = ApiKey(
        user_id=me.id,
        name=name,
        prefix=token_id[:8],
        digest=api_key_digest(secret),
        created_at=now,
        expires_at=expires_at,
        token_id=token_id,
        description=description,
    )
    await keys.add(session, me, token, most=most, now=now)
    await _forget_oldest(session, me, now)
    await keys.note(
        session, "key_created", token, me.username, me.uuid, now, expires_at=expires_at.isoformat()
    )
    return token, secret


async def list_tokens(session: AsyncSession, me: Principal) -> list[ApiKey]:
    """Return the caller's tokens, newest first, with those that have expired or were revoked."""
    found = await session.scalars(
        select(ApiKey).where(ApiKey.user_id == me.id, ApiKey.token_id.is_not(None)).order_by(ApiKey.id.desc())
    )
    return list(found)


async def get_token(session: AsyncSession, token_id: str) -> tuple[ApiKey, User]:
    """Return anybody's token, and whose it is.

    Raises:
        TokenNotFound: there is none (404).
    """
    if (uuid := as_uuid(token_id)) is None:
        raise TokenNotFound(token_id)
    found = await session.execute(
        select(ApiKey, User).join(User, User.id == ApiKey.user_id).where(ApiKey.token_id == uuid)
    )
    row = found.one_or_none()
    if row is None:
        raise TokenNotFound(token_id)
    token, user = row
    return token, user


async def revoke_token(session: AsyncSession, me: Principal, token_id: str, *, now: datetime) -> None:
    """Revoke anybody's token. Nothing happens if it was revoked before.

    Raises:
        TokenNotFound: there is none (404).
    """
    await take_write_lock(session)
    token, user = await get_token(session, token_id)
    if token.revoked_at is None:
        await keys.end(session, token, me.username, user.uuid, now)


async def person_of(session: AsyncSession, secret: str, *, now: datetime) -> tuple[ApiKey, User]:
    """Return a token that works, and whose it is.

    Raises:
        TokenRefused: it does not work, or is no API token (400).
    """
    try:
        user, token = await lookup.by_api_key(session, secret)
        if token.token_id is None:
            raise TokenRefused(lookup.TOKEN_INVALID)
        lookup.require_unrevoked(token)
        lookup.require_usable(user, token.expires_at, now, "api_token")
    except lookup.UnknownKey:
        raise TokenRefused(lookup.TOKEN_INVALID) from None
    except Unauthorized as refused:
        raise TokenRefused(refused.detail) from None
    return token, user


async def _forget_oldest(session: AsyncSession, me: Principal, now: datetime) -> None:
    ended = (
        ApiKey.user_id == me.id,
        ApiKey.token_id.is_not(None),
        or_(ApiKey.revoked_at.is_not(None), ApiKey.expires_at <= now),
    )
    surplus = await session.scalars(
        select(ApiKey.id).where(*ended).order_by(ApiKey.id.desc()).offset(ENDED_KEPT).limit(ENDED_KEPT)
    )
    if ids := list(surplus):
        await session.execute(delete(ApiKey).where(ApiKey.id.in_(ids)))
