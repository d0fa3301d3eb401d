"""An upgrade lets existing projects warn, and finds existing paths in every case."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from tests.clock import FakeClock
from tests.servers.databases import Database as Given
from toolcrib.documents.models import Folder, folded_location, location_of
from toolcrib.kernel import migrate
from toolcrib.kernel.database import Database
from toolcrib.kernel.identity.models import Project
from toolcrib.kernel.identity.rights import read_registry
from toolcrib.settings import Settings


@pytest.mark.every_database
async def test_the_upgrade_folds_all_paths(bare_database: Given, tmp_path: Path) -> None:
    database = Database(Settings(database_url=bare_database.url).database)
    for file in migrate.OURS.folder.glob("00[0-9][0-9]_*.py"):
        if file.name < "0026":
            shutil.copy(file, tmp_path)
    now, owner = FakeClock()(), str(uuid4())
    folders = [
        {
            "id": str(uuid4()),
            "bucket_type": "users",
            "bucket_id": owner,
            "path": f"Ä{number}",
            "location": location_of("users", owner, f"Ä{number}"),
            "parent": location_of("users", owner, ""),
            "name": f"Ä{number}",
            "created_at": now,
        }
        for number in range(1_001)
    ]
    project = {"id": "1", "name": "Gears", "created_at": now}
    try:
        async with database.writes.connect() as connection:
            await connection.run_sync(migrate.run_migrations, migrate.Branch("", tmp_path))
            await connection.execute(sa.insert(Folder), folders)
            await connection.execute(sa.insert(Project), [project])
            await connection.commit()
            await connection.run_sync(migrate.run_migrations, migrate.OURS)
        async with database.read() as session:
            found = dict((await session.execute(sa.select(Folder.path, Folder.folded))).all())
            assert (await read_registry(session)).windows_names == {}
        assert found == {
            folder["path"]: folded_location("users", owner, str(folder["path"]).lower()) for folder in folders
        }
    finally:
        await database.close()
