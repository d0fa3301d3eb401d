"""Signing in through the OpenID provider: the way there, the way back, and who it is here (desktops contract,
section 8)."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity import users
from toolcrib.kernel.identity.models import OidcState, User
from toolcrib.kernel.identity.names import BadName, check_email, is_storable
from toolcrib.kernel.identity.provisioning import free_username
from toolcrib.kernel.identity.signin import InvalidGrant
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.kernel.secrets import Secrets

STATE_LIFETIME = timedelta(minutes=10)


class InvalidState(InvalidRequest):
    """This browser has no such sign-in under way: the state is forged, too old, or was used."""

    code = "invalid_state"


class NobodyHere(InvalidRequest):
    """The person has no account here, and the server does not create one."""

    code = "user_not_found"


class InvalidIdToken(InvalidRequest):
    """The provider's response does not prove the person's identity."""

    code = "invalid_id_token"


class Identity(NamedTuple):
    """Whom the provider vouches for. Nothing it says makes anybody an administrator."""

    subject: str
    username: str | None
    email: str | None


class Departure(NamedTuple):
    """What goes along: `state`, `nonce` and `verifier` to the provider, `browser` into a cookie."""

    state: str
    nonce: str
    verifier: str
    browser: str


class Arrival(NamedTuple):
    nonce: str
    verifier: str
    redirect_uri: str


async def depart(session: AsyncSession, sealing: Secrets, *, redirect_uri: str, now: datetime) -> Departure:
    """Begin a sign-in. Those that nobody came back from are forgotten."""
    await session.execute(delete(OidcState).where(OidcState.expires_at <= now))
    way = Departure(*(secrets.token_urlsafe(size) for size in (32, 32, 64, 32)))
    session.add(
        OidcState(
            digest=_digest(way.state),
            verifier=sealing.seal(way.verifier),
            nonce=way.nonce,
            redirect_uri=redirect_uri,
            browser=_digest(way.browser),
            expires_at=now + STATE_LIFETIME,
        )
    )
    return way


async def arrive(
    session: AsyncSession, sealing: Secrets, state: str, browser: str | None, *, bound: bool, now: datetime
) -> Arrival | None:
    """End a sign-in's way, which works once: the caller commits before anything else, and before it refuses
    on None. `bound` asks that the browser is the one that departed."""
    await take_write_lock(session)  # of two who come with one state, one gets in
    departed = await session.get(OidcState, _digest(state))
    if departed is None:
        return None
    await session.delete(departed)
    if departed.expires_at <= now:
        return None
    if bound and not (browser and compare_digest(_digest(browser), departed.browser or "")):
        return None
    return Arrival(departed.nonce, sealing.open(departed.verifier), departed.redirect_uri)


async def admit(session: AsyncSession, identity: Identity, *, create: bool, now: datetime) -> User:
    """The account of the person the provider vouches for, found by subject and by nothing else: an address
    can pass to somebody else. Created if there is none and `create` says so.

    Raises:
        NobodyHere: there is none (400).
        InvalidGrant: it is disabled (401).
    """
    await take_write_lock(session)
    if not is_storable(identity.subject):
        raise InvalidIdToken("Invalid token response")
    found = await session.execute(select(User).where(User.oidc_subject == identity.subject))
    user = found.scalar_one_or_none()
    if user is None:
        if not create:
            raise NobodyHere("User not found")
        return await users.create_user(
            session,
            username=await free_username(session, identity.username or "user"),
            password_hash=None,
            email=await _usable_address(session, identity.email),
            oidc_subject=identity.subject,
            actor=None,
            now=now,
        )
    if not user.is_active:
        raise InvalidGrant("This account is disabled.")
    return user


async def _usable_address(session: AsyncSession, email: str | None) -> str | None:
    """The address, unless it is none or somebody here has it."""
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
