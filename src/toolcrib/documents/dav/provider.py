"""Find the resource at an address below `/dav`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from wsgidav.dav_provider import DAVProvider

from toolcrib.documents.dav.request import WebDAVRequest, request_of
from toolcrib.documents.dav.resources import FileResource, FolderResource, ListingResource
from toolcrib.documents.errors import ValidationFailed
from toolcrib.documents.models import File, Folder
from toolcrib.documents.paths import BUCKETS, Bucket, Place, as_uuid, normalise
from toolcrib.documents.service.folders import folder_at
from toolcrib.documents.service.lookup import at
from toolcrib.documents.service.used_buckets import used_buckets
from toolcrib.kernel.access import project_called
from toolcrib.kernel.identity.models import Company, Project
from toolcrib.kernel.identity.principal import AccessDenied

ME = "me"
LISTED = 2_000


class Provider(DAVProvider):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.share_path = ""
        self.verbose = 0  # otherwise WsgiDAV prints tracebacks
        self.lock_manager = True  # WsgiDAV only tests that there is one; `locking.py` implements locks

    def get_resource_inst(self, path: str, environ: dict[str, Any]) -> Any:
        """Return the resource at `path`, or None.

        Raises:
            AccessDenied: the caller may not read the bucket, whether or not the resource exists (403).
        """
        dav = request_of(environ)
        kind, owner = [*path.strip("/").split("/", 2), ""][:2]
        if not kind:
            return ListingResource(
                "/", environ, [self._bucket_list(name, environ) for name in sorted(BUCKETS)]
            )
        if kind not in BUCKETS:
            return None
        if not owner:
            return ListingResource(f"/{kind}/", environ, self._buckets(kind, environ))
        place = place_of_path(dav, path)
        dav.right(place.bucket, "read")
        if not place.path:
            return FolderResource(f"/{kind}/{owner}/", environ, place, None, self._title(dav, place))
        clean = f"/{kind}/{owner}/{place.path}"
        found = dav.run(_look_up(dav, place))
        if isinstance(found, File):
            return FileResource(clean, environ, place, found)
        if isinstance(found, Folder):
            return FolderResource(clean + "/", environ, place, found)
        return None

    def _bucket_list(self, kind: str, environ: dict[str, Any]) -> ListingResource:
        return ListingResource(f"/{kind}/", environ, [])

    def _buckets(self, kind: str, environ: dict[str, Any]) -> list[FolderResource]:
        dav = request_of(environ)
        named = dav.run(_buckets(dav, kind))
        found = [
            FolderResource(f"/{kind}/{name}/", environ, Place(Bucket(kind, id_), ""), None, title)
            for name, id_, title in named
        ]
        for each in found:
            each.preload([], {})  # there may be thousands of buckets: do not query each
        return found

    def _title(self, dav: WebDAVRequest, place: Place) -> str | None:
        return dav.run(_title(dav, place.bucket))


def place_of_path(dav: WebDAVRequest, path: str) -> Place:
    """Return the place that a decoded path below the mount names.

    Raises:
        AccessDenied: the path is not inside a bucket, or names a bucket that does not exist, or a project that the
            caller may not read (403).
    """
    kind, owner, *rest = [*path.strip("/").split("/", 2), "", ""][:3]
    if kind not in BUCKETS or not owner:
        raise AccessDenied("The only folders here are users, companies and projects.")
    return Place(Bucket(kind, _owner_id(dav, kind, owner)), normalise(rest[0], root_ok=True))


def _owner_id(dav: WebDAVRequest, kind: str, owner: str) -> str:
    if kind == "users" and owner == ME:
        return dav.caller.me.uuid
    try:
        return as_uuid(owner, "path")
    except ValidationFailed:
        return _id_of_name(dav, kind, owner)


def _id_of_name(dav: WebDAVRequest, kind: str, name: str) -> str:
    """Return the id of the bucket called `name`. Every refusal is the same, so that strangers learn neither the id of
    a project nor whether it exists."""
    # Nobody has a right in a bucket whose id is empty.
    found = dav.run(_project_id(dav, name)) if kind == "projects" else ""
    try:
        dav.right(Bucket(kind, found), "read")
    except AccessDenied:  # the audit has recorded which bucket it was
        raise AccessDenied(f"You have no right in {kind}/{name}.") from None
    return found


async def _project_id(dav: WebDAVRequest, name: str) -> str:
    async with dav.docs.kernel.database.read() as session:
        project = await session.scalar(project_called(name))
    return project.id if project is not None else ""


async def _look_up(dav: WebDAVRequest, place: Place) -> File | Folder | None:
    async with dav.docs.kernel.database.read() as session:
        file = await at(session, place)
        if file is not None and not file.is_archived:
            return file
        return await folder_at(session, place)


async def _title(dav: WebDAVRequest, bucket: Bucket) -> str | None:
    if bucket.type == "users":
        return dav.caller.me.username if bucket.id == dav.caller.me.uuid else None
    table = Company if bucket.type == "companies" else Project
    async with dav.docs.kernel.database.read() as session:
        return (await session.execute(select(table.name).where(table.id == bucket.id))).scalar_one_or_none()


async def _buckets(dav: WebDAVRequest, kind: str) -> list[tuple[str, str, str | None]]:
    """Return (name in addresses, id, title) of each bucket that is listed for the caller."""
    me = dav.caller.me
    if kind == "users":
        return [(ME, me.uuid, me.username)]
    if kind == "companies":
        if me.company_id is None:
            return []
        return [(me.company_id, me.company_id, await _title(dav, Bucket(kind, me.company_id)))]
    async with dav.docs.kernel.database.read() as session:
        registered = select(Project.id, Project.name).where(Project.deleted_at.is_(None)).limit(LISTED)
        titles: dict[str, str | None] = {}
        titles.update((id_, name) for id_, name in await session.execute(registered))
        # Also list projects that nobody registered here but that have files or folders.
        for model in (File, Folder):
            titles = {**dict.fromkeys(await used_buckets(session, model, kind, most=LISTED)), **titles}
    readable = await dav.docs.access.allowed(dav.caller, [Bucket(kind, id_) for id_ in titles])
    return sorted((bucket.id, bucket.id, titles[bucket.id]) for bucket in readable)
