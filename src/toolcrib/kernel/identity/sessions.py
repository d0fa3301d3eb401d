"""Sessions of browsers: started by signing in, listed for their person, and ended by that person."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.events.log import record
from toolcrib.kernel.identity.models import DEVICE_LENGTH, BrowserSession, ProviderSession, User
from toolcrib.kernel.identity.principal import Principal, Unauthorized
from toolcrib.kernel.problems import NotFound

SIGNED_IN = "signed_in"

# In this order, because a browser's User-Agent also names browsers that stand further down.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
# How long a session lasts whose token has no end.
LONGEST = timedelta(days=3650)
_PROGRAM = re.compile(r"[A-Za-z0-9._/-]{1,80}")


class SessionNotFound(NotFound):
    pass


async def start(
    session: AsyncSession,
    proved: User,
    *,
    user_agent: str | None,
    lifetime: timedelta,
    most: int,
    now: datetime,
) -> BrowserSession:
    """Start a session for a person who has just authenticated. Takes the write lock. If the person has more than `most`
    sessions, the least recently used one ends.

    Raises:
        Unauthorized: meanwhile the account was deleted or disabled, or its password changed (401).
    """
    await take_write_lock(session)
    user = await session.get(User, proved.id, populate_existing=True)
    if user is None or not user.is_active or user.token_version != proved.token_version:
        raise Unauthorized("This account has changed meanwhile. Sign in again.")
    await session.execute(delete(BrowserSession).where(BrowserSession.expires_at <= now))
    await _make_room(session, user, most, now)
    started = BrowserSession(
        user_id=user.id,
        device=device_name(user_agent),
        created_at=now,
        last_used_at=now,
        expires_at=now + lifetime,
    )
    session.add(started)
    await session.flush()
    await _record(session, SIGNED_IN, started, user.username, user.uuid, now)
    return started


async def list_sessions(session: AsyncSession, user_id: int, *, now: datetime) -> list[BrowserSession]:
    """Return the sessions that have not expired, the most recently used first."""
    found = await session.scalars(
        select(BrowserSession)
        .where(BrowserSession.user_id == user_id, BrowserSession.expires_at > now)
        .order_by(BrowserSession.last_used_at.desc(), BrowserSession.created_at.desc())
    )
    return list(found)


async def end(session: AsyncSession, me: Principal, session_id: str, *, now: datetime) -> None:
    """End one of the caller's sessions.

    Raises:
        SessionNotFound: the person has no such session (404).
    """
    await take_write_lock(session)
    found = await session.get(BrowserSession, session_id)
    if found is None or found.user_id != me.id:
        raise SessionNotFound("You have no such session.")
    await session.delete(found)
    await session.flush()
    await _record(session, "signed_out", found, me.username, me.uuid, now)


async def end_by_provider(session: AsyncSession, ended: BrowserSession, user: User, *, now: datetime) -> None:
    """End a session because its person has signed out at the sign-in provider. The caller holds the write lock."""
    await session.delete(ended)
    await session.flush()
    await _record(session, "signed_out", ended, None, user.uuid, now)


async def extend(session: AsyncSession, session_id: str, lifetime: timedelta, *, now: datetime) -> bool:
    """Let a session whose token a client has last longer. Returns false if it is a browser's, or has ended."""
    await take_write_lock(session)
    found = await session.get(BrowserSession, session_id)
    came = await session.get(ProviderSession, session_id)
    if found is None or came is None or came.is_browser:
        return False
    found.expires_at = max(found.expires_at, now + lifetime)
    return True


def device_name(user_agent: str | None) -> str:
    """Return a name that people recognise, like `Firefox on Linux`; for other programs the first word of their
    User-Agent."""
    text = user_agent or ""
    browser = next((name for mark, name in _BROWSERS if mark in text), None)
    system = next((name for mark, name in _SYSTEMS if mark in text), None)
    if browser:
        return f"{browser} on {system}" if system else browser
    program = _PROGRAM.match(text)
    return program[0][:DEVICE_LENGTH] if program else "Unknown device"


async def _make_room(session: AsyncSession, user: User, most: int, now: datetime) -> None:
    for surplus in (await list_sessions(session, user.id, now=now))[most - 1 :]:
        await session.delete(surplus)
        await _record(session, "signed_out", surplus, user.username, user.uuid, now)


async def _record(
    session: AsyncSession, verb: str, about: BrowserSession, username: str | None, uuid: str, now: datetime
) -> None:
    await record(
        session,
        verb,
        kind="session",
        key=about.device,
        actor=username,
        now=now,
        scope=f"user:{uuid}",
    )
