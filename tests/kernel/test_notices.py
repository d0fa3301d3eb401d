"""Notices to one person within a short time: the first mail leaves at once, the rest become one that names each."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from tests.clock import FakeClock
from tests.kernel.mailing import rows, send
from tests.kernel.parts import Start, StartKernel, kernel_of
from tests.servers.smtp import MailServer
from toolcrib.kernel.messages import TOGETHER_LENGTH, Message
from toolcrib.kernel.notices import mail_pauses

if TYPE_CHECKING:
    from toolcrib.kernel.context import Kernel

ANN, BEN = "ann@example.com", "ben@example.com"


async def notify(kernel: Kernel, *about: str, to: str = ANN, text: str = "Please.") -> None:
    notices = [(to, Message(f"About {each}", f"{text} {each}", f"<p>{text} {each}</p>")) for each in about]
    async with kernel.database.write() as session:
        await kernel.mailer.notify(session, notices, now=kernel.clock())


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text


async def test_the_first_leaves_at_once_and_the_rest_as_one(
    post: StartKernel, smtp: MailServer, clock: FakeClock
) -> None:
    kernel = await post()
    await notify(kernel, "one")
    await send(kernel)
    assert [message["Subject"] for message in smtp.messages] == ["About one"]
    for number in range(300):
        await notify(kernel, f"<number {number}>")
    await notify(kernel, "other", to=BEN)
    await send(kernel)
    assert [message["To"] for message in smtp.messages] == [ANN, BEN]
    clock.advance(seconds=59)
    await send(kernel)
    assert len(smtp.messages) == 2
    clock.advance(seconds=1)
    await send(kernel)
    (_first, together), (_other,) = smtp.to(ANN), smtp.to(BEN)
    assert together["Subject"] == "300 notifications"
    for number in range(300):
        assert f"About <number {number}>" in text_of(together)
        assert f"Please. <number {number}>" in text_of(together)
        assert f"About &lt;number {number}&gt;" in text_of(together, "html")
    assert await rows(kernel) == []

    await notify(kernel, "later")  # the next one waits again, since one has just been sent
    await send(kernel)
    assert len(smtp.to(ANN)) == 2
    clock.advance(minutes=1)
    await send(kernel)
    assert smtp.to(ANN)[-1]["Subject"] == "About later"
    clock.advance(minutes=1)
    await send(kernel)
    async with kernel.database.connection() as connection:
        assert (await connection.execute(select(func.count()).select_from(mail_pauses))).scalar_one() == 0


@pytest.mark.every_database
async def test_of_several_processes_one_sends_what_waits(
    post: StartKernel, smtp: MailServer, clock: FakeClock
) -> None:
    processes = [await post() for _ in range(3)]
    people = [f"user{number}@example.com" for number in range(4)]
    await asyncio.gather(
        *(
            notify(kernel, f"{name} 1", f"{name} 2", to=to)
            for name, kernel in enumerate(processes)
            for to in people
        )
    )
    await asyncio.gather(*(send(kernel) for kernel in processes))
    clock.advance(minutes=1)
    await asyncio.gather(*(send(kernel) for kernel in processes))
    for to in people:
        first, together = smtp.to(to)
        assert together["Subject"] == "5 notifications"
        both = first["Subject"] + text_of(together)
        for name in range(3):
            for number in (1, 2):
                assert both.count(f"About {name} {number}") == 1
    assert await rows(processes[0]) == []


@pytest.mark.every_database
async def test_a_crash_loses_none_of_them(post: StartKernel, smtp: MailServer, clock: FakeClock) -> None:
    kernel = await post()
    await notify(kernel, "first", "second", "third")
    await send(kernel)
    clock.advance(minutes=1)
    assert await kernel.mailer.take_next(clock()) is not None  # and the process is gone
    await notify(kernel, "meanwhile")
    clock.advance(minutes=1)
    await send(await post())
    assert "About second" in text_of(smtp.messages[1])
    assert "About third" in text_of(smtp.messages[1])
    clock.advance(minutes=1)
    await send(await post())
    assert smtp.messages[2]["Subject"] == "About meanwhile"
    assert len(smtp.messages) == 3


async def test_while_mail_cannot_be_sent_the_rest_becomes_one(
    post: StartKernel, smtp: MailServer, clock: FakeClock
) -> None:
    smtp.mode = "down"
    kernel = await post()
    for number in range(20):
        await notify(kernel, f"number {number}")
        await send(kernel)
        clock.advance(minutes=1)
    smtp.mode = "accept"
    clock.advance(hours=7)
    await send(kernel)
    await send(kernel)
    first, together = smtp.messages
    assert first["Subject"] == "About number 0"
    assert together["Subject"] == "19 notifications"


async def test_what_is_the_same_is_named_once_and_long_texts_give_way(
    post: StartKernel, smtp: MailServer, clock: FakeClock
) -> None:
    kernel = await post()
    await notify(kernel, "first")
    await notify(kernel, "same", "same", "same")
    await notify(kernel, "long", text="x " * TOGETHER_LENGTH)
    clock.advance(minutes=1)
    await send(kernel)
    (together,) = [message for message in smtp.messages if message["Subject"] == "5 notifications"]
    assert text_of(together).count("About same") == 1
    assert "About same (3 times)" in text_of(together)
    assert "About long" in text_of(together)
    assert len(text_of(together)) < TOGETHER_LENGTH


async def test_with_no_pause_each_is_a_mail_of_its_own(post: StartKernel, smtp: MailServer) -> None:
    kernel = await post(mail_together_seconds=0)
    await notify(kernel, "one", "two", "three")
    await send(kernel)
    assert [message["Subject"] for message in smtp.messages] == ["About one", "About two", "About three"]


async def test_what_waits_leaves_by_itself(app_server: Start, database_url: str, smtp: MailServer) -> None:
    """With the clock of the machine: nothing but the server itself looks for what waits."""
    server = await app_server(database_url=database_url, **smtp.settings, mail_together_seconds=1)
    kernel = kernel_of(server)
    await notify(kernel, "one", "two", "three")
    await kernel.jobs.idle()
    assert len(smtp.to(ANN)) == 1
    server.clock.advance(seconds=2)
    await asyncio.to_thread(smtp.wait_for, 3)
    assert smtp.to(ANN)[1]["Subject"] == "2 notifications"


async def test_whoever_is_asked_for_many_locks_gets_few_mails(app_server: Start, smtp: MailServer) -> None:
    server = await app_server(**smtp.settings)
    ann, ben = await server.user("ann"), await server.user("ben")
    for number in range(10):
        await ann.post("/api/locks", json={"asset_path": f"maps/{number}", "branch": "main"})
    for number in range(10):
        answer = await ben.post(f"/api/locks/path/maps/{number}/notify", json={"message": "soon?"})
        assert answer.status_code == 200
    for _ in range(3):
        await server.kernel.jobs.run_due()
        server.clock.advance(minutes=6)
    first, *more = smtp.to("ann@example.com")
    assert first["Subject"] == "Lock notification: maps/0"
    assert 1 <= len(more) <= 2
    assert all(f"Lock notification: maps/{number}" in text_of(more[0]) for number in range(1, 10))
