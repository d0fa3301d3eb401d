"""Create administrators: the first one at the start, others on the command line."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import NamedTuple

import structlog
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity import profiles, second_factors, users
from toolcrib.kernel.identity.common_passwords import is_common
from toolcrib.kernel.identity.former_names import is_named
from toolcrib.kernel.identity.models import User
from toolcrib.kernel.identity.names import email_key
from toolcrib.kernel.identity.provisioning import free_username
from toolcrib.kernel.identity.renaming import rename_user
from toolcrib.settings import Settings

log = structlog.get_logger()

DEFAULT_NAME = "admin"


class FirstAdmin(NamedTuple):
    """The created account. Show the password once, on the terminal; it is not stored."""

    username: str
    password: str


async def ensure_first_admin(kernel: Kernel) -> FirstAdmin | None:
    """Create the administrator that the settings name, unless an account has or had that name, or has that address; an
    existing account is left unchanged.

    If the settings name none and there are no accounts yet, create one with a random password and return it. Safe when
    several processes start at once (asset-locks contract, section 8).
    """
    settings = kernel.settings
    username = settings.initial_admin_user or DEFAULT_NAME
    email = settings.initial_admin_email or None
    configured = settings.initial_admin_password.get_secret_value() if settings.initial_admin_user else ""
    if configured:
        in_the_way = is_named(username)
        if email:
            in_the_way = or_(in_the_way, User.email_key == email_key(email))
    else:
        in_the_way = User.id.is_not(None)
    async with kernel.database.read() as session:
        if await _anybody(session, in_the_way):
            return None
    password = configured or secrets.token_urlsafe(12)
    password_hash = await kernel.auth.passwords.hash(password)
    async with kernel.database.write() as session:
        await take_write_lock(session)  # another process may have created it meanwhile
        if await _anybody(session, in_the_way):
            return None
        await users.create_user(
            session,
            username=username,
            password_hash=password_hash,
            email=email,
            is_admin=True,
            actor=None,
            now=kernel.clock(),
        )
    return None if configured else FirstAdmin(username, password)


async def ensure_oidc_admin(kernel: Kernel) -> None:
    """Create the administrator whom ADMIN_OIDC_SUB names, unless an account has that subject (desktops contract,
    section 8). Safe when several processes start at once."""
    subject = kernel.settings.admin_oidc_sub
    if not subject:
        return
    async with kernel.database.read() as session:
        if await _anybody(session, User.oidc_subject == subject):
            return
    async with kernel.database.write() as session:
        await take_write_lock(session)
        if await _anybody(session, User.oidc_subject == subject):
            return
        user = await users.create_user(
            session,
            username=await free_username(session, f"{DEFAULT_NAME}-{subject.partition('@')[0][:8]}"),
            password_hash=None,
            oidc_subject=subject,
            is_admin=True,
            actor=None,
            now=kernel.clock(),
        )
        await profiles.link(session, user, now=kernel.clock())


async def create_admin(kernel: Kernel, username: str, email: str | None, password: str) -> None:
    """Create an administrator for `toolcrib admin create`.

    Raises:
        WeakPassword, BadName: the password or the name is not allowed (400).
        UsernameTaken, EmailTaken: another account has it (409).
    """
    is_configured = password == kernel.settings.initial_admin_password.get_secret_value()
    if is_configured:
        warn_of_common_password(kernel.settings)
    password_hash = await kernel.auth.passwords.hash_new(password, by=username, is_configured=is_configured)
    async with kernel.database.write() as session:
        await users.create_user(
            session,
            username=username,
            password_hash=password_hash,
            email=email,
            is_admin=True,
            actor=None,
            now=kernel.clock(),
        )


async def reset_password(kernel: Kernel, username: str, ask: Callable[[], str]) -> None:
    """Give an account a new password for `toolcrib admin reset-password`. Nobody is asked for it in vain: the account
    is looked for first.

    Raises:
        WeakPassword: the password is not allowed (400).
        UserNotFound: there is no such account (404).
    """
    async with kernel.database.read() as session:
        if not await _anybody(session, is_named(username)):
            raise users.UserNotFound(f"There is no account {username}.")
    password_hash = await kernel.auth.passwords.hash_new(ask(), by=username)
    async with kernel.database.write() as session:
        user = await users.get_by_name(session, username)
        await users.set_password(session, user, password_hash, actor=None, now=kernel.clock())


async def reset_otp(kernel: Kernel, username: str) -> None:
    """Turn off somebody's two-step sign-in for `toolcrib admin reset-otp`.

    Raises:
        UserNotFound: there is no such account (404).
        OtpNotEnabled: it is off already (404).
    """
    async with kernel.database.write() as session:
        user = await users.get_by_name(session, username)
        await second_factors.remove(session, user, verb="otp_reset", actor=None, now=kernel.clock())


async def rename(kernel: Kernel, username: str, new_username: str) -> None:
    """Give an account another username, for `toolcrib admin rename`.

    Raises:
        UserNotFound: there is no such account (404).
        BadName: the new name is not allowed (400).
        UsernameTaken: another account has it, or had it before (409).
    """
    async with kernel.database.write() as session:
        user = await users.get_by_name(session, username)
        await rename_user(session, user, new_username, actor=None, now=kernel.clock())


def warn_of_common_password(settings: Settings) -> None:
    """Log a warning if the first administrator's password is one of the common ones that attackers try first.

    It is not refused, so that a server that was set up with it can still start."""
    if is_common(settings.initial_admin_password.get_secret_value()):
        log.warning(
            "common_password",
            setting="INITIAL_ADMIN_PASSWORD",
            hint="Attackers try this password first. Change it under Settings, then take it out of the environment.",
        )


async def _anybody(session: AsyncSession, condition: ColumnElement[bool]) -> bool:
    return (await session.execute(select(User.id).where(condition).limit(1))).first() is not None
