"""Parts that somebody has and does nothing with."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import delete, insert, text
from sqlalchemy.exc import OperationalError

from tests.parts.bench import Bench, approved

if TYPE_CHECKING:
    from tests.parts.workshop import Workshop

MANY = 600


async def _reminded_parts(shop: Workshop, project: str, count: int) -> None:
    """Fill the project with parts whose holders were reminded already."""
    from toolcrib.parts.models import parts  # noqa: PLC0415 - loads the whole server
    from toolcrib.parts.service.contract import new_row  # noqa: PLC0415

    long_ago = shop.crib.clock() - timedelta(hours=1)
    fields = {"part_number": "a", "material": "b", "subsystem": "c", "category": "cnc"}
    row = new_row(fields, f"project:{project}", None, long_ago)
    held = {**row, "active_at": long_ago, "reminded_at": long_ago}
    async with shop.crib.app.kernel.database.write() as session:
        await session.execute(
            insert(parts), [{**held, "claim_fence": -number} for number in range(1, count + 1)]
        )


async def _forget(shop: Workshop, project: str) -> None:
    from toolcrib.parts.models import parts  # noqa: PLC0415

    async with shop.crib.app.kernel.database.write() as session:
        await session.execute(delete(parts).where(parts.c.scope == f"project:{project}"))


def test_however_many_were_reminded_of_the_others_are_too(shop: Workshop) -> None:
    project = f"idle{uuid4().hex[:8]}"
    boss = Bench(shop, shop.admin, project)
    boss.ok("PUT", "/settings", {"remind_hours": 2, "return_hours": 0}, params={"project": project})
    shop.crib.run(_reminded_parts(shop, project, MANY))
    part = approved(boss)
    boss.do(part, "take")
    shop.crib.clock.advance(hours=3)
    shop.crib.run(shop.crib.app.kernel.jobs.run_due())
    assert boss.verbs(part)[-1] == "claim_idle"
    shop.crib.run(_forget(shop, project))


async def _damage(shop: Workshop, project: str) -> None:
    """Make the parts of the project unreadable."""
    async with shop.crib.app.kernel.database.write() as session:
        damage = text("UPDATE parts SET created_at = 'no moment' WHERE scope = :scope")
        await session.execute(damage, {"scope": f"project:{project}"})


@pytest.mark.databases("sqlite")  # others keep nothing but moments in such a column
def test_a_part_that_cannot_be_read_stops_no_other_and_fails_the_turn(shop: Workshop) -> None:
    from toolcrib.kernel.jobs import JobsFailing  # noqa: PLC0415 - loads the whole server

    project, other = (f"idle{uuid4().hex[:8]}" for _ in range(2))
    boss, next_boss = (Bench(shop, shop.admin, each) for each in (project, other))
    for bench in (boss, next_boss):
        rule = {"remind_hours": 2, "return_hours": 0}
        bench.ok("PUT", "/settings", rule, params={"project": bench.project})
    for bench in (boss, next_boss):
        part = approved(bench)
        bench.do(part, "take")
    shop.crib.run(_damage(shop, project))
    shop.crib.clock.advance(hours=3)
    jobs = shop.crib.app.kernel.jobs
    shop.crib.run(jobs.run_due())
    assert next_boss.verbs(part)[-1] == "claim_idle"
    with pytest.raises(JobsFailing, match=r"parts\.idle"):
        shop.crib.run(jobs.check("parts.idle"))
    shop.crib.run(_forget(shop, project))
    shop.crib.clock.advance(minutes=10)  # it is tried again
    shop.crib.run(jobs.run_due())
    shop.crib.run(jobs.check("parts.idle"))


@pytest.mark.databases("sqlite")
def test_a_database_that_takes_no_changes_ends_the_turn(tmp_path: Path) -> None:
    from tests.parts.workshop import KEY, Workshop  # noqa: PLC0415 - loads the whole server
    from tests.servers.crib import Crib  # noqa: PLC0415
    from tests.servers.environment import SINGLE  # noqa: PLC0415
    from toolcrib.parts.jobs import look_after_idle  # noqa: PLC0415

    crib = Crib.start(tmp_path / "data", PARTS_API_KEY=KEY, DATABASE_TIMEOUT_SECONDS=1, **SINGLE)
    shop = Workshop(crib)
    boss = Bench(shop, shop.admin, f"idle{uuid4().hex[:8]}")
    boss.ok("PUT", "/settings", {"remind_hours": 2, "return_hours": 0}, params={"project": boss.project})
    boss.do(approved(boss), "take")
    kernel, later = crib.app.kernel, crib.clock() + timedelta(hours=3)

    async def look() -> None:
        file = str(kernel.database.url.database)
        with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
            # In a thread, so that the server, which is in this process, can finish what it is writing.
            await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
            await look_after_idle(kernel, later)

    with pytest.raises(OperationalError):
        crib.run(look())
    crib.close()
