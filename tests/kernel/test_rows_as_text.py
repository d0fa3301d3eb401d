"""Rows that come as one text are those of the ordinary query."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, Text, delete, insert, select, type_coerce, update

from tests.kernel.claim_rows import NOON, row, run
from toolcrib.kernel.claims.models import claims
from toolcrib.kernel.rows_as_text import NO_ROWS, FingerprintOf, RowsAsText

pytestmark = pytest.mark.every_database

SPELLINGS = ("plain", "", 'a "b" \\ \n\t\x01', "é ü 🎈", "%s ? $1 :name", "[1, null]", "x" * 1_000)


def claim(number: int, key: str, **changes: Any) -> dict[str, Any]:
    renewed = NOON.replace(microsecond=120_000)
    return row(number, key=key, data={"said": key}, heartbeat=bool(number % 2), renewed_at=renewed) | changes


async def test_each_query_has_its_rows_with_their_values(new_database_url: str) -> None:
    rows = [claim(number, key) for number, key in enumerate(SPELLINGS)]
    rows.append(claim(2**62, "late", renewed_at=NOON.replace(microsecond=1), expires_at=NOON))
    texts = select(claims.c.fence, claims.c.key, type_coerce(claims.c.data, Text).label("data"))
    others = select(claims.c.fence, claims.c.renewed_at, claims.c.expires_at, claims.c.heartbeat)

    def work(connection: Connection) -> list[str]:
        connection.execute(insert(claims), rows)
        return RowsAsText(texts, others.where(claims.c.fence > 2)).read(connection)

    first, second = (sorted(orjson.loads(text)) for text in await run(new_database_url, work))
    assert first == [[each["fence"], each["key"], orjson.dumps(each["data"]).decode()] for each in rows]
    assert [
        (fence, _moment(renewed), _moment(expires), bool(heartbeat))
        for fence, renewed, expires, heartbeat in second
    ] == [
        (each["fence"], each["renewed_at"], each["expires_at"], each["heartbeat"])
        for each in rows
        if each["fence"] > 2
    ]


async def test_no_rows_are_an_empty_list(new_database_url: str) -> None:
    found = await run(new_database_url, RowsAsText(select(claims.c.fence), select(claims.c.key)).read)
    assert found == [NO_ROWS, NO_ROWS]
    assert orjson.loads(NO_ROWS) == []


async def test_a_fingerprint_changes_with_the_rows_and_only_then(new_database_url: str) -> None:
    rows = [claim(number, key) for number, key in enumerate(("ab", "c", "", "é 🎈"))]
    query = select(claims.c.fence, claims.c.key, claims.c.holder, (claims.c.fence > 2).label("is_late"))
    both = RowsAsText(FingerprintOf(query), query)
    changes = [
        update(claims).where(claims.c.fence == 0).values(key="a"),
        update(claims).where(claims.c.fence == 1).values(key="bc"),
        update(claims).where(claims.c.fence == 2).values(holder=""),
        update(claims).where(claims.c.fence == 3).values(fence=4),
        update(claims).where(claims.c.fence == 4).values(fence=2**62),
        delete(claims).where(claims.c.fence == 2),
        delete(claims),
    ]

    def work(connection: Connection) -> list[list[str]]:
        connection.execute(insert(claims), rows)
        found = [both.read(connection), both.read(connection)]
        for change in changes:
            connection.execute(change)
            found.append(both.read(connection))
        return found

    found = await run(new_database_url, work)
    assert found[0] == found[1]
    fingerprints = {fingerprint for fingerprint, _ in found}
    assert len(fingerprints) == len(changes) + 1
    assert found[-1][1] == NO_ROWS


async def test_a_thousand_rows_are_all_there(new_database_url: str) -> None:
    """More text than MariaDB lets one aggregate have."""

    def work(connection: Connection) -> list[str]:
        connection.execute(
            insert(claims), [claim(number, f"{number} {'x' * 1_000}") for number in range(1_500)]
        )
        return RowsAsText(select(claims.c.fence, claims.c.key)).read(connection)

    (text,) = await run(new_database_url, work)
    assert sorted(fence for fence, _ in orjson.loads(text)) == list(range(1_500))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)
