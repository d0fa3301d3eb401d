"""Changes that people make to their own account, and the mailed links that confirm them (asset-locks contract, section
4.2)."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel import messages
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.events.log import record
from toolcrib.kernel.identity import keys, users
from toolcrib.kernel.identity.models import PendingChange, Purpose, User
from toolcrib.kernel.identity.names import check_email, email_key
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.signin import InvalidGrant, SignIn
from toolcrib.kernel.identity.users import EmailTaken
from toolcrib.kernel.mail import Mailer
from toolcrib.kernel.problems import InvalidRequest

LINK_LIFETIME = timedelta(seconds=3600)


class WrongPassword(InvalidGrant):
    """The current password, which must be given again before a change, is wrong."""

    code = "wrong_password"


class SameEmail(InvalidRequest):
    code = "same_email"


class BadLink(InvalidRequest):
    """The link never existed, has expired, or was replaced by a newer one."""

    code = "invalid_link"


async def prove(sign_in: SignIn, me: Principal, password: str, address: str) -> User:
    """Check the current password of `me`. No transaction is open meanwhile.

    Raises:
        WrongPassword: it is wrong (401).
        RateLimited: there were too many tries, or too many wrong ones (429).
        SignInBusy: too many passwords are being checked (503).
    """
    try:
        return await sign_in.prove_again(me, password, address)
    except InvalidGrant:
        raise WrongPassword("The current password is wrong.") from None


async def prove_both(sign_in: SignIn, me: Principal, password: str, otp: str, address: str) -> User:
    """Check the current password of `me`, and use up a code of their second factor if they have one.

    Raises:
        WrongPassword, RateLimited, SignInBusy: as `prove`.
        InvalidOtp: the code is wrong (401).
    """
    proved = await prove(sign_in, me, password, address)
    await sign_in.second_step.require(proved, otp)
    return proved


async def change_password(
    session: AsyncSession,
    mailer: Mailer,
    proved: User,
    password_hash: str,
    *,
    end_api_keys: bool,
    now: datetime,
) -> bool:
    """Change the password, or mail a link that does. Returns true if the change waits for the link; people without a
    mail address need none. The API keys end with the change if `end_api_keys`.

    Raises:
        WrongPassword: the password was changed since it was checked (401).
        MailUnavailable: the link cannot be mailed; nothing was changed (502).
    """
    user = await _still_proved(session, proved)
    if not user.email or not await mailer.may_send(session):
        await _set_password(session, user, password_hash, end_api_keys=end_api_keys, now=now)
        return False
    token, expires_at = await _await_link(
        session, user, "password", password_hash, end_api_keys=end_api_keys, now=now
    )
    link = mailer.link(f"confirm-password?token={token}")
    message = messages.confirm_password(username=user.username, link=link, expires_at=expires_at)
    await mailer.queue(session, to=user.email, message=message, now=now, expires_at=expires_at)
    await _record(session, "password_change_requested", user, now)
    return True


async def change_email(
    session: AsyncSession, mailer: Mailer, proved: User, address: str, *, now: datetime
) -> bool:
    """Change the mail address, or mail a link that does to the new one. Returns true if the change waits for the link.

    Raises:
        BadName: not a mail address (400).
        SameEmail: it is the address already (400).
        EmailTaken: another account has it, or waits for the link to it (409).
        WrongPassword: the password was changed since it was checked (401).
        MailUnavailable: the link cannot be mailed; nothing was changed (502).
    """
    address = check_email(address)
    user = await _still_proved(session, proved)
    if address == user.email:
        raise SameEmail("That is your address already.")
    await users.require_free_address(session, address, besides=user)
    await _require_not_pending(session, user, address, now)
    if not await mailer.may_send(session):
        await users.set_email(session, user, address, actor=user.username, now=now)
        return False
    token, expires_at = await _await_link(session, user, "email", address, now=now)
    link = mailer.link(f"confirm-email?token={token}")
    message = messages.confirm_email(username=user.username, link=link, expires_at=expires_at)
    await mailer.queue(session, to=address, message=message, now=now, expires_at=expires_at)
    await _record(session, "email_change_requested", user, now)
    return True


async def confirm_password(session: AsyncSession, mailer: Mailer, token: str, *, now: datetime) -> None:
    """Change the password as its mailed link says. Following the link again before it expires changes nothing more.

    Raises:
        BadLink: the link is not valid (400).
    """
    change, user = await _follow(session, "password", token, now)
    if change.used_at is not None:
        return
    password_hash = _use(change, now)
    await _set_password(session, user, password_hash, end_api_keys=change.end_api_keys, now=now)
    if user.email and await mailer.may_send(session):
        message = messages.password_changed(username=user.username)
        await mailer.queue(session, to=user.email, message=message, now=now)


async def confirm_email(session: AsyncSession, mailer: Mailer, token: str, *, now: datetime) -> bool:
    """Change the mail address as its mailed link says, and inform the former address.

    Returns false if another account has taken the address meanwhile: then the change is cancelled, and the caller
    commits that before it refuses.

    Raises:
        BadLink: the link is not valid (400).
    """
    change, user = await _follow(session, "email", token, now)
    if change.used_at is not None:
        return True
    former = user.email
    try:
        await users.require_free_address(session, change.value or "", besides=user)
    except EmailTaken:
        await session.delete(change)
        return False
    address = _use(change, now)
    await users.set_email(session, user, address, actor=user.username, now=now)
    if former and await mailer.may_send(session):
        message = messages.email_changed(username=user.username, new_email=address)
        await mailer.queue(session, to=former, message=message, now=now)
    return True


async def _set_password(
    session: AsyncSession, user: User, password_hash: str, *, end_api_keys: bool, now: datetime
) -> None:
    await users.set_password(session, user, password_hash, actor=user.username, now=now)
    if end_api_keys:
        await keys.revoke_all(session, user, actor=user.username, now=now)


async def _still_proved(session: AsyncSession, proved: User) -> User:
    await take_write_lock(session)
    user = await users.get_user(session, proved.id)
    if user.password_hash != proved.password_hash:
        raise WrongPassword("The current password is wrong.")
    return user


async def _require_not_pending(session: AsyncSession, user: User, address: str, now: datetime) -> None:
    waiting = await session.execute(
        select(PendingChange.digest).where(
            PendingChange.email_key == email_key(address),
            PendingChange.user_id != user.id,
            PendingChange.used_at.is_(None),
            PendingChange.expires_at > now,
        )
    )
    if waiting.first() is not None:
        raise EmailTaken("This e-mail address is taken.")


async def _await_link(
    session: AsyncSession,
    user: User,
    purpose: Purpose,
    value: str,
    *,
    end_api_keys: bool = False,
    now: datetime,
) -> tuple[str, datetime]:
    """Store `value` until the link is followed. Earlier links for the same purpose become void, and expired ones, of
    all people, are deleted."""
    await session.execute(
        delete(PendingChange).where(
            or_(
                PendingChange.expires_at <= now,
                (PendingChange.user_id == user.id)
                & (PendingChange.purpose == purpose)
                & PendingChange.used_at.is_(None),
            )
        )
    )
    token = secrets.token_urlsafe(32)
    expires_at = now + LINK_LIFETIME
    session.add(
        PendingChange(
            digest=_digest(token),
            user_id=user.id,
            purpose=purpose,
            value=value,
            email_key=email_key(value) if purpose == "email" else None,
            created_at=now,
            expires_at=expires_at,
            used_at=None,
            end_api_keys=end_api_keys,
        )
    )
    return token, expires_at


async def _follow(
    session: AsyncSession, purpose: Purpose, token: str, now: datetime
) -> tuple[PendingChange, User]:
    await take_write_lock(
        session
    )  # of two simultaneous requests with the same link, the second finds it used
    change = await session.get(PendingChange, _digest(token))
    if change is None or change.purpose != purpose or change.expires_at <= now:
        raise BadLink("This link is not valid or has expired. Ask for a new one.")
    user = await users.get_user(session, change.user_id)
    if not user.is_active:
        raise BadLink("This link is not valid or has expired. Ask for a new one.")
    return change, user


def _use(change: PendingChange, now: datetime) -> str:
    value = change.value or ""
    change.used_at, change.value, change.email_key = now, None, None
    return value


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


async def _record(session: AsyncSession, verb: str, user: User, now: datetime) -> None:
    await record(
        session, verb, kind="user", key=user.username, actor=user.username, now=now, scope=f"user:{user.uuid}"
    )
