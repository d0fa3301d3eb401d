"""What every fresh database begins as: migrated, and, unless a test wants it new, with one start behind it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from tests.servers.databases import now

State = Literal["bare", "migrated", "started"]
"""`bare` has no tables. `migrated` has no rows but those of the migrations. `started` has seen a server start: the
first administrator is there and no periodic job is due, so that a start hashes nothing and runs nothing."""

LEEWAY = timedelta(seconds=4)


@dataclass(frozen=True)
class Template:
    """How long after a start each periodic job is due."""

    due_after: dict[str, timedelta]

    def restamp(self) -> str:
        """The statement that makes a copy one of this moment."""
        # A little before it, or the clocks of tests, which leave out fractions of a second and are made before the
        # database is, would be behind it: a server whose jobs seem to lie too far ahead writes new times for all of
        # them. Less than the shortest interval, which is 5 s.
        start = (datetime.now(UTC) - LEEWAY).replace(tzinfo=None)
        cases = " ".join(f"WHEN '{name}' THEN '{start + after}'" for name, after in self.due_after.items())
        return (
            f"UPDATE schedule SET next_at = CAST(CASE name {cases} END AS {{moment}}), "
            f"last_finished_at = CAST('{start}' AS {{moment}})"
        )


def migrate(url: str) -> None:
    """Bring a database to the newest schema."""
    import toolcrib.server  # noqa: F401, PLC0415 - a new database gets the tables of the modules that are loaded
    from toolcrib.kernel.database import Database  # noqa: PLC0415 - most of the server
    from toolcrib.kernel.migrate import upgrade  # noqa: PLC0415
    from toolcrib.settings import Settings  # noqa: PLC0415

    async def run() -> None:
        database = Database(Settings(database_url=url).database)
        await upgrade(database)
        await database.close()

    now(run)


def start_once(url: str) -> Template:
    """Start a server on a migrated database, let the jobs have their first turn, and stop it."""
    from sqlalchemy import select  # noqa: PLC0415

    from tests.clock import FakeClock  # noqa: PLC0415
    from tests.servers.inprocess import AppServer  # noqa: PLC0415 - the whole server
    from toolcrib.kernel.jobs import schedule  # noqa: PLC0415

    async def run() -> Template:
        clock = FakeClock()
        with tempfile.TemporaryDirectory(prefix="toolcrib-template-") as folder:
            server = await AppServer.start(Path(folder), clock, database_url=url)
            await server.kernel.jobs.run_due()
            async with server.kernel.database.connection() as connection:
                rows = await connection.execute(select(schedule.c.name, schedule.c.next_at))
                due_after = {name: next_at - clock() for name, next_at in rows}
            await server.stop()
        return Template(due_after)

    return now(run)
