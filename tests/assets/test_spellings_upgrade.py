"""Locks from releases that compared paths as they were written: all are kept, and clashes among them are told."""

from __future__ import annotations

import shutil
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from tests.clock import FakeClock
from tests.servers.databases import Database as Given
from toolcrib.kernel import migrate
from toolcrib.kernel.claims import clashes
from toolcrib.kernel.claims.models import Ref, claim_waiters, claims, earlier_digest
from toolcrib.kernel.database import Database
from toolcrib.kernel.identity.models import Project
from toolcrib.kernel.identity.principal import Principal
from toolcrib.settings import Settings

NFC = "Art/é.psd"
NFD = unicodedata.normalize("NFD", NFC)


def held(fence: int, key: str, scope: str = "project:default") -> dict[str, Any]:
    now = FakeClock()()
    common = {
        "kind": "asset",
        "holder": f"p{fence}",
        "holder_uuid": f"u{fence}",
        "branch": "main",
        "comment": None,
    }
    times = {"acquired_at": now, "renewed_at": now, "expires_at": None, "heartbeat": False}
    digest = earlier_digest("asset", scope, key)
    return {**common, **times, "digest": digest, "scope": scope, "key": key, "fence": fence, "data": {}}


@pytest.mark.every_database
async def test_the_upgrade_keeps_every_lock_and_tells_of_clashes(
    bare_database: Given, tmp_path: Path
) -> None:
    database = Database(Settings(database_url=bare_database.url).database)
    for file in migrate.OURS.folder.glob("00[0-9][0-9]_*.py"):
        if file.name < "0022":
            shutil.copy(file, tmp_path)
    rows = [
        held(1, "Art/ö.psd"),
        held(2, unicodedata.normalize("NFD", "Art/ü.psd")),
        held(3, NFC),
        held(4, NFD),
        held(5, "Hero.psd"),
        held(6, "hero.PSD"),
        held(7, "a", "project:GEARS"),
        held(8, "b", "project:Gears"),
        held(9, "b", "project:gears"),
    ]
    now = FakeClock()()
    project = {"id": "1", "name": "Gears", "company_id": None, "created_at": now, "deleted_at": None}
    waiting = {"id": "w", "kind": "asset", "scope": "project:default", "key": rows[1]["key"], "data": {}}
    waiting |= {"digest": rows[1]["digest"], "holder": "x", "holder_uuid": "ux", "since": now, "position": 99}
    waiting |= {"take": True, "until": None, "branch": None, "comment": None, "ttl_seconds": None}
    try:
        async with database.writes.connect() as connection:
            await connection.run_sync(migrate.run_migrations, migrate.Branch("", tmp_path))
            await connection.execute(sa.insert(claims), rows)
            await connection.execute(sa.insert(claim_waiters), [waiting])
            projects = sa.table("projects", *(sa.column(name) for name in project))
            types = {name: Project.__table__.c[name].type for name in project}
            values = {name: sa.bindparam(name, value, types[name]) for name, value in project.items()}
            await connection.execute(sa.insert(projects).values(values))
            await connection.commit()
            with capture_logs() as told:
                await connection.run_sync(migrate.run_migrations)
                await connection.commit()
            found = {row.fence: row for row in await connection.execute(sa.select(claims))}
            queue = (await connection.execute(sa.select(claim_waiters.c.digest))).scalar_one()
        async with database.read() as session:
            shown = await clashes.find(session, Principal(1, "r", "root", is_admin=True), now=now)
    finally:
        await database.close()
    assert [found[row["fence"]].key for row in rows] == [row["key"] for row in rows]

    def is_compared_as(fence: int, key: str, scope: str = "project:default") -> bool:
        ref = Ref("asset", scope, key, folds=True)
        row = found[fence]
        return (row.digest, row.folded, row.scope) == (ref.digest, ref.folded, scope)

    assert is_compared_as(1, "Art/ö.psd")
    assert is_compared_as(2, "Art/ü.psd")
    assert queue == found[2].digest
    assert is_compared_as(3, NFC)
    assert found[4].digest == rows[3]["digest"]
    assert found[4].folded == found[3].folded
    assert found[5].folded == found[6].folded
    assert is_compared_as(7, "a", "project:Gears")
    assert is_compared_as(8, "b", "project:Gears")
    assert found[9].scope == "project:gears"
    paths = [line for line in told if line["event"] == "locks_on_one_path"]
    assert [(line["path"], line["fence"]) for line in paths] == [(NFD, 4), ("b", 9)]
    alike = [line["locks"] for line in told if line["event"] == "locks_differ_in_case_only"]
    assert sorted(alike) == sorted(
        [[f"{NFC} (p3)", f"{NFD} (p4)"], ["Hero.psd (p5)", "hero.PSD (p6)"], ["b (p8)", "b (p9)"]]
    )
    told_to_admins = [[f"{claim.key} ({claim.holder})" for claim in group] for group in shown.groups]
    assert sorted(told_to_admins) == sorted(alike)
