"""Old events, moved out of the log into files (EVENTS_KEEP_DAYS).

A file holds events of one day as JSON lines, compressed, in the file store; a row of `event_archives` names it. Events
move a few at a time: the file is stored and synced, then one transaction adds its row and deletes its events. So each
event is in the log or in a file at any moment, whatever is interrupted; a file without a row is garbage that the
store's sweep removes.

These stay in the log: what happened to a claim that is still held, since it was acquired; and the newest event of each
kind, by which lists of claims are known to be unchanged. Versions of documents need none: their rows say all. Damaged
events stay as well, so that nothing of them is lost.
"""

from __future__ import annotations

import asyncio
import gzip
import io
import zlib
from collections.abc import AsyncIterator, Callable, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson
import structlog
from sqlalchemy import Column, Table, delete, exists, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.blobs.problems import BlobMissing
from toolcrib.kernel.blobs.registry import refuse_pending_deletion
from toolcrib.kernel.claims.models import claims
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.events import log as event_log
from toolcrib.kernel.events.writer import Event, events
from toolcrib.kernel.jobs import Job
from toolcrib.kernel.stored_json import is_damaged
from toolcrib.kernel.tables import Base, BigId, UtcDateTime, exact_string

log = structlog.get_logger()

NAME = "events.archive"
# So many events move at once: deleting them holds the write lock for a few milliseconds.
STEP = 1_000
MAX_FILE_BYTES = 2**30
MAX_LINE_BYTES = 2**26
_TEXTS = ("at", "verb", "kind", "scope", "key")
# Of the time, the job works at most a fifth.
REST = 4.0

event_archives = Table(
    "event_archives",
    Base.metadata,
    Column("last_seq", BigId, primary_key=True, autoincrement=False),
    Column("first_seq", BigId, nullable=False),
    Column("first_at", UtcDateTime(), nullable=False),
    Column("last_at", UtcDateTime(), nullable=False),
    Column("events", BigId, nullable=False),
    Column("name", exact_string(100), nullable=False),
    Column("key", exact_string(64), nullable=False, unique=True),
)

# Who did anything in which project, of what was moved: names that others used stay closed.
archived_actors = Table(
    "archived_actors",
    Base.metadata,
    Column("scope", exact_string(300), primary_key=True),
    Column("actor", exact_string(255), primary_key=True),
)


@dataclass(frozen=True, slots=True)
class Archive:
    """One file of the file store: the events from `first_seq` to `last_seq`, without those that stayed in the log."""

    first_seq: int
    last_seq: int
    first_at: datetime
    last_at: datetime
    events: int
    name: str
    key: str


async def archive_old(kernel: Kernel, now: datetime, keep_days: int) -> int:
    """Move all events of whole days (UTC) that are longer ago than `keep_days`. Returns how many.

    Events that are too new are stepped over, since a clock may have been wrong for a while; it ends where a whole page
    of STEP events is too new.

    Raises, and what was moved before that is moved:
        MovedMeanwhile: another process is doing it.
        StorageUnavailable: a file cannot be stored now.
        BlobMissing: the store's sweep is about to delete a file, since it was stored so long before its row.
    """
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    before = day - timedelta(days=keep_days)
    loop = asyncio.get_running_loop()
    moved = position = 0
    while True:
        started = loop.time()
        async with kernel.database.read() as session:
            page = await event_log.read_after(session, position, STEP)
            old, following = _one_day(page, before)
            movable = await _movable(session, old)
        if not old:
            break
        if movable:
            await _move(kernel, movable)
            moved += len(movable)
        position = following
        await asyncio.sleep(REST * (loop.time() - started))
    if moved:
        log.info("events_archived", events=moved)
    return moved


def _one_day(page: Sequence[Event], before: datetime) -> tuple[list[Event], int]:
    """The first events of `page` that are of one day, which is over before `before`, without newer ones between them;
    and the number of the last event looked at."""
    found: list[Event] = []
    seen = 0
    for event in page:
        if event.at < before:
            if found and event.at.date() != found[0].at.date():
                break
            found.append(event)
        seen = event.seq
    return found, seen


async def _movable(session: AsyncSession, old: Sequence[Event]) -> list[Event]:
    if not old:
        return []
    held = exists().where(claims.c.digest == events.c.digest, claims.c.fence <= events.c.seq)
    within = events.c.seq.between(old[0].seq, old[-1].seq)
    stay = set(await session.scalars(select(events.c.seq).where(within, held)))
    for kind in {event.kind for event in old}:
        newest = select(func.max(events.c.seq)).where(events.c.kind == kind)
        stay.add((await session.execute(newest)).scalar_one())
    return [
        event for event in old if event.seq not in stay and not is_damaged(event.data, "events", event.seq)
    ]


