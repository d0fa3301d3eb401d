"""The second factor of accounts with a password: an app that shows codes (TOTP, RFC 6238), and recovery codes for the
day it is lost.

Codes have six digits and change every 30 seconds; that of the step before and of the next one are taken too, because
clocks differ. Each code is good once: the database decides who used it.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple, cast

import pyotp
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import CursorResult, Table, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.events.log import record
from toolcrib.kernel.identity.models import RecoveryCode, SecondFactor, User
from toolcrib.kernel.problems import Conflict, InvalidRequest, NotFound, Problem
from toolcrib.kernel.secrets import Sealed, Secrets

ISSUER = "Toolcrib"
DIGITS = 6
WINDOW = 1
# A begun enrolment that nobody confirms is void after this.
ENROLMENT_LIFETIME = timedelta(hours=1)

RECOVERY_CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without what is mistaken for something else
_GROUPS, _GROUP = 4, 4  # about 79 bits

SECRET = Sealed(cast("Table", SecondFactor.__table__).c.secret)
SEALED = (SECRET,)


class OtpRequired(Problem):
    """The password is right, and the account has a second factor: send the same again with its code in `otp`."""

    code, status = "otp_required", 401


class InvalidOtp(Problem):
    """The code of the second factor is wrong, too old, or was used already."""

    code, status = "invalid_otp", 401


class OtpEnabled(Conflict):
    """The account has a second factor already."""

    code = "otp_enabled"


class OtpNotStarted(Conflict):
    """No second factor is being set up, or it was begun more than an hour ago: begin again."""

    code = "otp_not_started"


class OtpNotEnabled(NotFound):
    """The account has no second factor."""

    code = "otp_not_enabled"


class NoPassword(InvalidRequest):
    """The account has no password, so its second factor is up to the sign-in provider."""

    code = "no_password"


class FactorState(NamedTuple):
    enabled_at: datetime | None
    recovery_codes_left: int


class Enrolment(NamedTuple):
    """What the app is told. Shown once."""

    secret: str
    uri: str


async def has_factor(session: AsyncSession, user_id: int) -> bool:
    """Return whether the person must show a code when signing in with the password."""
    query = select(exists().where(SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None)))
    return bool((await session.execute(query)).scalar_one())


async def state(session: AsyncSession, user_id: int) -> FactorState:
    factor = await session.get(SecondFactor, user_id)
    left = await session.scalar(
        select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    )
    return FactorState(factor.confirmed_at if factor else None, left or 0)


# Setting it up


async def begin(
    session: AsyncSession, sealing: Secrets, user: User, *, label: str, now: datetime
) -> Enrolment:
    """Make a secret for the app of a person who has just shown their password. It replaces one that is not confirmed.

    Raises:
        NoPassword: the account has none (400).
        OtpEnabled: the account has a second factor (409).
    """
    if user.password_hash is None:
        raise NoPassword("This account has no password: the sign-in provider asks for a second step, or not.")
    await take_write_lock(session)
    factor = await session.get(SecondFactor, user.id, populate_existing=True)
    if factor is not None and factor.confirmed_at is not None:
        raise OtpEnabled("Two-step sign-in is on already. Turn it off to set up another app.")
    secret = pyotp.random_base32()
    if factor is None:
        factor = SecondFactor(user_id=user.id)
        session.add(factor)
    factor.secret, factor.created_at = sealing.seal(SECRET, secret), now
    factor.confirmed_at = factor.last_step = None
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=label, issuer_name=ISSUER))


async def confirm(
    session: AsyncSession, sealing: Secrets, user: User, code: str, *, now: datetime
) -> list[str]:
    """Turn the second factor on with a first code of the app. Returns recovery codes, which are shown once.

    Raises:
        OtpEnabled, OtpNotStarted: there is nothing to confirm (409).
        InvalidOtp: the code is wrong (401).
    """
    await take_write_lock(session)
    factor = await session.get(SecondFactor, user.id, populate_existing=True)
    if factor is not None and factor.confirmed_at is not None:
        raise OtpEnabled("Two-step sign-in is on already.")
    if factor is None or factor.created_at + ENROLMENT_LIFETIME <= now:
        raise OtpNotStarted("Begin again: the app was not set up in the last hour.")
    step = _step(sealing, factor.secret, code, now)
    if step is None:
        raise wrong_code()
    factor.confirmed_at, factor.last_step = now, step
    codes = await _replace_codes(session, user)
    await _record(session, "otp_enabled", user, actor=user.username, now=now)
    return codes


async def new_recovery_codes(session: AsyncSession, user: User, *, now: datetime) -> list[str]:
    """Replace the recovery codes of a person who has just shown password and code. They are shown once.

    Raises:
        OtpNotEnabled: there is no second factor any more (404).
    """
    await take_write_lock(session)
    if not await has_factor(session, user.id):
        raise OtpNotEnabled("Two-step sign-in is off.")
    codes = await _replace_codes(session, user)
    await _record(session, "recovery_codes_made", user, actor=user.username, now=now)
    return codes


async def remove(session: AsyncSession, user: User, *, verb: str, actor: str | None, now: datetime) -> None:
    """Turn the second factor off: `otp_disabled` by its person, `otp_reset` by an administrator.

    Raises:
        OtpNotEnabled: there is none (404).
    """
    await take_write_lock(session)
    removed = cast(
        "CursorResult[None]",
        await session.execute(delete(SecondFactor).where(SecondFactor.user_id == user.id)),
    )
    if removed.rowcount == 0:
        raise OtpNotEnabled("Two-step sign-in is off.")
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    await _record(session, verb, user, actor=actor, now=now)


# Signing in


async def use_code(session: AsyncSession, sealing: Secrets, user: User, code: str, *, now: datetime) -> bool:
    """Return whether `code` is one of the app, or a recovery code, that nobody has used. It is used now: the caller
    commits before anything else is done with it."""
    await take_write_lock(session)
    code = "".join(code.split()).replace("-", "").lower()
    if len(code) == DIGITS and code.isascii() and code.isdigit():
        return await _use_app_code(session, sealing, user, code, now)
    if len(code) == _GROUPS * _GROUP:
        return await _use_recovery_code(session, user, code, now)
    return False


async def _use_app_code(
    session: AsyncSession, sealing: Secrets, user: User, code: str, now: datetime
) -> bool:
    sealed = await session.scalar(
        select(SecondFactor.secret).where(
            SecondFactor.user_id == user.id, SecondFactor.confirmed_at.is_not(None)
        )
    )
    step = None if sealed is None else _step(sealing, sealed, code, now)
    if step is None:
        return False
    # One guarded UPDATE: of two sign-ins with the same code, the second finds the step used.
    used = await session.execute(
        update(SecondFactor)
        .where(
            SecondFactor.user_id == user.id,
            SecondFactor.secret == sealed,
            or_(SecondFactor.last_step.is_(None), SecondFactor.last_step < step),
        )
        .values(last_step=step)
        .execution_options(synchronize_session=False)
    )
    return cast("CursorResult[None]", used).rowcount == 1


async def _use_recovery_code(session: AsyncSession, user: User, code: str, now: datetime) -> bool:
    used = await session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user.id,
            RecoveryCode.digest == _digest(user, code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    if cast("CursorResult[None]", used).rowcount != 1:
        return False
    await _record(session, "recovery_code_used", user, actor=user.username, now=now)
    return True


def wrong_code() -> InvalidOtp:
    return InvalidOtp("The code is wrong, or was used already. Wait for the next one.")


def _step(sealing: Secrets, sealed: str, code: str, now: datetime) -> int | None:
    """Return the time step whose code this is, if it may be used now."""
    code = "".join(code.split())
    if not (len(code) == DIGITS and code.isascii() and code.isdigit()):
        return None
    try:
        totp = pyotp.TOTP(sealing.open(sealed), digits=DIGITS)
    except ValueError:  # the server's secret was changed, without the one before
        return None
    try:
        return totp.verify_and_get_timecode(code, for_time=now.timestamp(), valid_window=WINDOW)
    except OTPVerificationError:
        return None


async def _replace_codes(session: AsyncSession, user: User) -> list[str]:
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    plain = [
        "".join(secrets.choice(_ALPHABET) for _ in range(_GROUPS * _GROUP)) for _ in range(RECOVERY_CODES)
    ]
    session.add_all(RecoveryCode(user_id=user.id, digest=_digest(user, each), used_at=None) for each in plain)
    await session.flush()
    return ["-".join(each[at : at + _GROUP] for at in range(0, len(each), _GROUP)) for each in plain]


def _digest(user: User, code: str) -> str:
    # The codes are random and long, so a plain hash cannot be reversed by guessing.
    return sha256(f"{user.uuid} {code}".encode("utf-8", "surrogatepass")).hexdigest()


async def _record(session: AsyncSession, verb: str, user: User, *, actor: str | None, now: datetime) -> None:
    await record(
        session, verb, kind="user", key=user.username, actor=actor, now=now, scope=f"user:{user.uuid}"
    )
