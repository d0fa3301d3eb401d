"""A search from the command line ends, however many documents there are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.servers.many_files import FILES, LARGE, fill
from toolcrib.kernel.database import Database

if TYPE_CHECKING:
    from tests.cli.conftest import Person
    from tests.servers.toolcrib import ToolcribServer


def test_a_search_looks_at_so_many_files_unless_all_are_asked_for(
    server: Callable[..., ToolcribServer], person: Callable[..., Person]
) -> None:
    crib = server()
    ann = person("ann", server=crib)
    asyncio.run(grow(f"sqlite:///{crib.data_dir / 'toolcrib.db'}"))
    place = f"/projects/{LARGE}"
    last = f"{FILES - 1:05}"
    done = ann.run("docs", "find", "none", code=1)
    assert "--all" in done.err
    done = ann.run("docs", "find", "none", "--all", code=1)
    assert "--all" not in done.err
    assert ann.json("docs", "find", last, "--all")[0]["logical_path"] == f"rigs/{last}.blend"
    # The order of ids has nothing to do with that of names: these are at its beginning, all over it, and 50 of many.
    assert ann.run("docs", "find", "00000.blend").out.endswith("rigs/00000.blend\n")
    done = ann.run("docs", "find", "0771")
    assert "--all" in done.err
    assert 0 < len(done.out.splitlines()) < 50
    assert "more words" in ann.run("docs", "find", "blend").err
    assert ann.json("docs", "find", "0771")[0]["bucket_id"] == place.rpartition("/")[2]


async def grow(url: str) -> None:
    database = Database(url)
    try:
        await fill(database, "", datetime.now(UTC))
    finally:
        await database.close()
