"""Sign-outs that the OpenID provider tells us of (OpenID Connect Back-Channel Logout 1.0), and sessions that came from
there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, cast

from sqlalchemy import Table, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity import sessions, users
from toolcrib.kernel.identity.models import SID_LENGTH, BrowserSession, LogoutToken, ProviderSession, User
from toolcrib.kernel.identity.names import is_storable
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.kernel.secrets import Sealed, Secrets

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPES = frozenset({"logout+jwt", "jwt", ""})
# How old a message may be, and how far the provider's clock may differ.
LATEST = timedelta(minutes=10)
LEEWAY = timedelta(seconds=60)
# Longer ones are not kept: an address holds no more.
ID_TOKEN_BYTES = 4_000

ID_TOKEN = Sealed(cast("Table", ProviderSession.__table__).c.id_token)
SEALED = (ID_TOKEN,)


class InvalidLogoutToken(InvalidRequest):
    """The sign-in provider's message that somebody has signed out cannot be believed, or came before."""

    code = "invalid_logout_token"


@dataclass(slots=True, frozen=True)
class LogoutMessage:
    """Whom the message is about: a session at the provider (`sid`), a person (`subject`), or both."""

    issuer: str
    jti: str
    sid: str | None
    subject: str | None


def read_logout_message(
    header: Mapping[str, Any], claims: Mapping[str, Any], *, issuer: str, client_id: str, now: datetime
) -> LogoutMessage:
    """Check the claims of a logout token whose signature is valid.

    Raises:
        InvalidLogoutToken: they are not those of a message to us, of just now (400).
    """
    kind = header.get("typ", "")
    if not isinstance(kind, str) or kind.lower() not in TYPES:
        raise InvalidLogoutToken("This is not a logout token.")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise InvalidLogoutToken("This is not a logout token: it names no such event.")
    if "nonce" in claims:
        raise InvalidLogoutToken("A logout token has no nonce.")
    if claims.get("iss") != issuer:
        raise InvalidLogoutToken("The logout token was issued by somebody else.")
    audience = claims.get("aud")
    if client_id not in (audience if isinstance(audience, list) else [audience]):
        raise InvalidLogoutToken("The logout token is meant for somebody else.")
    issued, expires = _moment(claims, "iat"), _moment(claims, "exp")
    if issued is None or not now - LATEST <= issued <= now + LEEWAY:
        raise InvalidLogoutToken("The logout token is too old, or not of now.")
    if "exp" in claims and (expires is None or expires + LEEWAY <= now):
        raise InvalidLogoutToken("The logout token has expired.")
    jti, sid, subject = (_text(claims, name) for name in ("jti", "sid", "sub"))
    if jti is None or (sid is None and subject is None):
        raise InvalidLogoutToken("The logout token lacks jti, or names neither session nor person.")
    return LogoutMessage(issuer, jti, sid, subject)


async def end_sessions(session: AsyncSession, message: LogoutMessage, *, now: datetime) -> None:
    """End the sessions that the message is about; if it names only a person, all their sessions and tokens. Each
    message counts once.

    Raises:
        InvalidLogoutToken: it came before (400).
    """
    await take_write_lock(session)  # of two deliveries of one message, the second finds the first
    await session.execute(delete(LogoutToken).where(LogoutToken.expires_at <= now))
    digest = sha256(f"{message.issuer} {message.jti}".encode("utf-8", "surrogatepass")).hexdigest()
    if await session.get(LogoutToken, digest) is not None:
        raise InvalidLogoutToken("This logout token was used already.")
    session.add(LogoutToken(digest=digest, expires_at=now + LATEST + 2 * LEEWAY))
    user = await users.by_subject(session, message.subject) if message.subject is not None else None
    if message.sid is None:
        if user is not None:
            await users.sign_out_everywhere(session, user, now=now, by_provider=True)
        return
    # Where the provider named no session when the person came, the person has to do.
    ended = ProviderSession.sid == message.sid
    if user is not None:
        ended = or_(ended, ProviderSession.sid.is_(None)) & (BrowserSession.user_id == user.id)
    elif message.subject is not None:
        return  # a session of somebody else
    found = await session.execute(
        select(BrowserSession, User)
        .join(ProviderSession, ProviderSession.session_id == BrowserSession.id)
        .join(User, User.id == BrowserSession.user_id)
        .where(ended)
    )
    for each, owner in found.all():
        await sessions.end_by_provider(session, each, owner, now=now)


async def id_token_of(session: AsyncSession, sealing: Secrets, session_id: str) -> tuple[bool, str | None]:
    """Return whether the session came from the provider, and its ID token if there is one."""
    found = await session.get(ProviderSession, session_id)
    if found is None or found.id_token is None:
        return found is not None, None
    try:
        return True, sealing.open(found.id_token)
    except ValueError:  # the server's secret was changed, without the one before
        return True, None


def note_provider(
    sealing: Secrets, session_id: str, *, sid: str | None, id_token: str, is_browser: bool
) -> ProviderSession:
    """Return the row that says that the person of a session came from the provider."""
    sealed = sealing.seal(ID_TOKEN, id_token) if len(id_token) <= ID_TOKEN_BYTES else None
    return ProviderSession(session_id=session_id, sid=sid, id_token=sealed, is_browser=is_browser)


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= SID_LENGTH or not is_storable(value):
        raise InvalidLogoutToken(f"The logout token's {name} cannot be used.")
    return value


def _moment(claims: Mapping[str, Any], name: str) -> datetime | None:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
