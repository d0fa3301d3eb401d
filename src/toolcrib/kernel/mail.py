"""Mail: queued in the transaction that causes it, sent in the background. None is sent while mail is switched off."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel import messages, notices
from toolcrib.kernel import outbox as letters
from toolcrib.kernel.config import MAIL_TEST_STATUS, RuntimeConfig
from toolcrib.kernel.database import Database, after_commit
from toolcrib.kernel.identity.models import User
from toolcrib.kernel.jobs import Job, Jobs
from toolcrib.kernel.messages import Message
from toolcrib.kernel.outbox import Letter
from toolcrib.kernel.problems import NotWell, Problem
from toolcrib.kernel.smtp import Connection, NoConnection, NotSent, Refused, Unavailable
from toolcrib.settings import Settings

if TYPE_CHECKING:
    from toolcrib.kernel.context import Kernel

log = structlog.get_logger()

MAIL_SEND = "mail.send"
# A run ends well before the job's time limit, which would interrupt the sending of a mail.
RUN_SECONDS = 240.0
# After this many failures in a row, no more mails are tried until the next turn.
TROUBLE_LIMIT = 3

MailTestStatus = Literal["SUCCESS", "FAILED", "SKIPPED"]


class MailUnavailable(Problem):
    """The mail that this change needs cannot be sent, so nothing was changed."""

    code, status = "mail_unavailable", 502


class MailStuck(NotWell):
    """Mails are waiting because the mail server did not accept them."""


class Mailer:
    def __init__(self, settings: Settings, database: Database, config: RuntimeConfig, jobs: Jobs) -> None:
        self._settings = settings
        self._database = database
        self._config = config
        self._jobs = jobs

    async def may_send(self, session: AsyncSession | None = None) -> bool:
        """Return whether mail is switched on. If it is not, callers use their way without mail."""
        return await self._config.mail_may_send(session)

    def link(self, path: str) -> str:
        """Return the URL of one of our pages, for a mail.

        Raises:
            MailUnavailable: the server's own address is not configured, so there is nothing to link to (502).
        """
        if not self._settings.public_url:
            raise MailUnavailable("The link cannot be mailed: the server's FRONTEND_BASE_URL is not set.")
        return f"{self._settings.public_url}/{path.lstrip('/')}"

    async def queue(
        self,
        session: AsyncSession,
        *,
        to: str,
        message: Message,
        now: datetime,
        expires_at: datetime | None = None,
    ) -> None:
        """Send `message` to one person once this unit of work has committed, by itself; not after `expires_at`."""
        await letters.put(session, to, message, now=now, expires_at=expires_at)
        after_commit(session, self._nudge)

    async def notify(
        self, session: AsyncSession, mails: Sequence[tuple[str, Message]], *, now: datetime
    ) -> None:
        """Send (address, message) pairs, notices of what others did, once this unit of work has committed. The first to
        a person leaves at once; those within MAIL_TOGETHER_SECONDS after it wait, and become one mail that names each.
        """
        if mails:
            await notices.put(session, mails, pause=self.pause, now=now)
            after_commit(session, self._nudge)

    @property
    def pause(self) -> timedelta:
        """Return how long notices to a person wait after one was sent to them."""
        return timedelta(seconds=self._settings.mail_together_seconds)

    async def take_next(self, now: datetime) -> Letter | None:
        """Return the mail that has been due longest, if any, for this process to send."""
        while page := await letters.due(self._database, now):
            moved = False
            for row in page:
                async with self._database.short_write() as connection:
                    if row.is_notice and not row.attempts:
                        letter = await notices.take(connection, row.to_address, pause=self.pause, now=now)
                        moved = True
                    else:
                        letter = await letters.take(connection, row.id, row.attempts, now)
                if letter is not None:
                    return letter
            if not moved:
                break
        return None

    def _nudge(self) -> None:
        self._jobs.nudge(MAIL_SEND)

    async def check(self) -> str:
        """Return a text for the health page; raises if mails are waiting after failed attempts."""
        if not await self.may_send():
            return "off"
        if waiting := await letters.stuck(self._database):
            raise MailStuck(f"{waiting} mails could not be sent yet")
        return "on"

    # The test mail

    async def test(self, now: datetime) -> MailTestStatus:
        """Send a test mail to the first administrator and wait for the mail server's response."""
        if not await self.may_send():
            return "SKIPPED"
        async with self._database.read() as session:
            first = select(User.username, User.email).where(User.is_admin, User.is_active).order_by(User.id)
            admin = (await session.execute(first.limit(1))).first()
        if admin is None or not admin.email:
            log.warning("mail_test_failed", reason="no administrator with an address")
            return "FAILED"
        message = messages.mail_test(username=admin.username)
        letter = Letter(0, admin.email, message.subject, message.text, message.html, now)
        connection = Connection(self._settings)
        try:
            async with asyncio.timeout(self._settings.mail_timeout_seconds * 2):
                await connection.send(letter)
        except (NotSent, TimeoutError) as error:
            log.warning("mail_test_failed", reason=getattr(error, "reason", "timeout"))
            return "FAILED"
        finally:
            await connection.close()
        return "SUCCESS"

    async def test_at_start(self, now: datetime) -> MailTestStatus:
        """Send a test mail, and store the result for the administration page. The server starts in any case."""
        if self._settings.mail_enabled and not self._settings.public_url:
            log.warning("mail_links_unavailable", setting="FRONTEND_BASE_URL is not set")
        status = await self.test(now)
        async with self._database.write() as session:
            await self._config.set_status(session, MAIL_TEST_STATUS, status, now=now)
        return status


