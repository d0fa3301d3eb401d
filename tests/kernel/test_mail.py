"""Mail on its way: the outbox and a real mail server that is there, gone, slow, or unwilling."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import select, update

from tests.clock import FakeClock
from tests.kernel.mailing import queue, rows, send
from tests.kernel.parts import Start, StartKernel, kernel_of
from tests.servers.smtp import MailServer, Mode
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.events.writer import events
from toolcrib.kernel.identity.models import User
from toolcrib.kernel.mail import MailStuck, MailUnavailable
from toolcrib.kernel.messages import password_changed
from toolcrib.kernel.outbox import pause_after
from toolcrib.kernel.smtp import Connection


async def given_up(kernel: Kernel) -> list[Any]:
    found = select(events.c.scope, events.c.key, events.c.data).where(events.c.verb == "given_up")
    async with kernel.database.connection() as connection:
        return list(await connection.execute(found))


async def test_each_person_gets_a_message_of_their_own(post: StartKernel, smtp: MailServer) -> None:
    kernel = await post()
    await queue(kernel, "ann@example.com", "ben@example.com")
    await send(kernel)
    assert [envelope.rcpt_tos for envelope in smtp.envelopes] == [["ann@example.com"], ["ben@example.com"]]
    assert [message["To"] for message in smtp.messages] == ["ann@example.com", "ben@example.com"]
    assert smtp.envelopes[0].mail_from == "no-reply@localhost"
    assert await rows(kernel) == []


@pytest.mark.every_database
async def test_nothing_is_sent_of_work_that_did_not_commit(post: StartKernel, smtp: MailServer) -> None:
    kernel = await post()
    async with kernel.database.write() as session:
        message = password_changed(username="ann")
        await kernel.mailer.queue(session, to="ann@example.com", message=message, now=kernel.clock())
        await session.rollback()
    await send(kernel)
    assert smtp.messages == []


@pytest.mark.every_database
async def test_of_several_processes_one_sends_each_mail(post: StartKernel, smtp: MailServer) -> None:
    processes = [await post() for _ in range(4)]
    await queue(processes[0], *(f"user{n}@example.com" for n in range(25)))
    await asyncio.gather(*(send(kernel) for kernel in processes))
    recipients = [envelope.rcpt_tos[0] for envelope in smtp.envelopes]
    assert sorted(recipients) == sorted(f"user{n}@example.com" for n in range(25))
    assert await rows(processes[0]) == []


@pytest.mark.every_database
async def test_a_crash_before_the_hand_over_loses_nothing(
    post: StartKernel, smtp: MailServer, clock: FakeClock
) -> None:
    kernel = await post()
    await queue(kernel, "ann@example.com")
    assert await kernel.mailer.take_next(clock())  # and the process is gone
    await send(kernel)
    assert smtp.messages == []
    clock.advance(minutes=1)
    await send(await post())
    assert len(smtp.messages) == 1


@pytest.mark.every_database
async def test_a_crash_after_the_hand_over_sends_the_same_mail_twice(
    post: StartKernel, smtp: MailServer, clock: FakeClock
) -> None:
    kernel = await post()
    await queue(kernel, "ann@example.com")
    letter = await kernel.mailer.take_next(clock())
    assert letter is not None
    connection = Connection(kernel.settings)
    await connection.send(letter)  # and the process is gone
    await connection.close()
    clock.advance(minutes=1)
    await send(await post())
    first, second = smtp.messages
    assert first["Message-ID"] == second["Message-ID"]
    assert await rows(kernel) == []


# A server in trouble


@pytest.mark.every_database
async def test_while_the_server_is_down_mail_waits(
    post: StartKernel, smtp: MailServer, clock: FakeClock
) -> None:
    smtp.mode = "down"
    kernel = await post()
    await queue(kernel, "ann@example.com", "ben@example.com")
    await send(kernel)
    first, second = await rows(kernel)
    assert (first.attempts, second.attempts) == (1, 0)  # one failed connection says enough
    assert first.next_attempt_at == clock() + timedelta(minutes=1)
    assert first.last_error == "connection refused"
    with pytest.raises(MailStuck):
        await kernel.mailer.check()
    smtp.mode = "accept"
    clock.advance(minutes=1)
    await send(kernel)
    assert len(smtp.messages) == 2
    assert await rows(kernel) == []
    assert await kernel.mailer.check() == "on"


def test_pauses_grow_to_six_hours() -> None:
    pauses = [pause_after(attempts).total_seconds() / 60 for attempts in (1, 2, 3, 4, 9, 10, 50, 5000)]
    assert pauses == [1, 2, 4, 8, 256, 360, 360, 360]


async def test_after_three_days_a_mail_is_given_up(
    post: StartKernel, smtp: MailServer, clock: FakeClock
) -> None:
    smtp.mode = "down"
    kernel = await post()
    await queue(kernel, "ann@example.com")
    await send(kernel)
    clock.advance(days=2, hours=23)
    await send(kernel)
    assert len(await rows(kernel)) == 1
    clock.advance(hours=1)
    smtp.mode = "accept"
    await send(kernel)
    assert smtp.messages == []
    assert await rows(kernel) == []
    assert await given_up(kernel) == [("admin:", "Password changed", {"reason": "too old"})]


async def test_a_link_that_lapsed_is_not_sent(post: StartKernel, smtp: MailServer, clock: FakeClock) -> None:
    smtp.mode = "down"
    kernel = await post()
    await queue(kernel, "ann@example.com", expires_in=timedelta(hours=1))
    await send(kernel)
    smtp.mode = "accept"
    clock.advance(hours=1)
    await send(kernel)
    assert smtp.messages == []
    assert await rows(kernel) == []


async def test_a_link_somebody_waits_for_overtakes_news(post: StartKernel, smtp: MailServer) -> None:
    kernel = await post()
    await queue(kernel, *(f"user{number}@example.com" for number in range(3)))
    await queue(kernel, "ann@example.com", expires_in=timedelta(hours=1))
    await send(kernel)
    assert [message["To"].partition("@")[0] for message in smtp.messages] == [
        "ann",
        "user0",
        "user1",
        "user2",
    ]


class PickyServer(MailServer):
    """Knows nobody called `gone`, and has no room just now for `full`."""

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        for name, answer in (("gone", "550 no such mailbox"), ("full", "452 mailbox full")):
            if address.startswith(name):
                return answer
        return await super().handle_RCPT(server, session, envelope, address, options)


@pytest.fixture
def picky() -> Iterator[PickyServer]:
    server = PickyServer()
    yield server
    server.close()


async def test_a_refused_recipient_is_given_up_at_once_and_the_others_are_served(
    post: StartKernel, picky: PickyServer
) -> None:
    kernel = await post(**picky.settings)
    await queue(kernel, "ann@example.com", "gone@example.com", "ben@example.com")
    await send(kernel)
    assert [message["To"] for message in picky.messages] == ["ann@example.com", "ben@example.com"]
    assert await rows(kernel) == []
    ((scope, _subject, data),) = await given_up(kernel)
    assert scope == "admin:"
    assert data == {"reason": "recipient refused: 550"}


@pytest.mark.databases("sqlite")
async def test_a_recipient_refused_for_now_is_tried_again(
    post: StartKernel, picky: PickyServer, clock: FakeClock
) -> None:
    kernel = await post(**picky.settings)
    await queue(kernel, "full@example.com", "ann@example.com")
    await send(kernel)
    assert len(picky.messages) == 1
    (row,) = await rows(kernel)
    assert (row.to_address, row.attempts) == ("full@example.com", 1)
    assert row.next_attempt_at == clock() + timedelta(minutes=1)


@pytest.mark.databases("sqlite")
async def test_an_address_that_is_none_is_given_up_and_adds_no_recipient(
    post: StartKernel, smtp: MailServer
) -> None:
    kernel = await post()
    await queue(kernel, "ann>\r\nRCPT TO:<evil@example.net", "", "a, b@example.com", "ben@example.com")
    await send(kernel)
    assert [envelope.rcpt_tos for envelope in smtp.envelopes] == [["ben@example.com"]]
    assert await rows(kernel) == []


@pytest.mark.databases("sqlite")
async def test_a_slow_server_is_not_waited_for_without_end(
    post: StartKernel, smtp: MailServer, clock: FakeClock
) -> None:
    smtp.mode = "slow"
    kernel = await post(mail_timeout_seconds=3)
    await queue(kernel, *(f"user{n}@example.com" for n in range(5)))
    await send(kernel)
    assert [row.attempts for row in await rows(kernel)] == [1, 1, 1, 0, 0]  # three in a row say enough
    assert {row.last_error for row in await rows(kernel)} == {"timeout", None}
    smtp.mode = "accept"
    clock.advance(minutes=1)
    await send(await post())
    assert len(smtp.messages) == 5


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("greeting", "reason"),
    [
        (b"", "the mail server closed the connection"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the mail server's answer is not SMTP"),
        (b"421 too busy\r\n", "the mail server answered 421"),
    ],
)
async def test_who_does_not_speak_smtp_is_described(post: StartKernel, greeting: bytes, reason: str) -> None:
    def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as other:
        kernel = await post(mail_port=other.sockets[0].getsockname()[1])
        await queue(kernel, "ann@example.com")
        await send(kernel)
    (row,) = await rows(kernel)
    assert row.last_error == reason


async def test_mail_that_is_switched_off_stays_here(post: StartKernel, smtp: MailServer) -> None:
    kernel = await post()
    await queue(kernel, "ann@example.com")
    for enabled, sent in (("false", 0), ("true", 1)):
        async with kernel.database.write() as session:
            await kernel.config.set_value(session, "mail.enabled", enabled, actor=None, now=kernel.clock())
        await send(kernel)
        assert len(smtp.messages) == sent


@pytest.mark.databases("sqlite")
async def test_the_setting_is_the_master_switch(post: StartKernel, smtp: MailServer) -> None:
    kernel = await post(mail_enabled=False)
    await queue(kernel, "ann@example.com")
    async with kernel.database.write() as session:
        await kernel.config.set_value(session, "mail.enabled", "true", actor=None, now=kernel.clock())
    await send(kernel)
    assert smtp.messages == []


# A running server


async def test_a_queued_mail_leaves_by_itself(app_server: Start, database_url: str, smtp: MailServer) -> None:
    kernel = kernel_of(await app_server(database_url=database_url, **smtp.settings))
    await queue(kernel, "ann@example.com")
    await kernel.jobs.idle()
    assert len(smtp.to("ann@example.com")) == 1


@pytest.mark.databases("sqlite")
async def test_links_need_the_server_s_own_address(post: StartKernel) -> None:
    with pytest.raises(MailUnavailable) as refused:
        (await post()).mailer.link("/confirm-email?token=x")
    assert refused.value.status == 502
    kernel = await post(public_url="https://crib.example.com/tools/")
    assert (
        kernel.mailer.link("/confirm-email?token=x") == "https://crib.example.com/tools/confirm-email?token=x"
    )


# The test mail


async def test_the_test_mail_at_a_start_goes_to_the_first_administrator(
    app_server: Start, database_url: str, smtp: MailServer
) -> None:
    server = await app_server(database_url=database_url, **smtp.settings)
    assert [message["Subject"] for message in smtp.to("admin@example.com")] == ["Mail test"]
    config = (await (await server.admin()).get("/api/admin/config")).json()
    assert config["startup_mail_test_status"] == "SUCCESS"


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("mode", ["down", "slow", "refuse"])
async def test_a_failed_test_mail_is_told_and_stops_nothing(
    app_server: Start, database_url: str, smtp: MailServer, mode: Mode
) -> None:
    smtp.mode = mode
    server = await app_server(database_url=database_url, **smtp.settings, mail_timeout_seconds=2)
    admin = await server.admin()
    assert (await admin.get("/api/admin/config")).json()["startup_mail_test_status"] == "FAILED"
    answer = await admin.post("/api/admin/test-email")
    assert (answer.status_code, answer.json()["status"]) == (200, "FAILED")
    smtp.mode = "accept"
    answer = await admin.post("/api/admin/test-email")
    assert answer.json()["status"] == "SUCCESS"
    assert answer.json()["msg"]
    # What happened at the start stays what it was.
    assert (await admin.get("/api/admin/config")).json()["startup_mail_test_status"] == "FAILED"


@pytest.mark.databases("sqlite")
async def test_without_mail_there_is_no_test(app_server: Start, database_url: str) -> None:
    server = await app_server(database_url=database_url)
    admin = await server.admin()
    assert (await admin.get("/api/admin/config")).json()["startup_mail_test_status"] == "SKIPPED"
    assert (await admin.post("/api/admin/test-email")).json()["status"] == "SKIPPED"
    ann = await server.user("ann")
    assert (await ann.post("/api/admin/test-email")).status_code == 403


@pytest.mark.databases("sqlite")
async def test_an_administrator_without_an_address_fails_the_test(
    app_server: Start, database_url: str, smtp: MailServer
) -> None:
    server = await app_server(database_url=database_url, **smtp.settings)
    kernel = kernel_of(server)
    async with kernel.database.write() as session:
        await session.execute(update(User).values(email=None, email_key=None))
    admin = await server.admin()
    assert (await admin.post("/api/admin/test-email")).json()["status"] == "FAILED"


@pytest.mark.databases("sqlite")
async def test_mail_that_cannot_be_sent_shows_on_the_health_page(
    app_server: Start, database_url: str, smtp: MailServer
) -> None:
    server = await app_server(database_url=database_url, **smtp.settings)
    admin = await server.admin()
    assert (await admin.get("/api/admin/health")).json()["checks"]["mail"]["healthy"] is True
    smtp.mode = "down"
    await queue(kernel_of(server), "ann@example.com")
    await kernel_of(server).jobs.idle()
    answer = await admin.get("/api/admin/health")
    health = answer.json()
    assert health["checks"]["mail"]["healthy"] is False
    assert health["checks"]["jobs"]["healthy"] is True
    assert (answer.status_code, health["status"]) == (200, "degraded")
