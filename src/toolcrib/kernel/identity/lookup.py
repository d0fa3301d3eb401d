"""Find the person that a credential belongs to."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.identity.former_names import is_named
from toolcrib.kernel.identity.models import ApiKey, BrowserSession, User
from toolcrib.kernel.identity.principal import ACCOUNT_GONE, DISABLED, Grant, Unauthorized, Via
from toolcrib.kernel.identity.second_factors import has_factor
from toolcrib.kernel.identity.tokens import Token, as_uuid

API_KEY_MARK = "tck_"
NO_SUCH_PERSON = "No account here has the name in this token."
NO_SUCH_KEY = "This API key does not exist or was revoked."


# What an API token is refused with (desktops contract, section 1).
TOKEN_INVALID, TOKEN_REVOKED, TOKEN_EXPIRED = "Token is invalid", "Token is revoked", "Token is expired"


class UnknownKey(Unauthorized):
    """There is no such API key, or it was revoked."""


class UnknownPerson(Unauthorized):
    """The token is valid, but no account matches its names: it never existed here, or was deleted."""


async def by_token(session: AsyncSession, token: Token) -> User:
    """Return the person that a token stands for.

    Our own tokens name exactly one account. Older ones and those of other services name a person by username (that of
    now or a former one), UUID or OIDC subject, and count only if issued after `tokens_valid_from`.

    Raises:
        UnknownPerson: no account matches these names (401).
        Unauthorized: two accounts match, or the token is older than the last password change (401).
    """
    if token.version is not None:
        user = (
            await session.execute(select(User).where(User.uuid == as_uuid(token.user_id)))
        ).scalar_one_or_none()
        if user is None:
            raise UnknownPerson(ACCOUNT_GONE)
        if user.token_version != token.version:
            raise Unauthorized("This sign-in has ended. Sign in again.")
        return user
    names = [name for name in (token.subject, token.user_id) if name]
    uuids = [uuid for uuid in map(as_uuid, names) if uuid]
    found = await session.execute(
        select(User).where(
            or_(
                User.uuid.in_(uuids),
                User.oidc_subject.in_(names),
                is_named(token.subject or names[0]),
            )
        )
    )
    users = found.scalars().all()
    if not users:
        raise UnknownPerson(NO_SUCH_PERSON)
    if len(users) > 1:
        raise Unauthorized("Invalid token: its names belong to different people")
    user = users[0]
    if user.tokens_valid_from is not None and (
        token.issued_at is None or token.issued_at <= user.tokens_valid_from.timestamp()
    ):
        raise Unauthorized("This sign-in has ended. Sign in again.")
    return user


async def by_api_key(session: AsyncSession, secret: str) -> tuple[User, ApiKey]:
    """Return the owner of an API key or token, and the key.

    Raises:
        UnknownKey: there is no such key (401).
    """
    found = await session.execute(
        select(User, ApiKey)
        .join(ApiKey, ApiKey.user_id == User.id)
        .where(ApiKey.digest == api_key_digest(secret))
    )
    row = found.one_or_none()
    if row is None:
        raise UnknownKey(NO_SUCH_KEY)
    return row


async def require_session(session: AsyncSession, session_id: str | None, user_id: int) -> None:
    """Check that the browser session that a token names still exists.

    Raises:
        Unauthorized: it was ended (401).
    """
    if session_id is None:
        return
    found = await session.get(BrowserSession, session_id)
    if found is None or found.user_id != user_id:
        raise Unauthorized("This sign-in has ended. Sign in again.")


def api_key_digest(secret: str) -> str:
    """Return the hash that is stored for a key. The secret is random, so guessing cannot reverse a plain hash."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


async def by_grant(session: AsyncSession, grant: Grant) -> User:
    """Return the person that a credential was verified for, if it is still valid.

    Raises:
        Unauthorized: the account is gone, the password changed, the API key was revoked, the session ended, or a
            password alone is no longer enough (401).
    """
    user = await session.get(User, grant.user_id)
    if user is None:
        raise Unauthorized(ACCOUNT_GONE)
    if grant.version is not None and grant.version != user.token_version:
        raise Unauthorized("This sign-in has ended. Sign in again.")
    if grant.api_key_id is not None:
        key = await session.get(ApiKey, grant.api_key_id)
        if key is None:
            raise UnknownKey(NO_SUCH_KEY)
        require_unrevoked(key)
    await require_session(session, grant.session_id, user.id)
    if grant.via == "basic" and grant.api_key_id is None and await has_factor(session, user.id):
        raise Unauthorized("This account has two-step sign-in: use an API key instead of the password.")
    return user


def require_unrevoked(key: ApiKey) -> None:
    """Check that an API token was not revoked.

    Raises:
        Unauthorized: it was (401).
    """
    if key.revoked_at is not None:
        raise Unauthorized(TOKEN_REVOKED)


def require_usable(user: User, expires_at: datetime | None, now: datetime, via: Via = "bearer") -> None:
    """Check that the account is active and the credential has not expired.

    Raises:
        Unauthorized: the account is disabled, or the credential has expired (401).
    """
    if not user.is_active:
        raise Unauthorized(DISABLED)
    if expires_at is not None and expires_at <= now:
        raise Unauthorized(TOKEN_EXPIRED if via == "api_token" else "Token expired")


def key_grant(digest: bytes, via: Via, user: User, key: ApiKey) -> Grant:
    return Grant(
        digest,
        "api_token" if key.token_id is not None else via,
        user.id,
        version=None,
        api_key_id=key.id,
        expires_at=key.expires_at,
        scopes=key.scope_names,
    )


def version_grant(digest: bytes, via: Via, user: User) -> Grant:
    return Grant(digest, via, user.id, version=user.token_version)


def token_grant(digest: bytes, via: Via, user: User, token: Token, company_id: str | None) -> Grant:
    """Return the grant of a token. `company_id` is the company that the token names, if it is trusted to."""
    return Grant(
        digest,
        via,
        user.id,
        version=user.token_version,
        session_id=token.session_id,
        expires_at=token.expires_at,
        company_id=company_id,
    )
