"""Who may do what in a view, and when it ends; with a real X server where keys and pointer count."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import delete, select, update
from structlog.testing import capture_logs

from tests.clock import FakeClock
from tests.desktops.viewing.screens import Screen
from tests.desktops.viewing.stage import Stage, WebServer
from tests.desktops.viewing.viewer import Viewer
from tests.desktops.viewing.xvnc import Xvnc
from tests.servers.sqlite import fill_data_dir
from tests.servers.tcp_proxy import TcpProxy
from toolcrib.desktops import models
from toolcrib.desktops.viewing.rfb import encodings
from toolcrib.desktops.viewing.views import Closing
from toolcrib.kernel.identity import users


async def test_a_view_shows_the_desktop_and_passes_keys_and_pointer(stage: Stage, xvnc: Xvnc) -> None:
    name = await stage.desktop("ann", xvnc.address)
    view = await stage.view("ann", name)
    assert await view.picture() == view.width * view.height * 4
    await view.key(ord("a"))
    await view.point(17, 23)
    await view.passed()
    assert (xvnc.keys_down(), xvnc.pointer()) == (1, (17, 23))
    await view.key(ord("a"), down=False)
    await view.passed()
    assert xvnc.keys_down() == 0
    await view.close()


@pytest.mark.parametrize("who", ["guest", "admin", "holder who only looks"])
async def test_who_only_looks_on_moves_nothing(stage: Stage, xvnc: Xvnc, who: str) -> None:
    name = await stage.desktop("ann", xvnc.address)
    await stage.invite(name, "gus")
    person = {"guest": "gus", "admin": "admin"}.get(who, "ann")
    looks = await stage.view(person, name, view_only=person == "ann")
    before = xvnc.pointer()
    await looks.key(ord("b"))
    await looks.send(struct.pack("!BBHII", 255, 0, 1, ord("b"), 0x30))  # the same, as QEMU has it
    await looks.point(before[0] + 5, before[1] + 5)
    await looks.send(struct.pack("!BxHHBx", 251, 400, 300, 1) + struct.pack("!IHHHHI", 1, 0, 0, 400, 300, 0))
    await looks.passed()
    assert (xvnc.keys_down(), xvnc.pointer()) == (0, before)
    assert await stage.controller(name) is None
    again = await stage.view(person, name, view_only=person == "ann")
    assert again.width == looks.width
    # It is no lack of the X server.
    works = await stage.view("ann", name)
    await stage.passes_to(name, works, xvnc)
    await asyncio.gather(*(each.close() for each in (looks, again, works)))


async def test_a_viewer_comes_in_while_another_resizes_the_desktop(stage: Stage, xvnc: Xvnc) -> None:
    name = await stage.desktop("ann", xvnc.address)
    controls = await stage.view("ann", name)
    await stage.passes_to(name, controls, xvnc)
    late = await stage.view("ann", name)  # it has not said yet that it takes new sizes
    size = controls.width - 8, controls.height - 8
    screen = struct.pack("!IHHHHI", 1, 0, 0, *size, 0)
    await controls.choose(encodings.RAW, encodings.DESKTOP_SIZE)
    await controls.send(struct.pack("!BxHHBx", 251, *size, 1) + screen)
    for each in (controls, late):
        await each.choose(encodings.RAW, encodings.DESKTOP_SIZE)
        await each.ask()
        assert await _new_size(each) == size
    await asyncio.gather(*(each.close() for each in (controls, late)))


async def _new_size(viewer: Viewer) -> tuple[int, int]:
    """Read of the next message only the size that it begins with."""
    message, _x, _y, width, height, encoding = struct.unpack("!B3xHHHHi", await viewer.exactly(16))
    assert (message, encoding) == (0, encodings.DESKTOP_SIZE)
    return width, height


async def test_control_passes_between_the_views_of_two_servers(stage: Stage, xvnc: Xvnc) -> None:
    here, there = stage.servers
    name = await stage.desktop("ann", xvnc.address)
    await stage.invite(name, "gus", may_control=True)
    ann = await stage.view("ann", name, server=here)
    gus = await stage.view("gus", name, server=there)
    await stage.passes_to(name, ann, xvnc)
    await gus.key(ord("g"))
    await gus.passed()
    assert xvnc.keys_down() == 0  # one at a time

    assert await stage.control("gus", name, "ask", gus.id) == 204
    found = (await (await stage.client("ann")).get(f"/api/desktops/{name}/views")).json()
    assert [each["id"] for each in found["views"] if each["asks_since"]] == [gus.id]
    assert await stage.control("ann", name, "give", gus.id) == 204
    await stage.passes_to(name, gus, xvnc)
    await _loses(ann, xvnc)

    assert await stage.control("gus", name, "take", gus.id) == 403  # not theirs to take
    assert await stage.control("ann", name, "take", ann.id) == 204
    await stage.passes_to(name, ann, xvnc)
    await _loses(gus, xvnc)

    assert await stage.control("ann", name, "release") == 204
    await _loses(ann, xvnc)
    assert await stage.controller(name) is None
    assert await stage.control("gus", name, "ask", gus.id) == 204  # nobody is there to be asked
    await stage.passes_to(name, gus, xvnc)
    await gus.close()
    await stage.passes_to(name, ann, xvnc)
    await ann.close()


@pytest_asyncio.fixture(loop_scope="session")
async def apart(database_url: str, through: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """Two servers, the first of which has its database by way of a proxy."""
    clock = FakeClock()
    servers = [
        await WebServer.start(tmp_path / str(number), clock, database_url=url)
        for number, url in enumerate((through, database_url))
    ]
    yield Stage(*servers)
    for each in reversed(servers):
        await each.stop()


@pytest.mark.databases("postgresql")
async def test_who_has_control_loses_it_where_the_database_is_out_of_reach_when_others_may_get_it(
    apart: Stage, proxy: TcpProxy, xvnc: Xvnc
) -> None:
    stage = apart
    here, there = stage.servers
    name = await stage.desktop("ann", xvnc.address)
    await stage.invite(name, "gus", may_control=True)
    ann = await stage.view("ann", name, server=here)
    gus = await stage.view("gus", name, server=there)
    await stage.passes_to(name, ann, xvnc)

    proxy.accept_only(0)
    proxy.cut()
    query = select(models.views.c.seen_at).where(models.views.c.id == gus.id)
    async with asyncio.timeout(20):
        for _ in range(2):  # until the lease of ann's view has run out, and gus's has not
            stage.app.clock.advance(seconds=11)
            seen_at = None
            while seen_at != stage.app.clock():
                await asyncio.sleep(0.05)
                async with there.kernel.database.read() as session:
                    seen_at = await session.scalar(query)
        while True:
            await gus.key(ord("g"))
            await gus.passed()
            if xvnc.keys_down():
                break
    await gus.key(ord("g"), down=False)
    await gus.passed()
    await _loses(ann, xvnc)
    proxy.accept_only(1000)
    assert (await ann.closed())[0] == Closing.REPLACED
    await gus.close()


async def _loses(view: Viewer, xvnc: Xvnc) -> None:
    """Wait until what it types no longer arrives, and what it had pressed is released."""
    async with asyncio.timeout(10):
        while True:
            await view.key(ord("l"))
            await view.passed()
            if xvnc.keys_down() == 0:
                return


async def test_whoever_asks_has_an_answer_in_time(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address)
    await stage.invite(name, "gus", may_control=True)
    await stage.invite(name, "eve")
    ann, gus, eve = [await stage.view(each, name) for each in ("ann", "gus", "eve")]
    assert await stage.control("eve", name, "ask", eve.id) == 403  # may only look on
    assert await stage.control("gus", name, "ask", ann.id) == 403
    assert await stage.control("gus", name, "ask", "no-such-view") == 404
    assert await stage.control("gus", name, "give", gus.id) == 403
    assert await stage.control("gus", name, "ask", gus.id) == 204
    assert await stage.control("ann", name, "refuse", gus.id) == 204
    assert await stage.control("gus", name, "ask", gus.id) == 204
    stage.app.clock.advance(seconds=6)
    async with asyncio.timeout(10):
        while await _verbs(stage, name) != ["control_refused", "control_refused"]:
            await asyncio.sleep(0.05)
    assert await stage.controller(name) == ann.id
    assert await stage.control("gus", name, "ask", gus.id) == 204
    await ann.close()  # without an answer
    async with asyncio.timeout(10):
        while await stage.controller(name) != gus.id:
            await asyncio.sleep(0.05)
    await asyncio.gather(gus.close(), eve.close())


async def _verbs(stage: Stage, name: str) -> list[str]:
    found = await (await stage.app.admin()).get("/api/events", params={"key": name, "order": "asc"})
    return [each["verb"] for each in found.json()["events"] if each["verb"] == "control_refused"]


async def test_views_end_with_the_hold_whichever_server_they_are_at(stage: Stage, screen: Screen) -> None:
    here, there = stage.servers
    name = await stage.desktop("ann", screen.address)
    views = [await stage.view("ann", name, server=each) for each in (here, there)]
    await stage.end("ann", name, server=there)
    assert [(await each.closed())[0] for each in views] == [Closing.ENDED] * 2


async def test_views_end_at_the_end_time_of_the_hold(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address)
    view = await stage.view("ann", name)
    stage.app.clock.advance(hours=9)
    assert (await view.closed())[0] == Closing.ENDED


async def test_a_guest_who_is_no_longer_invited_sees_nothing_more(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address)
    await stage.invite(name, "gus", may_control=True)
    gus, ann = await stage.view("gus", name, server=stage.servers[1]), await stage.view("ann", name)
    assert await stage.controller(name) == gus.id
    async with stage.app.kernel.database.write() as session:
        await session.execute(delete(models.guests).where(models.guests.c.desktop == name))
    assert (await gus.closed())[0] == Closing.DENIED
    async with asyncio.timeout(10):
        while await stage.controller(name) != ann.id:
            await asyncio.sleep(0.05)
    await ann.close()


async def test_a_guest_who_may_only_look_on_from_now_on_loses_control(stage: Stage, xvnc: Xvnc) -> None:
    name = await stage.desktop("ann", xvnc.address)
    await stage.invite(name, "gus", may_control=True)
    gus, ann = await stage.view("gus", name), await stage.view("ann", name)
    await stage.passes_to(name, gus, xvnc)
    async with stage.app.kernel.database.write() as session:
        mine = update(models.guests).where(models.guests.c.desktop == name)
        await session.execute(mine.values(may_control=False))
    await stage.passes_to(name, ann, xvnc)
    await _loses(gus, xvnc)
    await asyncio.gather(gus.close(), ann.close())


async def test_a_guest_who_may_only_look_on_from_now_on_sees_no_more_clipboards(
    stage: Stage, screen: Screen
) -> None:
    name = await stage.desktop("ann", screen.address, copy_out=True)
    await stage.invite(name, "gus", may_control=True)
    gus = await stage.view("gus", name)
    async with stage.app.kernel.database.write() as session:
        mine = update(models.guests).where(models.guests.c.desktop == name)
        await session.execute(mine.values(may_control=False))
    assert (await gus.closed())[0] == Closing.REPLACED
    again = await stage.ticket(await stage.client("gus"), name)
    assert again["view_only"]


async def test_views_end_with_the_sign_in_that_asked_for_them(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address)
    await stage.invite(name, "kim")
    await stage.client("kim")
    signed_in = await stage.app.sign_in("kim")
    ticket = await stage.ticket(signed_in, name)
    kim = await Viewer.open(stage.url(stage.servers[1]), ticket["ticket"])
    ann = await stage.view("ann", name)
    new = {"current_password": "correct horse battery", "new_password": "another horse, another battery"}
    answer = await signed_in.put("/api/users/me/password", json=new)
    assert answer.status_code < 300, answer.text
    assert (await kim.closed())[0] == Closing.DENIED
    await ann.is_open()
    await ann.close()


async def test_views_end_when_the_account_is_disabled(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address)
    await stage.invite(name, "dan")
    dan = await stage.view("dan", name, server=stage.servers[1])
    await stage.disable("dan")
    assert (await dan.closed())[0] == Closing.DENIED


async def test_an_administrator_who_must_set_up_two_steps_sees_nothing_and_disturbs_nobody(
    tmp_path: Path, screen: Screen
) -> None:
    fill_data_dir(tmp_path)
    app = await WebServer.start(tmp_path, FakeClock(), admins_need_otp=True)
    stage = Stage(app)
    try:
        name = await stage.desktop("ann", screen.address)
        for guest in ("new", "out"):
            await stage.invite(name, guest)
        new, out, ann = [await stage.view(each, name) for each in ("new", "out", "ann")]
        async with app.kernel.database.write() as session:
            user = await users.get_by_name(session, "new")
            await users.set_admin(session, user, is_admin=True, actor=None, now=app.clock())
        assert (await new.closed())[0] == Closing.DENIED
        async with app.kernel.database.write() as session:
            user = await users.get_by_name(session, "out")
            await users.sign_out_everywhere(session, user, now=app.clock())
        assert (await out.closed())[0] == Closing.DENIED
        await ann.is_open()
        await ann.close()
    finally:
        await app.stop()


async def test_one_view_too_many_ends_the_persons_oldest(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("max", screen.address)
    most = stage.app.settings.desktop_views_per_person
    views = [await stage.view("max", name, server=stage.servers[n % 2]) for n in range(most + 1)]
    assert (await views[0].closed())[0] == Closing.REPLACED
    found = (await (await stage.client("max")).get(f"/api/desktops/{name}/views")).json()
    assert {each["id"] for each in found["views"]} == {each.id for each in views[1:]}
    await asyncio.gather(*(each.close() for each in views[1:]))


async def test_a_desktop_that_cannot_be_reached_says_so(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address)
    view = await stage.view("ann", name)
    with capture_logs() as logs:
        screen.hang_up()
        assert (await view.closed())[0] == Closing.LOST
    assert ("desktop_view_lost", name) in {(each["event"], each.get("desktop")) for each in logs}
    screen.password = "another"
    viewer = await Viewer.connect(
        stage.url(), (await stage.ticket(await stage.client("ann"), name))["ticket"]
    )
    assert (await viewer.closed())[0] == Closing.LOST
    screen.greeting = b"SSH-2.0-OpenSSH\r\n"
    viewer = await Viewer.connect(
        stage.url(), (await stage.ticket(await stage.client("ann"), name))["ticket"]
    )
    assert (await viewer.closed())[0] == Closing.LOST
    found = (await (await stage.client("ann")).get(f"/api/desktops/{name}/views")).json()
    assert found == {"controller": None, "views": []}


async def test_typing_keeps_the_desktop_from_being_idle(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address)
    view = await stage.view("ann", name)
    query = models.desktops.select().where(models.desktops.c.name == name)

    async def seen_at() -> object:
        async with stage.app.kernel.database.read() as session:
            return (await session.execute(query)).one().seen_at

    assert await seen_at() is None
    async with asyncio.timeout(10):
        while await seen_at() is None:
            await view.key(ord("a"))
            await asyncio.sleep(0.05)
    await view.close()
