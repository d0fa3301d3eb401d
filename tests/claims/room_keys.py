"""A kind as an installed package brings it: keys of meeting rooms, with a record of its own that a hook keeps.

The hook fails on purpose where a row of `room_key_faults` says so, in this process or another.
"""

from __future__ import annotations

import os
import signal
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    MetaData,
    Table,
    delete,
    insert,
    select,
    text,
    update,
)

from toolcrib.kernel.claims import service
from toolcrib.kernel.claims.changes import Change
from toolcrib.kernel.claims.commands import Acquire, Release
from toolcrib.kernel.claims.models import Ref
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep, NowDep, PrincipalDep, RequesterDep, SessionDep
from toolcrib.kernel.jobs import Job
from toolcrib.kernel.kinds import Kind
from toolcrib.kernel.problems import Conflict
from toolcrib.kernel.tables import UtcDateTime, exact_string

NAME = "room_key"

tables = MetaData()

# Who has each key, as the porter's book says.
book = Table(
    "room_key_book",
    tables,
    Column("room", exact_string(200), primary_key=True),
    Column("holder", exact_string(255), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("until", UtcDateTime()),
)
# Every change the hook was told of, in the order of its calls.
calls = Table(
    "room_key_calls",
    tables,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("room", exact_string(200), nullable=False),
    Column("verb", exact_string(40), nullable=False),
    Column("asked_by", exact_string(255)),
    Column("ip_address", exact_string(64)),
    Column("reason", exact_string(200)),
    Column("printed", Boolean, nullable=False),
)
# What goes wrong at which verb for which room.
faults = Table(
    "room_key_faults",
    tables,
    Column("room", exact_string(200), primary_key=True),
    Column("verb", exact_string(40), primary_key=True),
    Column("what", exact_string(40), nullable=False),
)


class RoomClosed(Conflict):
    code = "room_closed"


def hook(connection: Connection, change: Change) -> None:
    """Keep the book, and let the keys' label printer know. A call may come late: it never undoes what a newer claim
    wrote."""
    room, event = change.event.key, change.event
    connection.execute(delete(book).where(book.c.room == room, book.c.fence <= change.claim.fence))
    newer = connection.execute(select(book.c.fence).where(book.c.room == room)).scalar()
    if change.after is not None and newer is None:
        now_held: dict[str, Any] = {
            "room": room,
            "holder": change.after.holder,
            "fence": change.after.fence,
            "until": change.after.expires_at,
        }
        connection.execute(insert(book), [now_held])
    call = {
        "seq": event.seq,
        "room": room,
        "verb": event.verb,
        "asked_by": change.by.username if change.by else None,
        "ip_address": change.by.ip_address if change.by else None,
        "reason": change.reason,
        "printed": False,
    }
    connection.execute(insert(calls), [call])
    change.nudge("room_keys.print")
    fault = select(faults.c.what).where(faults.c.room == room, faults.c.verb == event.verb)
    match connection.execute(fault).scalar():
        case "refuse":
            raise RoomClosed("The room is closed.")
        case "crash":
            raise RuntimeError("the porter is asleep")
        case "bad statement":
            connection.execute(text("SELECT no_such_column FROM room_key_book"))
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)


async def print_labels(kernel: Kernel, _now: datetime) -> None:
    async with kernel.database.write() as session:
        await session.execute(update(calls).values(printed=True))


router = APIRouter(prefix="/rooms", tags=["rooms"])
Seconds = Annotated[int, Query(gt=0)]


@router.post("/{room}/take")
async def take(
    room: str,
    kernel: KernelDep,
    me: PrincipalDep,
    by: RequesterDep,
    now: NowDep,
    seconds: Seconds | None = None,
    heartbeat: bool = False,
) -> dict[str, int]:
    """Take a key: its whole effect is the claim, so it goes the way of the group commit."""
    end = now + timedelta(seconds=seconds) if seconds else None
    wanted = Acquire(Ref(NAME, "", room), me.holder, expires_at=end, heartbeat=heartbeat)
    (claim,) = await kernel.claims.submit([wanted], by)
    return {"fence": claim.fence if claim else 0}


@router.post("/{room}/give-back")
async def give_back(
    room: str, session: SessionDep, me: PrincipalDep, by: RequesterDep, now: NowDep
) -> dict[str, str]:
    """Give a key back, in a unit of work."""
    await service.run_one(session, Release(Ref(NAME, "", room), me.holder), now=now, by=by)
    return {"msg": "given back"}


kind = Kind(name=NAME, routers=(router,), hook=hook, jobs=(Job("room_keys.print", print_labels),))


def install(site: Path) -> None:
    """Make `site`, a folder for `sys.path`, say that this module is an installed kind."""
    about = site / "room_keys-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: room-keys\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[toolcrib.kinds]\nroom_key = tests.claims.room_keys:kind\n")
