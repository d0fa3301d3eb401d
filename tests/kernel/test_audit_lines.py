"""Audit lines are written once, although the database's answer to their commit is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, event, func, select

from toolcrib.documents.models import AuditEntry

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]


@pytest.mark.every_database
async def test_a_line_whose_commit_was_not_answered_is_written_once(
    app_server: Start, database_url: str
) -> None:
    crib = await app_server(database_url=database_url)
    ann = await crib.user("ann")
    engine = crib.kernel.database.writes.sync_engine
    lost = 0

    def lose_the_answer(connection: Connection) -> None:
        """Commit what there is, and fail as if nobody had said so."""
        nonlocal lost
        written = connection.info.pop("audit", False)
        if written and lost < 2:
            lost += 1
            dbapi: Any = connection.connection
            dbapi.commit()
            raise ConnectionResetError

    def note(connection: Connection, _cursor: Any, sql: str, *_: Any) -> None:
        if sql.lstrip().upper().startswith("INSERT INTO DOCUMENT_AUDIT"):
            connection.info["audit"] = True

    event.listen(engine, "commit", lose_the_answer)
    event.listen(engine, "before_cursor_execute", note)
    place = {"bucket": "users", "id": "00000000-0000-4000-8000-000000000000", "path": "a.txt"}
    for _ in range(3):
        answer = await ann.get("/api/storage/metadata", params=place)
        assert answer.status_code == 403
    await crib.kernel.audit_lines.close()
    assert lost
    assert crib.kernel.audit_lines.lost == 0
    async with crib.kernel.database.connection() as connection:
        count = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "access_denied")
        assert (await connection.execute(count)).scalar_one() == 3
