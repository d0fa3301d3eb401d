"""What is known of people beside their accounts: names, organization, and when they last signed in."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import Database, take_write_lock
from toolcrib.kernel.failure_words import failure_in_words
from toolcrib.kernel.identity.models import PROFILE_LENGTH, Profile, User
from toolcrib.kernel.identity.oidc_identity import Identity
from toolcrib.kernel.long_work import ROWS, pieces

log = structlog.get_logger()


async def of_people(session: AsyncSession, user_ids: Collection[int]) -> dict[int, Profile]:
    """Return the profiles of these people, by user id. Who never signed in has none."""
    found: dict[int, Profile] = {}
    for page in pieces(list(user_ids), ROWS):
        rows = await session.scalars(select(Profile).where(Profile.user_id.in_(page)))
        found.update((profile.user_id, profile) for profile in rows)
    return found


async def came_in(session: AsyncSession, user: User, *, now: datetime) -> Profile:
    """Record that a person signs in now. Returns the profile."""
    await take_write_lock(session)
    profile = await session.get(Profile, user.id)
    if profile is None:
        profile = Profile(user_id=user.id, email_verified=False)
        session.add(profile)
    profile.last_login = now
    return profile


async def came_in_if_possible(database: Database, user: User, *, now: datetime) -> None:
    """Do what `came_in` does in a transaction of its own. People sign in even if nothing can be written."""
    try:
        async with database.write() as session:
            await came_in(session, user, now=now)
    except DBAPIError as error:
        log.warning("sign_in_not_recorded", error=failure_in_words(error))


async def follow_provider(session: AsyncSession, user: User, identity: Identity, *, now: datetime) -> None:
    """Record a sign-in through the provider, with what it says of the person now. What it does not say stays."""
    profile = await came_in(session, user, now=now)
    given, family = identity.given_name, identity.family_name
    name = identity.name or " ".join(part for part in (given, family) if part) or None
    for field, told in (
        ("name", name),
        ("given_name", given),
        ("family_name", family),
        ("organization", identity.organization),
        ("locale", identity.locale),
    ):
        if told is not None:
            setattr(profile, field, told[:PROFILE_LENGTH])
    profile.email_verified = identity.email_verified
    profile.linked_at = profile.linked_at or now
    profile.used_at = now


async def set_organization(session: AsyncSession, user: User, organization: str | None) -> None:
    await take_write_lock(session)
    profile = await session.get(Profile, user.id)
    if profile is None:
        profile = Profile(user_id=user.id, email_verified=False)
        session.add(profile)
    profile.organization = organization


async def link(session: AsyncSession, user: User, *, now: datetime) -> None:
    """Record that the account belongs to a person at the provider, who has not come from it yet."""
    await session.flush()
    session.add(Profile(user_id=user.id, email_verified=False, linked_at=now))
