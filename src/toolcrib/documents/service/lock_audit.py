"""Audit lines about locks. Only the claim hook writes them, so every way of changing a lock is recorded."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Connection, Table, insert, select, update

from toolcrib.documents.audit import Act, shortened
from toolcrib.documents.models import AuditEntry, File
from toolcrib.documents.service.locks import FOLDER
from toolcrib.kernel.claims.changes import Change
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.requester import Requester

# The cause of a change that no person requested, by its event's verb.
CAUSES = {"expired": "expired", "acquired": "queue", "renewed": "outage"}

_audit, _file = cast("Table", AuditEntry.__table__), cast("Table", File.__table__)


def record_change(connection: Connection, change: Change) -> None:
    """Write the audit line of one change of a lock.

    Actions are those of the contract (section 12): a lock that is transferred or renewed is a `lock` whose
    `details.action` says so. A change that no person requested has the holder as its user, and a `details.cause`.
    """
    claim, verb = change.claim, change.event.verb
    folder = claim.key.startswith(FOLDER)
    if verb == "renewed" and (folder or _tokens_alone(change)):
        return  # for folders only locking and unlocking is recorded, not changes of a program's tokens
    file = None if folder else _file_of(connection, claim.key)
    if file is not None and file.is_litter:
        return
    action, details = _told(change)
    if change.by is None:
        details["cause"] = CAUSES.get(verb, "server")
    user = change.by or Requester(claim.holder, claim.holder_uuid)
    if user.uuid != claim.holder_uuid:
        details["holder"] = claim.holder
    row = {
        "file_id": None if folder else claim.key,
        "version_id": None,
        "address": claim.label
        if file is None
        else f"/{file.bucket_type}/{file.bucket_id}/{file.logical_path}",
        "action": action,
        "user_id": user.uuid,
        "username": user.username,
        "details": details,
        "ip_address": shortened(user.ip_address, 64),
        "user_agent": shortened(user.user_agent, 512),
        "created_at": change.event.at,
    }
    if verb == "renewed" and claim.heartbeat and _add_to_last(connection, row):
        return
    connection.execute(insert(_audit), [row])


def _told(change: Change) -> tuple[Act, dict[str, Any]]:
    claim, verb = change.claim, change.event.verb
    if verb == "acquired":
        return "lock", {"action": "lock", "lock_type": claim.data.get("lock_type"), "fence": claim.fence}
    if verb == "renewed":
        until = iso_format(claim.expires_at) if claim.expires_at else None
        return "lock", {"action": "renew", "fence": claim.fence, "expires_at": until}
    if verb == "transferred":
        details = {"action": "transfer", "fence": claim.fence, "to": claim.holder, "comment": change.reason}
        return "lock", {**details, "from": change.before.holder if change.before else None}
    forced = verb == "force_released"
    return "unlock", {"action": "unlock", "fence": claim.fence, "force": forced, "reason": change.reason}


def _tokens_alone(change: Change) -> bool:
    """Return whether only the WebDAV tokens of a lock changed."""
    before, after = change.before, change.after
    if before is None or after is None:
        return False
    return before.data != after.data and before.expires_at == after.expires_at


def _file_of(connection: Connection, file_id: str) -> Any:
    """Return the row with where the file is now, and whether it is programs' litter; None if there is none."""
    columns = _file.c.bucket_type, _file.c.bucket_id, _file.c.logical_path, _file.c.is_litter
    return connection.execute(select(*columns).where(_file.c.id == file_id)).first()


def _add_to_last(connection: Connection, row: dict[str, Any]) -> bool:
    """Count a heartbeat's renewal on the file's newest line if that is a renewal of the same lock, since programs renew
    every few minutes. The line keeps the time of the first renewal."""
    same = ("action", "user_id", "username", "ip_address", "user_agent")
    columns = [_audit.c.id, _audit.c.details, *(_audit.c[name] for name in same)]
    query = select(*columns).where(_audit.c.file_id == row["file_id"]).order_by(_audit.c.id.desc()).limit(1)
    last = connection.execute(query).first()
    if last is None or any(getattr(last, name) != row[name] for name in same):
        return False
    details, now = last.details, row["details"]
    if any(details.get(name) != now.get(name) for name in ("action", "fence", "cause")):
        return False
    times = {"times": details.get("times", 1) + 1, "last_at": iso_format(row["created_at"])}
    changed = update(_audit).where(_audit.c.id == last.id).values(details={**details, **now, **times})
    connection.execute(changed)
    return True