async def _move(kernel: Kernel, moving: Sequence[Event]) -> None:
    content = await asyncio.to_thread(_packed, moving)
    stored = await kernel.blobs.put(_once(content), max_bytes=MAX_FILE_BYTES, expected_size=len(content))
    first, last = moving[0], moving[-1]
    async with kernel.database.write() as session:
        await refuse_pending_deletion(session, [stored.key])
        numbers = [event.seq for event in moving]
        gone = await session.execute(delete(events).where(events.c.seq.in_(numbers)))
        if gone.rowcount != len(numbers):  # type: ignore[attr-defined]
            # Another process has moved some of them. It is rolled back, and the file is left to the sweep.
            raise MovedMeanwhile(f"events {first.seq} to {last.seq}")
        await session.execute(
            insert(event_archives).values(
                last_seq=last.seq,
                first_seq=first.seq,
                first_at=min(event.at for event in moving),
                last_at=max(event.at for event in moving),
                events=len(moving),
                name=f"events-{first.at:%Y-%m-%d}-{first.seq:012d}.jsonl.gz",
                key=stored.key,
            )
        )
        await _note_actors(session, moving)


class MovedMeanwhile(Exception):
    """Another process moves the same events; this one leaves them to it."""


async def _note_actors(session: AsyncSession, moving: Sequence[Event]) -> None:
    found = {
        (event.scope, event.actor) for event in moving if event.actor and event.scope.startswith("project:")
    }
    if not found:
        return
    scopes = {scope for scope, _ in found}
    known = await session.execute(select(archived_actors).where(archived_actors.c.scope.in_(scopes)))
    found -= {(scope, actor) for scope, actor in known}
    if found:
        rows = [{"scope": scope, "actor": actor} for scope, actor in sorted(found)]
        await session.execute(insert(archived_actors), rows)


def _packed(moving: Sequence[Event]) -> bytes:
    lines = b"".join(orjson.dumps(event.as_dict()) + b"\n" for event in moving)
    return gzip.compress(lines, 6, mtime=0)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


# Reading


async def archived_through(session: AsyncSession) -> int:
    """The number of the newest event that was moved into a file; 0 if none was. Beyond it the log is whole."""
    newest: int | None = (await session.execute(select(func.max(event_archives.c.last_seq)))).scalar_one()
    return newest or 0


async def next_archives(
    session: AsyncSession,
    after: int,
    limit: int,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Archive]:
    """The files that hold events after number `after`, of that time, in the order of their newest events."""
    columns = [event_archives.c[name] for name in Archive.__dataclass_fields__]
    query = select(*columns).where(event_archives.c.last_seq > after).order_by(event_archives.c.last_seq)
    if since is not None:
        query = query.where(event_archives.c.last_at >= since)
    if until is not None:
        query = query.where(event_archives.c.first_at < until)
    return [Archive(*row) for row in await session.execute(query.limit(limit))]


class ArchiveDamaged(Exception):
    """A file of old events is missing, or is not what was stored."""


async def read_archive(kernel: Kernel, archive: Archive) -> bytes:
    """Read a file as it is stored, for `unpack`.

    Raises:
        ArchiveDamaged: the file is missing.
        StorageUnavailable: it cannot be read now (503).
    """
    try:
        return b"".join([block async for block in await kernel.blobs.read(archive.key)])
    except BlobMissing as missing:
        raise _damaged(archive, "missing") from missing


async def unpack(
    archive: Archive, content: bytes, wanted: Callable[[dict[str, object]], bool]
) -> list[dict[str, object]]:
    """Those events of a file's content that are wanted, as the API words them.

    Raises:
        ArchiveDamaged: the content is not what was stored.
    """
    try:
        return await asyncio.to_thread(_unpacked, content, archive.events, wanted)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise _damaged(archive, str(error)) from error


def _damaged(archive: Archive, why: str) -> ArchiveDamaged:
    log.error("event_archive_damaged", name=archive.name, key=archive.key, error=why)
    return ArchiveDamaged(archive.name)


def _unpacked(
    content: bytes, events_stored: int, wanted: Callable[[dict[str, object]], bool]
) -> list[dict[str, object]]:
    found = []
    # Not all at once, since what is damaged may unpack to any size.
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as lines:
        for number in range(events_stored):
            line = lines.readline(MAX_LINE_BYTES)
            if not line.endswith(b"\n"):
                raise ValueError(f"{number} events instead of {events_stored}")
            event = _event(line)
            if wanted(event):
                found.append(event)
        if lines.read(1):
            raise ValueError(f"more than {events_stored} events")
    return found


def _event(line: bytes) -> dict[str, object]:
    """Read one line of a file. Raises ValueError if it is no event."""
    event = orjson.loads(line)
    if (
        not isinstance(event, dict)
        or not isinstance(event.get("seq"), int)
        or not all(isinstance(event.get(name), str) for name in _TEXTS)
        or datetime.fromisoformat(event["at"]).tzinfo is None
    ):
        raise ValueError("a line that is no event")
    return event


async def named(session: AsyncSession, keys: Set[str]) -> set[str]:
    """Those of some keys of the file store that are files of events: the store's sweep lets them be."""
    return set(await session.scalars(select(event_archives.c.key).where(event_archives.c.key.in_(keys))))


async def _run(kernel: Kernel, now: datetime) -> None:
    try:
        if keep_days := kernel.settings.events_keep_days:
            await archive_old(kernel, now, keep_days)
    except MovedMeanwhile as other:
        log.info("events_archived_elsewhere", events=str(other))
    except BlobMissing as late:
        log.warning("events_archived_too_slowly", error=late.detail)  # the next run stores the file again
    finally:
        await kernel.database.give_back_pages()


JOB = Job(NAME, _run, every=timedelta(hours=1), limit=timedelta(hours=1))