async def send_due(kernel: Kernel, now: datetime) -> None:
    """Send the mails that are due, one at a time over one connection.

    A mail is deleted after the mail server has accepted it. After a crash between the two it is sent again: a mail may
    be sent twice, but is never lost.
    """
    database = kernel.database
    while page := await letters.lapsed(database, now):
        for letter in page:
            log.warning("mail_given_up", mail=letter.id, reason="too old")
            await letters.give_up(database, letter, "too old", now)
    if not await kernel.mailer.may_send():
        return
    connection = Connection(kernel.settings)
    enough = time.monotonic() + RUN_SECONDS
    trouble = 0
    try:
        while trouble < TROUBLE_LIMIT:
            if time.monotonic() > enough:
                kernel.jobs.nudge(MAIL_SEND)
                return
            due = await kernel.mailer.take_next(kernel.clock())
            if due is None:
                break
            outcome = await _send(kernel, connection, due)
            trouble = trouble + outcome if outcome else 0
    finally:
        await connection.close()
    await notices.forget_pauses(database, kernel.clock())
    await _come_again(kernel)


async def _come_again(kernel: Kernel) -> None:
    """Have this job run when the next notices that wait may leave, unless its turn comes first."""
    now = kernel.clock()
    if (at := await notices.next_time(kernel.database, now, kernel.mailer.pause)) is not None:
        kernel.jobs.nudge_after(MAIL_SEND, (at - now).total_seconds())


async def _send(kernel: Kernel, connection: Connection, letter: Letter) -> int:
    """Try once to send the mail and record the result. Returns how strongly it suggests that the server fails."""
    try:
        await connection.send(letter)
    except Refused as refusal:
        log.warning("mail_given_up", mail=letter.id, reason=refusal.reason)
        await letters.give_up(kernel.database, letter, refusal.reason, kernel.clock())
        return 0
    except Unavailable as trouble:
        log.warning("mail_deferred", mail=letter.id, reason=trouble.reason)
        await letters.keep(kernel.database, letter, trouble.reason)
        return TROUBLE_LIMIT if isinstance(trouble, NoConnection) else 1
    await letters.remove(kernel.database, letter)
    return 0


MAIL_JOB = Job(MAIL_SEND, send_due, every=timedelta(minutes=1))
