"""What WebDAV clients write about files and folders, as XML we do not understand (RFC 4918: dead properties)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.caller import Caller
from toolcrib.documents.models import File, Property
from toolcrib.documents.paths import Place
from toolcrib.documents.service.locks import refuse_held_folder, refuse_others_lock
from toolcrib.documents.service.parts import Documents
from toolcrib.kernel.problems import Problem

VALUE_BYTES = 65_536
NAME_BYTES = 1_024
MOST = 200
CHUNK = 1_000


class TooManyProperties(Problem):
    """More, or larger, than a file may carry."""

    code, status = "too_many_properties", 507


async def properties_of(session: AsyncSession, resources: Sequence[str]) -> dict[str, dict[str, str]]:
    """Values by name, by resource; resources without any are left out."""
    found: dict[str, dict[str, str]] = {}
    for start in range(0, len(resources), CHUNK):
        query = select(Property).where(Property.resource.in_(resources[start : start + CHUNK]))
        for each in (await session.execute(query)).scalars():
            found.setdefault(each.resource, {})[each.name] = each.value
    return found


def check_property(name: str, value: str | None) -> None:
    """Raises:
    TooManyProperties: longer than what is kept (507).
    """
    if len(name.encode()) > NAME_BYTES or len((value or "").encode()) > VALUE_BYTES:
        raise TooManyProperties(f"A property may have {VALUE_BYTES} bytes, its name {NAME_BYTES}.")


async def write_properties(
    docs: Documents,
    caller: Caller,
    place: Place,
    file: File | None,
    resource: str,
    changes: Mapping[str, str | None],
    *,
    now: datetime,
) -> None:
    """Set properties of `file` or of the folder at `place`; None takes one away.

    Raises:
        FileLocked: somebody else holds it (409).
        TooManyProperties: (507); nothing is changed.
    """
    if len(changes) > MOST:
        raise TooManyProperties(f"A file may have {MOST} properties.")
    for name, value in changes.items():
        check_property(name, value)
    right = await docs.access.require(caller, place.bucket, "write", path=place.path)
    async with docs.kernel.database.write() as session:
        await session.connection()
        if file is not None:
            await refuse_others_lock(session, caller, file, right, now=now)
        else:
            await refuse_held_folder(session, caller, place, right, now=now)
        await _replace(session, resource, changes)
        count = select(Property.digest).where(Property.resource == resource).limit(MOST + 1)
        if len((await session.execute(count)).all()) > MOST:
            raise TooManyProperties(f"A file may have {MOST} properties.")


async def copy_properties(session: AsyncSession, source: str, target: str) -> None:
    """Make `target` carry what `source` carries, and nothing else."""
    values = (await properties_of(session, [source])).get(source, {})
    await forget_properties(session, target)
    await _replace(session, target, values)


async def forget_properties(session: AsyncSession, resource: str) -> None:
    await session.execute(delete(Property).where(Property.resource == resource))


async def _replace(session: AsyncSession, resource: str, changes: Mapping[str, str | None]) -> None:
    digests = {name: blake2b(name.encode(), digest_size=20).hexdigest() for name in changes}
    if digests:
        await session.execute(
            delete(Property).where(Property.resource == resource, Property.digest.in_(list(digests.values())))
        )
    for name, value in changes.items():
        if value is not None:
            session.add(Property(resource=resource, digest=digests[name], name=name, value=value))
    await session.flush()
