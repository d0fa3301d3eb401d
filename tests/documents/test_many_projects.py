"""More registered projects than a statement of any database can name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, insert

from tests.servers.crib import Crib, Person
from toolcrib.kernel.clock import system_clock
from toolcrib.kernel.identity.models import Project

COUNT = 40_000


@pytest.fixture
def many_projects(crib: Crib) -> Iterator[None]:
    """Of nobody."""
    prefix = uuid4().hex
    now = system_clock()
    rows = [{"id": str(uuid4()), "name": f"{prefix}-{number}", "created_at": now} for number in range(COUNT)]

    async def run(statement: Any, rows: list[dict[str, Any]] | None = None) -> None:
        async with crib.app.kernel.database.write() as session:
            await session.execute(statement, rows)

    crib.run(run(insert(Project), rows))
    yield
    crib.run(run(delete(Project).where(Project.name.startswith(prefix))))


@pytest.mark.every_database
def test_searches_and_lists_work(crib: Crib, many_projects: None) -> None:
    ann, ben = crib.person(), crib.person()
    project = crib.project(ann)  # has the server read all names
    word = uuid4().hex
    ann.stored(f"{word}.txt", bucket="projects", owner=project)
    name = next(each["name"] for each in ann.client.get("/api/projects").json())
    locked = ann.client.post("/api/locks", json={"asset_path": word, "branch": "main", "project": name})
    assert locked.status_code == 201, locked.text

    def found(person: Person) -> list[int]:
        search = person.get("/search", q=word)
        claims = person.client.get("/api/claims", params={"q": word})
        events = person.client.get("/api/events", params={"scope": f"project:{name}"})
        assert (search.status_code, claims.status_code) == (200, 200), (search.text, claims.text)
        assert events.status_code == 200, events.text
        return [len(search.json()["files"]), len(claims.json()["claims"]), len(events.json()["events"])]

    assert min(found(ann)) >= 1
    assert min(found(crib.admin())) >= 1
    assert found(ben) == [0, 0, 0]
