"""Record and list who did what to documents. The rows are kept when a document is destroyed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack, cast

from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.caller import Caller
from toolcrib.documents.models import AuditEntry, File
from toolcrib.kernel.audit_lines import AuditLines

Act = Literal[
    "upload",
    "download",
    "copy",
    "move",
    "delete",
    "lock",
    "unlock",
    "validate",
    "approve",
    "reject",
    "restore",
    "metadata",
    "access_denied",
]
SHOWN = 50


class About(TypedDict, total=False):
    """What a row is about: ids of a file and of a version of it, and what else the contract shows."""

    file_id: str | None
    version_id: str | None
    details: dict[str, Any] | None


def record_audit(
    session: AsyncSession,
    caller: Caller,
    action: Act,
    address: str,
    *,
    now: datetime,
    **about: Unpack[About],
) -> None:
    """Add one row, in the caller's transaction."""
    session.add(AuditEntry(**_values(caller, action, address, now, about)))


async def record_reading(
    lines: AuditLines,
    caller: Caller,
    action: Literal["download", "access_denied"],
    address: str,
    *,
    now: datetime,
    **about: Unpack[About],
) -> None:
    """Add one row about something that changed nothing: later, if the database takes no changes now."""
    values = _values(caller, action, address, now, about)
    await lines.write(cast("Table", AuditEntry.__table__), values)


def _values(caller: Caller, action: Act, address: str, now: datetime, about: About) -> dict[str, Any]:
    return {
        **_values_of(caller.me.uuid, caller.me.username, action, address, now, about),
        "ip_address": shortened(caller.ip_address, 64),
        "user_agent": shortened(caller.user_agent, 512),
    }


def _values_of(
    user_id: str, username: str, action: Act, address: str, now: datetime, about: About
) -> dict[str, Any]:
    return {
        "file_id": about.get("file_id"),
        "version_id": about.get("version_id"),
        "address": address,
        "action": action,
        "user_id": user_id,
        "username": username,
        "details": {"action": action, **(about.get("details") or {})},
        "created_at": now,
    }


def record_file_audit(
    session: AsyncSession,
    caller: Caller,
    action: Act,
    file: File,
    *,
    now: datetime,
    version_id: str | None = None,
    **details: Any,
) -> None:
    if file.is_litter:
        return
    record_audit(
        session,
        caller,
        action,
        file.address,
        now=now,
        file_id=file.id,
        version_id=version_id,
        details=details,
    )


def record_later(
    session: AsyncSession,
    user_id: str,
    username: str,
    action: Act,
    file: File,
    *,
    now: datetime,
    **details: Any,
) -> None:
    """Add a row about what the server does to a file some time after a person asked for it."""
    about: About = {"file_id": file.id, "details": details}
    values = _values_of(user_id, username, action, file.address, now, about)
    session.add(AuditEntry(**values, ip_address=None, user_agent=None))


async def entries(session: AsyncSession, file_id: str, limit: int = SHOWN) -> Sequence[AuditEntry]:
    """Return the newest audit rows of a file, newest first."""
    query = (
        select(AuditEntry).where(AuditEntry.file_id == file_id).order_by(AuditEntry.id.desc()).limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def known_at(session: AsyncSession, address: str, limit: int) -> list[str]:
    """Return the ids of the files that something was done to at `address`, the latest first."""
    ids = (
        select(AuditEntry.file_id)
        .where(AuditEntry.address == address, AuditEntry.file_id.is_not(None))
        .group_by(AuditEntry.file_id)
        .order_by(func.max(AuditEntry.id).desc())
        .limit(limit)
    )
    return [str(id_) for id_ in await session.scalars(ids)]


def shortened(text: str | None, length: int) -> str | None:
    return text[:length] if text else None
