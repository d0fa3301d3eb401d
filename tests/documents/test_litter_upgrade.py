"""An upgrade hides the locks that were taken on programs' litter before."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from tests.clock import FakeClock
from tests.servers.databases import Database as Given
from toolcrib.documents.models import File, FileStatus
from toolcrib.documents.paths import Bucket, Place
from toolcrib.documents.service.locks import ref_of
from toolcrib.documents.service.lookup import KIND
from toolcrib.documents.service.names import locate
from toolcrib.kernel import migrate
from toolcrib.kernel.claims.models import Ref, claim_waiters, claims
from toolcrib.kernel.database import Database
from toolcrib.settings import Settings


def a_file(name: str, *, is_litter: bool) -> File:
    now, owner = FakeClock()(), str(uuid4())
    file = File(
        id=str(uuid4()),
        bucket_type="users",
        bucket_id=owner,
        filename=name,
        owner_id=owner,
        status=FileStatus.DRAFT,
        settled_status=FileStatus.DRAFT,
        is_litter=is_litter,
        tags={},
        created_at=now,
        updated_at=now,
    )
    locate(file, Place(Bucket("users", owner), name))
    return file


def held(fence: int, file: File, scope: str) -> dict[str, Any]:
    now, ref = FakeClock()(), Ref(KIND, scope, file.id)
    row = {"digest": ref.digest, "kind": KIND, "scope": scope, "key": file.id, "fence": fence, "data": {}}
    row |= {"holder": "ann", "holder_uuid": "1", "branch": None, "comment": None, "heartbeat": False}
    return row | {"acquired_at": now, "renewed_at": now, "expires_at": None}


def waiting(file: File, scope: str) -> dict[str, Any]:
    now, ref = FakeClock()(), Ref(KIND, scope, file.id)
    row = {"id": str(uuid4()), "digest": ref.digest, "kind": KIND, "scope": scope, "key": file.id}
    return row | {
        "holder": "ben",
        "holder_uuid": "2",
        "since": now,
        "position": 9,
        "take": True,
        "data": {},
    }


@pytest.mark.every_database
async def test_the_upgrade_hides_the_locks_of_litter_alone(bare_database: Given, tmp_path: Path) -> None:
    database = Database(Settings(database_url=bare_database.url).database)
    for revision in migrate.OURS.folder.glob("00[0-9][0-9]_*.py"):
        if revision.name < "0042":
            shutil.copy(revision, tmp_path)
    litter, plan = a_file("~$plan.docx", is_litter=True), a_file("plan.docx", is_litter=False)
    ids, scope = (litter.id, plan.id), "company:1"
    expected = {file.id: (ref_of(file, scope).digest, ref_of(file, scope).scope) for file in (litter, plan)}
    try:
        async with database.writes.connect() as connection:
            await connection.run_sync(migrate.run_migrations, migrate.Branch("", tmp_path))
            await connection.commit()
        rows = [held(1, litter, scope), held(2, plan, scope)], [waiting(litter, scope), waiting(plan, scope)]
        async with database.write() as session:
            session.add_all([litter, plan])
            await session.execute(sa.insert(claims), rows[0])
            await session.execute(sa.insert(claim_waiters), rows[1])
        async with database.writes.connect() as connection:
            await connection.run_sync(migrate.run_migrations, migrate.OURS)
            await connection.commit()
            for table in (claims, claim_waiters):
                query = sa.select(table.c.key, table.c.digest, table.c.scope).where(table.c.key.in_(ids))
                found = {key: (digest, where) for key, digest, where in await connection.execute(query)}
                assert found == expected
    finally:
        await database.close()
