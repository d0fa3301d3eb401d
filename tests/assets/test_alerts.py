"""Mail about locks (asset-locks contract, sections 4.1 and 7), through a real mail server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import literal_column, update

from tests.servers.smtp import MailServer
from toolcrib.kernel.events.writer import events

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
HTTP = {"FRONTEND_BASE_URL": "http://crib.example", "LOCK_ALERTS": "everyone"}


@pytest.fixture
async def crib(app_server: Start, smtp: MailServer) -> AppServer:
    crib = await app_server(**smtp.settings, **HTTP, MAIL_TOGETHER_SECONDS=0)
    await crib.kernel.jobs.run_due()
    smtp.messages.clear()
    return crib


def text_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text


async def settle(crib: AppServer) -> None:
    """Until every mail that is due has been sent."""
    crib.clock.advance(minutes=6)
    await crib.kernel.jobs.run_due()
    await crib.kernel.jobs.run_due()


async def test_a_new_lock_is_told_to_everybody_else_one_mail_each(crib: AppServer, smtp: MailServer) -> None:
    ann = await crib.user("ann")
    await crib.user("ben")
    body = {"asset_path": "maps/<b>.umap", "branch": "main", "comment": "a & b"}
    assert (await ann.post("/api/locks", json=body)).status_code == 201
    await settle(crib)
    recipients = sorted(message["To"] for message in smtp.messages)
    assert recipients == ["admin@example.com", "ben@example.com"]
    message = smtp.messages[0]
    assert "maps/<b>.umap" in message["Subject"]
    html = text_of(message, "html")
    text = text_of(message, "plain")
    assert "maps/&lt;b&gt;.umap" in html
    assert "a &amp; b" in html
    assert "maps/<b>.umap" in text
    assert "ann" in text
    smtp.messages.clear()
    await settle(crib)
    assert smtp.messages == []


async def test_what_one_call_locks_is_one_mail_each(crib: AppServer, smtp: MailServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    await ann.post("/api/locks", json={"asset_path": "before", "branch": "main"})
    crib.clock.advance(seconds=1)
    paths = [f"maps/{number:03}.umap" for number in range(250)]
    order = {"action": "lock", "paths": paths, "branch": "main", "comment": "all <of> it"}
    assert (await ann.post("/api/locks/bulk", json=order)).status_code == 201
    await ben.post("/api/locks/bulk", json={"action": "lock", "paths": ["b/1", "b/2"]})
    crib.clock.advance(seconds=1)
    await ann.post("/api/locks", json={"asset_path": "after", "branch": "main"})
    await settle(crib)
    told = [message for message in smtp.messages if message["To"] == "admin@example.com"]
    assert [message["Subject"] for message in told] == [
        "Asset locked: before",
        "250 assets locked by ann",
        "2 assets locked by ben",
        "Asset locked: after",
    ]
    for kind in ("plain", "html"):
        text = text_of(told[1], kind)
        assert "maps/000.umap" in text
        assert "maps/019.umap" in text
        assert "maps/020.umap" not in text
        assert "and 230 more" in text
    assert "all &lt;of&gt; it" in text_of(told[1], "html")
    assert "more" not in text_of(told[2], "plain")
    assert [message["Subject"] for message in smtp.messages if message["To"] == "ann@example.com"] == [
        "2 assets locked by ben"
    ]


async def test_a_lock_is_taken_though_the_mail_server_is_down(crib: AppServer, smtp: MailServer) -> None:
    ann = await crib.user("ann")
    smtp.mode = "down"
    assert (await ann.post("/api/locks", json={"asset_path": "a", "branch": "main"})).status_code == 201
    await settle(crib)
    smtp.mode = "accept"
    crib.clock.advance(hours=7)
    await settle(crib)
    assert [message["To"] for message in smtp.messages] == ["admin@example.com"]


async def test_the_holder_is_asked_for_a_lock(crib: AppServer, smtp: MailServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    await ann.post("/api/locks", json={"asset_path": "dir/a b", "branch": "main"})
    await settle(crib)
    smtp.messages.clear()
    told = await ben.post("/api/locks/path/dir%2Fa%20b/notify", json={"message": "please\nsoon"})
    assert told.status_code == 200, told.text
    assert told.json()["msg"]
    assert (await ben.post("/api/locks/path/dir/a%20b/notify")).status_code == 200
    await settle(crib)
    assert [message["To"] for message in smtp.messages] == ["ann@example.com"] * 2
    text = text_of(smtp.messages[0], "plain")
    assert "please" in text
    assert "ben" in text


async def test_when_nobody_can_be_told_it_says_so(crib: AppServer, app_server: Start) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    await ann.post("/api/locks", json={"asset_path": "a", "branch": "main"})
    assert (await ann.post("/api/locks/path/a/notify", json={})).status_code == 400
    assert (await ben.post("/api/locks/path/b/notify", json={})).status_code == 404
    assert (await ben.post("/api/locks/path/a/notify", json={"message": 7})).status_code == 400
    assert (await ben.post("/api/locks/path/a/notify", json={"message": "x" * 2001})).status_code == 400
    silent = await app_server()
    cem, dan = await silent.user("cem"), await silent.user("dan")
    await cem.post("/api/locks", json={"asset_path": "a", "branch": "main"})
    assert (await dan.post("/api/locks/path/a/notify", json={})).status_code == 400
    assert (await dan.get("/api/config/status")).json() == {"mail_enabled": False}


async def test_nobody_is_told_of_what_they_may_not_see(crib: AppServer, smtp: MailServer) -> None:
    ann = await crib.user("ann")
    await crib.user("ben")
    (await ann.post("/api/projects", json={"name": "secret"})).raise_for_status()
    body = {"asset_path": "hidden", "branch": "main", "project": "secret"}
    assert (await ann.post("/api/locks", json=body)).status_code == 201
    await settle(crib)
    assert [message["To"] for message in smtp.messages] == ["admin@example.com"]


async def test_a_damaged_event_does_not_hold_up_the_mails_that_follow(
    crib: AppServer, smtp: MailServer
) -> None:
    ann = await crib.user("ann")
    for name in ("bad", "good"):
        body = {"asset_path": f"maps/{name}.umap", "branch": "main"}
        assert (await ann.post("/api/locks", json=body)).status_code == 201
        crib.clock.advance(seconds=1)
    async with crib.kernel.database.write() as session:
        spoilt = update(events).where(events.c.key == "maps/bad.umap")
        await session.execute(spoilt.values(data=literal_column("'{\"holder\": '")))
    await settle(crib)
    told = {(message["To"], message["Subject"]) for message in smtp.messages}
    assert {to for to, _subject in told} == {"admin@example.com"}  # not Ann: she did it
    assert any("maps/good.umap" in subject for _to, subject in told)
