"""Find what the log has about a path, also what was recorded when spellings were compared as they were written."""

from __future__ import annotations

import unicodedata

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims.models import Ref, earlier_digest
from toolcrib.kernel.events.writer import event_keys, events
from toolcrib.kernel.identity.principal import Principal


async def digests(session: AsyncSession, me: Principal, target: Ref) -> set[str]:
    """Return the digests under which events about `target` were recorded: those of its path, composed or not, in its
    project, in whatever case the project's name was written. A name that another registered project has is not one of
    them."""
    spellings = {unicodedata.normalize(form, target.key) for form in ("NFC", "NFD")} | {target.key}
    dialect = session.get_bind().dialect.name
    alike = select(events.c.scope, events.c.key).where(
        or_(*(event_keys.equals(key, dialect) for key in spellings)),
        events.c.kind == target.kind,
        func.lower(events.c.scope) == target.scope.lower(),
    )
    found = {target.digest, earlier_digest(target.kind, target.scope, target.key)}
    for scope, key in await session.execute(alike.distinct()):
        if scope == target.scope or scope.removeprefix("project:") not in me.projects:
            found |= {Ref(target.kind, scope, key).digest, earlier_digest(target.kind, scope, key)}
    return found
