"""Describe the findings of a verification with the addresses of documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select

from toolcrib.documents.models import File, Version
from toolcrib.documents.service.lookup import Documents
from toolcrib.documents.service.verifying import Report
from toolcrib.kernel.blobs.models import Blob
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.identity.models import Company, Project, User

BATCH = 500
# How many findings are described, more than a person reads; the report's own lists are complete.
MOST = 10_000

State = Literal["missing", "damaged", "recovered"]
_Row = tuple[Version, File, Blob, str | None]


@dataclass(frozen=True, slots=True)
class Finding:
    """One version with a problem: its content is the object `key` in the store."""

    state: State
    version_id: str
    file_id: str
    bucket_type: str
    bucket_id: str
    bucket_name: str | None
    logical_path: str
    address: str
    version_number: int
    is_current: bool
    is_archived: bool
    size: int
    checksum: str
    created_by: str
    created_by_name: str | None
    created_at: datetime
    key: str

    def as_dict(self) -> dict[str, object]:
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {**fields, "created_at": iso_format(self.created_at)}


async def explain(docs: Documents, report: Report) -> list[Finding]:
    """Return the versions that a report names, by state and address, without those destroyed since."""
    found: list[Finding] = []
    named: tuple[tuple[State, list[str]], ...] = (
        ("missing", report.missing),
        ("damaged", report.damaged),
        ("recovered", report.recovered),
    )
    for state, ids in named:
        rows = await _rows(docs, ids[: MOST - len(found)])
        names = await _bucket_names(docs, {(file.bucket_type, file.bucket_id) for _, file, _, _ in rows})
        found += sorted(
            (_finding(state, row, names) for row in rows),
            key=lambda each: (each.address, each.version_number),
        )
    return found


async def _rows(docs: Documents, ids: Sequence[str]) -> list[_Row]:
    found: list[_Row] = []
    for start in range(0, len(ids), BATCH):
        query = (
            select(Version, File, Blob, User.username)
            .join(File, File.id == Version.file_id)
            .join(Blob, Blob.id == Version.blob_id)
            .outerjoin(User, User.uuid == Version.created_by)
            .where(Version.id.in_(ids[start : start + BATCH]))
        )
        async with docs.kernel.database.read() as session:
            rows = await session.execute(query)
            found += [(version, file, blob, name) for version, file, blob, name in rows]
    return found


async def _bucket_names(docs: Documents, buckets: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the names of these buckets' owners."""
    found: dict[tuple[str, str], str] = {}
    kinds: tuple[tuple[str, Any, Any], ...] = (
        ("users", User.uuid, User.username),
        ("companies", Company.id, Company.name),
        ("projects", Project.id, Project.name),
    )
    for bucket_type, key, name in kinds:
        ids = sorted(id_ for type_, id_ in buckets if type_ == bucket_type)
        for start in range(0, len(ids), BATCH):
            async with docs.kernel.database.read() as session:
                rows = await session.execute(select(key, name).where(key.in_(ids[start : start + BATCH])))
                found |= {(bucket_type, id_): called for id_, called in rows}
    return found


def _finding(state: State, row: _Row, names: dict[tuple[str, str], str]) -> Finding:
    version, file, blob, username = row
    return Finding(
        state=state,
        version_id=version.id,
        file_id=file.id,
        bucket_type=file.bucket_type,
        bucket_id=file.bucket_id,
        bucket_name=names.get((file.bucket_type, file.bucket_id)),
        logical_path=file.logical_path,
        address=file.address,
        version_number=version.version_number,
        is_current=file.current_version_id == version.id,
        is_archived=file.is_archived,
        size=version.size,
        checksum=version.checksum,
        created_by=version.created_by,
        created_by_name=username,
        created_at=version.created_at,
        key=blob.key,
    )
