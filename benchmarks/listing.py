"""Listing one folder of 200 files in a bucket of 100,000, against the same folder in a bucket of 1,000."""

from __future__ import annotations

import asyncio
import statistics
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, text

from benchmarks import load
from benchmarks.figures import Figure
from benchmarks.target import Target
from toolcrib.documents.models import File, FileStatus, Folder, Version, VersionStatus, new_id
from toolcrib.documents.paths import Bucket, Place
from toolcrib.kernel.database import Database, take_write_lock

ROUNDS = 7
REQUESTS = 60
IN_FOLDER = 200
SMALL, LARGE = 1_000, 100_000
CHUNK = 5_000

Row = dict[str, Any]


def run(target: Target, database: str) -> list[Figure]:
    # Two projects nobody registered: open to whoever is signed in.
    buckets = {files: Bucket("projects", str(uuid4())) for files in (SMALL, LARGE)}
    for files, bucket in buckets.items():
        asyncio.run(_fill(target.database_url, bucket, files))
    return [
        _figure(target, database, buckets, "/list", f"limit={IN_FOLDER}"),
        _figure(target, database, buckets, "/folders"),
    ]


def _figure(target: Target, database: str, buckets: dict[int, Bucket], route: str, query: str = "") -> Figure:
    def seconds(files: int) -> float:
        last = _folder(files // IN_FOLDER - 1)
        path = f"/api/storage{route}?bucket=projects&id={buckets[files].id}&path={last}&{query}"
        headers = {"Authorization": f"Bearer {target.token}"}
        report = load.run(
            load.Order(target.port, path=path, headers=headers, connections=1, requests=REQUESTS)
        )
        if report.statuses != {"200": REQUESTS}:
            raise RuntimeError(f"not every list came: {report.statuses}")
        return report.p50_ms / 1000

    for files in buckets:
        seconds(files)  # warm
    times: dict[int, list[float]] = {files: [] for files in buckets}
    for _ in range(ROUNDS):
        for files in buckets:
            times[files].append(seconds(files))
    ratios = [large / small for small, large in zip(times[SMALL], times[LARGE], strict=True)]
    return Figure(
        f"GET {route} of a folder of {IN_FOLDER}, {database}: time in a bucket of {LARGE:,} against {SMALL:,}",
        statistics.median(ratios),
        "×",
        aim=2,
        better="lower",
        detail={
            "rounds": [round(each, 2) for each in ratios],
            **{f"ms_of_{files}": [round(each * 1000, 2) for each in times[files]] for files in buckets},
        },
    )


# The rows of uploads, without the uploads


async def _fill(url: str, bucket: Bucket, files: int) -> None:
    database = Database(url)
    now = datetime.now(UTC)
    try:
        async with database.write() as session:
            connection = await take_write_lock(session)
            folders = [_folder_row(bucket, number, now) for number in range(files // IN_FOLDER)]
            await session.execute(insert(Folder), folders)
            for first in range(0, files, CHUNK):
                rows = [_rows(bucket, number, now) for number in range(first, min(first + CHUNK, files))]
                await session.execute(insert(File), [file for file, _ in rows])
                await session.execute(insert(Version), [version for _, version in rows])
            if connection.dialect.name == "postgresql":
                await session.execute(text("ANALYZE"))  # what its autovacuum does a minute later
    finally:
        await database.close()


def _folder(number: int) -> str:
    return f"folder-{number:04}"


def _folder_row(bucket: Bucket, number: int, now: datetime) -> Row:
    place = Place(bucket, _folder(number))
    return {
        "id": new_id(),
        "bucket_type": bucket.type,
        "bucket_id": bucket.id,
        "path": place.path,
        "location": place.location,
        "parent": place.parent.location,
        "name": place.name,
        "created_at": now,
    }


def _rows(bucket: Bucket, number: int, now: datetime) -> tuple[Row, Row]:
    return rows_of_file(Place(bucket, f"{_folder(number // IN_FOLDER)}/part-{number:06}.step"), now)


def rows_of_file(place: Place, now: datetime) -> tuple[Row, Row]:
    """A file as an upload leaves it, and its version."""
    bucket = place.bucket
    file_id, version_id = new_id(), new_id()
    both: Row = {"size": 5, "mime_type": "model/step", "created_at": now, "updated_at": now}
    file: Row = both | {
        "id": file_id,
        "bucket_type": bucket.type,
        "bucket_id": bucket.id,
        "logical_path": place.path,
        "location": place.location,
        "folder": place.parent.location,
        "name": place.name,
        "filename": place.name,
        "owner_id": new_id(),
        "status": FileStatus.VALIDATED,
        "settled_status": FileStatus.VALIDATED,
        "current_version_id": version_id,
        "version_number": 1,
        "tags": {},
    }
    version: Row = both | {
        "id": version_id,
        "file_id": file_id,
        "version_number": 1,
        "blob_id": 1,
        "object_key": "blobs/00/" + "0" * 32,
        "checksum": "0" * 64,
        "status": VersionStatus.DRAFT,
        "created_by": file["owner_id"],
    }
    return file, version
