"""Statements that bypass SQLAlchemy's preparation of rows write and find what the ordinary ones do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta, timezone
from operator import itemgetter
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import DBAPIError

from tests.kernel.claim_rows import NAMES, NOON, row, run
from toolcrib.kernel.claims.models import claims
from toolcrib.kernel.driver_statements import DriverStatement, select_listed

pytestmark = pytest.mark.every_database

ROWS = [
    row(1),
    row(2, comment="", branch="main", expires_at=NOON, heartbeat=True, data={"label": "é", "n": [1, None]}),
    row(3, renewed_at=NOON.astimezone(timezone(timedelta(hours=5, minutes=30))), fence=2**62),
]


async def test_rows_are_written_as_the_ordinary_statement_writes_them(new_database_url: str) -> None:
    def work(connection: Connection) -> tuple[list[Any], list[Any]]:
        rows = [itemgetter(*NAMES)(each) for each in ROWS]
        writers: list[Callable[[], object]] = [
            lambda: connection.execute(insert(claims), ROWS),
            lambda: DriverStatement(insert(claims), *NAMES).run(connection, rows),
        ]
        found = []
        for write in writers:
            write()
            found.append(list(connection.execute(select(claims).order_by(claims.c.digest))))
            connection.rollback()
        return found[0], found[1]

    ordinary, ours = await run(new_database_url, work)
    assert len(ours) == 3
    assert ours == ordinary


@pytest.mark.databases("postgresql", "mariadb")  # SQLite keeps text of any length
async def test_what_is_too_long_is_refused_not_cut(new_database_url: str) -> None:
    def work(connection: Connection) -> None:
        long = row(1, digest="d" * 41)
        DriverStatement(insert(claims), *NAMES).run(connection, [itemgetter(*NAMES)(long)])

    with pytest.raises(DBAPIError):
        await run(new_database_url, work)


async def test_a_list_of_any_length_finds_its_rows(new_database_url: str) -> None:
    def work(connection: Connection) -> list[list[int]]:
        connection.execute(insert(claims), ROWS)
        query = select_listed([claims.c.fence], claims.c.digest, connection.dialect.name)
        lists = [[], ["none"], [ROWS[1]["digest"]], [f"{number:040}" for number in range(5_000)]]
        return [sorted(connection.execute(query, {"listed": each}).scalars()) for each in lists]

    assert await run(new_database_url, work) == [[], [], [2], [1, 2, 2**62]]


@pytest.mark.databases("postgresql")
async def test_a_plan_made_for_an_empty_table_still_reads_no_table_whole(new_database_url: str) -> None:
    def work(connection: Connection) -> str:
        query = select_listed([claims.c.fence], claims.c.digest, "postgresql")
        sql = str(query.compile(connection.engine)).replace("$1::VARCHAR[]", "$1")
        connection.execute(text("SET plan_cache_mode = force_generic_plan"))
        connection.exec_driver_sql(f"PREPARE looked (text[]) AS {sql}")
        return "\n".join(connection.exec_driver_sql("EXPLAIN EXECUTE looked ('{a,b}')").scalars())

    plan = await run(new_database_url, work)
    assert "Index" in plan
    assert "Seq Scan on claims" not in plan
