"""`POST /api/reservations`: from what somebody wishes to a reservation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select

from toolcrib.kernel.claims.schemas import in_utc
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.kernel.requester import Requester
from toolcrib.machines.errors import NoCredential, TooMany
from toolcrib.machines.hook import WORK_JOB
from toolcrib.machines.logins import check_login, login_for
from toolcrib.machines.models import reservations
from toolcrib.machines.pool import Pool
from toolcrib.machines.reservation_views import ReservationRead, ReservationWish
from toolcrib.machines.service import access
from toolcrib.machines.service.booking import book, check_start
from toolcrib.machines.service.deciding import Reserve, decisions_of
from toolcrib.machines.service.reserving import Patience, Terms
from toolcrib.machines.service.showing import shown
from toolcrib.machines.tags import expression
from toolcrib.machines.wanted import Wanted
from toolcrib.settings import Settings

# People keep a place in the queue as long as in the queues of other things.
LONGEST_WAIT = timedelta(days=7)


def wanted_of(
    settings: Settings,
    *,
    count: int | None = None,
    names: Iterable[str] = (),
    tags: str | None = None,
    at_least: int | None = None,
    scope: str | None = None,
) -> Wanted:
    """Return what is wanted.

    Raises:
        InvalidRequest, BadTags, TooMany: (400).
    """
    names = tuple(dict.fromkeys(names))
    if names and (tags or count not in (None, len(names))):
        raise InvalidRequest("Name the machines, or say how many and with which tags.")
    count = len(names) or count or 1
    at_least = count if at_least is None else at_least
    if at_least > count:
        raise InvalidRequest("at_least is not more than count.")
    if count > settings.machines_max_count:
        raise TooMany(f"A reservation may have {settings.machines_max_count} machines.")
    return Wanted(count, at_least, names, expression(tags).text if tags and tags.strip() else None, scope)


def check_length(settings: Settings, minutes: int) -> None:
    """Refuse a reservation that is too long.

    Raises:
        TooMany: (400).
    """
    if minutes > settings.machines_max_minutes:
        raise TooMany(f"A reservation lasts at most {settings.machines_max_minutes} minutes.")


async def request(
    pool: Pool, me: Principal, by: Requester, wish: ReservationWish, *, now: datetime
) -> ReservationRead:
    """Hold machines for the caller, have them wait, or book. What `Reserve` and `book` say, and:

    Raises:
        InvalidRequest: a value is not allowed, or nothing was given to sign in with (400).
    """
    kernel = pool.kernel
    settings = kernel.settings
    wanted = wanted_of(
        settings,
        count=wish.count,
        names=wish.names,
        tags=wish.tags,
        at_least=wish.at_least,
        scope=wish.scope,
    )
    check_length(settings, wish.minutes)
    login = check_login(wish.login.strip()) if wish.login and wish.login.strip() else login_for(me.username)
    password = access.new_password() if wish.generate_password else wish.password or None
    if password is None and not wish.public_keys and not wish.certificate:
        raise NoCredential(
            "Give an SSH public key or a password to sign in with, have a password made, or ask for certificates."
        )
    starts_at = in_utc(wish.starts_at) if wish.starts_at is not None else None
    if starts_at is not None:
        if wish.wait or wish.program:
            raise InvalidRequest(
                "A booking does not wait in line, and is a person's: leave out wait and program."
            )
        check_start(settings, starts_at, now)
    patience = None
    if wish.wait:
        longest = timedelta(minutes=wish.wait_minutes) if wish.wait_minutes else LONGEST_WAIT
        lease = now + timedelta(seconds=settings.wait_lease_seconds) if wish.program else None
        patience = Patience(now + min(longest, LONGEST_WAIT), lease)
    found = await access.access_of(
        kernel.secrets, me.uuid, password, wish.public_keys, certificate=wish.certificate
    )
    terms = Terms(login, found, wish.minutes * 60, wish.purpose)
    if starts_at is None:
        made = await decisions_of(kernel).reserve(Reserve(me, by, wanted, terms, patience))
    else:
        async with kernel.database.write() as session:
            made = await book(session, settings, me, wanted, terms, starts_at, now=now)
        kernel.jobs.nudge(WORK_JOB)
    if isinstance(made, str):
        async with kernel.database.read() as session:
            row = (await session.execute(select(reservations).where(reservations.c.id == made))).one()
            (made,) = await shown(session, settings, [row], now)
    if wish.generate_password:
        made.password = password
    return made
