"""Properties that WebDAV clients set on files and folders: XML that we store unread (RFC 4918: dead properties)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import FileNotFound
from toolcrib.documents.models import File, Folder, Property
from toolcrib.documents.paths import Place
from toolcrib.documents.service.locks import refuse_held_folder, refuse_others_lock
from toolcrib.documents.service.lookup import Documents, still
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.problems import Problem

NAME_BYTES = 1_024
MOST = 200
# Limits for all properties of one file or folder together.
TOTAL_BYTES = 65_536
# Stop reading the properties of a folder's members at this size: that of about a hundred full members.
READ_BYTES = 8_388_608
CHUNK = 100
# Times and attributes that Windows and WebDrive set beside the content they have just sent. They describe that content
# and no later one.
OF_VERSIONS = tuple(
    [
        f"{{urn:schemas-microsoft-com:}}Win32{name}"
        for name in ("CreationTime", "LastAccessTime", "LastModifiedTime", "FileAttributes")
    ]
    + [
        f"{{http://www.southrivertech.com/}}srt_{name}"
        for name in ("creationtime", "lastaccesstime", "modifiedtime", "proptimestamp")
    ]
)


class TooManyProperties(Problem):
    """A file or folder may not have so many properties, or such large ones."""

    code, status = "too_many_properties", 507


async def properties_of(
    session: AsyncSession, resources: Sequence[str], names: Collection[str] | None = None
) -> dict[str, dict[str, str]]:
    """Return {resource: {name: value}}, with `names` only those.

    Resources without properties are left out, and so are the last ones once READ_BYTES have been read.
    """
    found: dict[str, dict[str, str]] = {}
    if names is not None and not names:
        return found
    read = 0
    for start in range(0, len(resources), CHUNK):
        query = select(Property.resource, Property.name, Property.value).where(
            Property.resource.in_(resources[start : start + CHUNK])
        )
        if names is not None:
            query = query.where(Property.digest.in_([_digest(name) for name in names]))
        for resource, name, value in await session.execute(query):
            found.setdefault(resource, {})[name] = value
            read += len(name) + len(value)
        if read > READ_BYTES:
            break
    return found


def check_property(name: str, value: str | None) -> None:
    """Check the size of a property.

    Raises:
        TooManyProperties: the name or the value is too long (507).
    """
    if len(name.encode()) > NAME_BYTES or len((value or "").encode()) > TOTAL_BYTES:
        raise TooManyProperties(
            f"A property may have at most {TOTAL_BYTES} bytes, its name at most {NAME_BYTES}."
        )


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
    """Set properties of `file` or of the folder at `place`; None removes one.

    Raises:
        FileNotFound: it was removed meanwhile (404).
        FileLocked: somebody else holds it (409).
        TooManyProperties: (507); nothing is changed.
    """
    if len(changes) > MOST:
        raise TooManyProperties(f"A file may have at most {MOST} properties.")
    for name, value in changes.items():
        check_property(name, value)
    right = await docs.access.require(caller, place.bucket, "write", path=place.path)
    async with docs.kernel.database.write() as session:
        await take_write_lock(session)
        if file is not None:
            file = await still(session, file.id, archived=False)
            await refuse_others_lock(session, caller, file, right, now=now)
        else:
            if place.path and await session.get(Folder, resource) is None:
                raise FileNotFound("There is no such folder.")
            await refuse_held_folder(session, caller, place, right, now=now)
        await _replace(session, resource, changes)
        written = (await properties_of(session, [resource])).get(resource, {})
        size = sum(len(name.encode()) + len(value.encode()) for name, value in written.items())
        if len(written) > MOST or size > TOTAL_BYTES:
            raise TooManyProperties(f"A file may have at most {MOST} properties, {TOTAL_BYTES} bytes in all.")


async def copy_properties(session: AsyncSession, source: str, target: str, *, over: bool = False) -> None:
    """Replace the properties of `target` by those of `source`; with `over`, those of the same name only."""
    values = (await properties_of(session, [source])).get(source, {})
    if not over:
        await forget_properties(session, target)
    await _replace(session, target, values)


async def forget_properties(
    session: AsyncSession, resource: str, names: Collection[str] | None = None
) -> None:
    """Delete the properties of `resource`, with `names` only those."""
    gone = delete(Property).where(Property.resource == resource)
    if names is not None:
        gone = gone.where(Property.digest.in_([_digest(name) for name in names]))
    await session.execute(gone)


async def _replace(session: AsyncSession, resource: str, changes: Mapping[str, str | None]) -> None:
    digests = {name: _digest(name) for name in changes}
    if digests:
        await session.execute(
            delete(Property).where(Property.resource == resource, Property.digest.in_(list(digests.values())))
        )
    for name, value in changes.items():
        if value is not None:
            session.add(Property(resource=resource, digest=digests[name], name=name, value=value))
    await session.flush()


def _digest(name: str) -> str:
    return blake2b(name.encode(), digest_size=20).hexdigest()
