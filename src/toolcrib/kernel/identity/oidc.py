"""Sign in through the OpenID provider: start a sign-in, redeem its state, and find the account (desktops contract,
section 8)."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import NamedTuple, cast

from sqlalchemy import Table, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity import group_roles, profiles, users
from toolcrib.kernel.identity.models import OidcState, User
from toolcrib.kernel.identity.names import BadName, check_email, email_key, is_storable
from toolcrib.kernel.identity.oidc_identity import Identity
from toolcrib.kernel.identity.principal import DISABLED
from toolcrib.kernel.identity.provisioning import free_username
from toolcrib.kernel.identity.signin import InvalidGrant
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.kernel.secrets import Sealed, Secrets

STATE_LIFETIME = timedelta(minutes=10)
VERIFIER = Sealed(cast("Table", OidcState.__table__).c.verifier)
SEALED = (VERIFIER,)


class InvalidState(InvalidRequest):
    """This browser has no such sign-in under way: the state is forged, expired, or already used."""

    code = "invalid_state"


class AccountNotFound(InvalidRequest):
    """The person has no account here, and the server is not set to create one."""

    code = "user_not_found"


class InvalidIdToken(InvalidRequest):
    """The provider's response does not prove the person's identity."""

    code = "invalid_id_token"


class StartedSignIn(NamedTuple):
    """The secrets of a started sign-in: `state`, `nonce` and `verifier` go to the provider, `browser` into a cookie."""

    state: str
    nonce: str
    verifier: str
    browser: str


class RedeemedState(NamedTuple):
    nonce: str
    verifier: str
    redirect_uri: str


async def start_sign_in(
    session: AsyncSession, sealing: Secrets, *, redirect_uri: str, now: datetime
) -> StartedSignIn:
    """Start a sign-in, and delete those that have expired."""
    await session.execute(delete(OidcState).where(OidcState.expires_at <= now))
    started = StartedSignIn(*(secrets.token_urlsafe(size) for size in (32, 32, 64, 32)))
    session.add(
        OidcState(
            digest=_digest(started.state),
            verifier=sealing.seal(VERIFIER, started.verifier),
            nonce=started.nonce,
            redirect_uri=redirect_uri,
            browser=_digest(started.browser),
            expires_at=now + STATE_LIFETIME,
        )
    )
    return started


async def redeem_state(
    session: AsyncSession, sealing: Secrets, state: str, browser: str | None, *, bound: bool, now: datetime
) -> RedeemedState | None:
    """Redeem the state of a sign-in, once. Returns None if it is not valid.

    The caller commits before it does anything else, and before it refuses on None. With `bound` the browser must be the
    one that started the sign-in."""
    await take_write_lock(session)  # of two requests with the same state, one succeeds
    row = await session.get(OidcState, _digest(state))
    if row is None:
        return None
    await session.delete(row)
    if row.expires_at <= now:
        return None
    if bound and not (browser and compare_digest(_digest(browser), row.browser or "")):
        return None
    try:
        verifier = sealing.open(row.verifier)
    except ValueError:  # the server's secret was changed, without the one before
        return None
    return RedeemedState(row.nonce, verifier, row.redirect_uri)


async def find_or_create_user(
    session: AsyncSession,
    identity: Identity,
    *,
    create: bool,
    roles_of_groups: group_roles.Mapped,
    now: datetime,
) -> User:
    """Return the account of the person that the provider identified. Creates it if there is none and `create` is true.
    Records the sign-in, and what the provider says of the person now, and gives them the roles of their groups.

    It is found by subject alone, since a mail address can pass to another person.

    Raises:
        AccountNotFound: there is none (400).
        InvalidGrant: it is disabled (401).
    """
    await take_write_lock(session)
    if not is_storable(identity.subject):
        raise InvalidIdToken("Invalid token response")
    found = await session.execute(select(User).where(User.oidc_subject == identity.subject))
    user = found.scalar_one_or_none()
    if user is None:
        if not create:
            raise AccountNotFound("User not found")
        user = await users.create_user(
            session,
            username=await free_username(session, identity.username or "user"),
            password_hash=None,
            email=await _usable_address(session, identity.email),
            oidc_subject=identity.subject,
            actor=None,
            now=now,
        )
    elif not user.is_active:
        raise InvalidGrant(DISABLED)
    else:
        await _follow_address(session, user, identity.email, now=now)
    await profiles.follow_provider(session, user, identity, now=now)
    if identity.groups is not None:
        await group_roles.apply(session, user, identity.groups, roles_of_groups, now=now)
    return user


async def _follow_address(session: AsyncSession, user: User, email: str | None, *, now: datetime) -> None:
    """Give the account the mail address that the provider has for the person now, if it can have it."""
    if email is None or (user.email is not None and email_key(user.email) == email_key(email)):
        return
    address = await _usable_address(session, email)
    if address is not None:
        await users.set_email(session, user, address, actor=None, now=now)


async def _usable_address(session: AsyncSession, email: str | None) -> str | None:
    """Return the mail address; None if it is not valid or another account has it."""
    if email is None:
        return None
    try:
        address = check_email(email)
        await users.require_free_address(session, address)
    except (BadName, users.EmailTaken):
        return None
    return address


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
