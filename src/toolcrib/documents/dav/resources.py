"""Files and folders as WsgiDAV resources. Most of this only reads; `methods.py` has what changes them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from xml.etree.ElementTree import Element

from sqlalchemy.ext.asyncio import AsyncSession
from wsgidav.dav_error import HTTP_FORBIDDEN, HTTP_INTERNAL_ERROR, HTTP_NOT_FOUND, DAVError
from wsgidav.dav_provider import DAVCollection, DAVNonCollection

from toolcrib.documents.access import Right
from toolcrib.documents.dav import properties as xml
from toolcrib.documents.dav.request import ASKED, WebDAVRequest, request_of
from toolcrib.documents.models import File, Folder
from toolcrib.documents.paths import Bucket, Place
from toolcrib.documents.service import folders, webdav_locks
from toolcrib.documents.service.locks import claims_above, folder_ref, held_now
from toolcrib.documents.service.properties import properties_of
from toolcrib.documents.service.quotas import usage_of
from toolcrib.kernel.blobs.accounts import Usage
from toolcrib.kernel.claims import queries
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.long_answers import PAGE
from toolcrib.kernel.stored_json import report_damage

USAGE = "toolcrib.usage"


class _BucketResource:
    """Base of files and folders in a bucket: their claims and the properties clients set, read when first needed."""

    environ: dict[str, Any]
    path: str
    place: Place
    file: File | None = None
    resource_id: str  # the key under which properties are stored

    _held: list[Claim] | None = None
    _written: dict[str, str] | None = None

    @property
    def dav(self) -> WebDAVRequest:
        return request_of(self.environ)

    @property
    def right(self) -> Right:
        return self.dav.right(self.place.bucket, "read")

    @property
    def asked(self) -> frozenset[str] | None:
        """The names of client-set properties that the request asks for; None means all."""
        found: frozenset[str] | None = self.environ.get(ASKED)
        return found

    def preload(self, held: list[Claim], written: dict[str, str]) -> None:
        """Set claims and properties that were read for many resources at once."""
        self._held, self._written = held, written

    @property
    def held(self) -> list[Claim]:
        """The claims on this resource and on the folders whose locks cover it."""
        if self._held is None:
            self._held = self.dav.run(self._read_claims())
        return self._held

    async def _read_claims(self) -> list[Claim]:
        async with self.dav.docs.kernel.database.read() as session:
            return await webdav_locks.covering(
                session, self.place, self.file, self.right.scope, now=self.dav.now
            )

    @property
    def written(self) -> dict[str, str]:
        if self._written is None:
            self._written = self.dav.run(self._read_properties())
        return self._written

    async def _read_properties(self) -> dict[str, str]:
        async with self.dav.docs.kernel.database.read() as session:
            return (await properties_of(session, [self.resource_id], self.asked)).get(self.resource_id, {})

    def get_property_names(self, *, is_allprop: bool) -> list[str]:
        names: list[str] = super().get_property_names(is_allprop=is_allprop)  # type: ignore[misc]
        return [*names, *(name for name in self.written if self._is_sound(name))]

    def _is_sound(self, name: str) -> bool:
        if xml.is_name(name):
            return True
        report_damage("document_properties", (self.resource_id, name))
        return False

    def get_properties(self, mode: str, *, name_list: list[str] | None = None) -> list[tuple[str, Any]]:
        """Return (name, value or DAVError). Unlike WsgiDAV's own, lets other exceptions fail the request."""
        names = self.get_property_names(is_allprop=mode == "allprop") if name_list is None else name_list
        found: list[tuple[str, Any]] = []
        for name in names:
            try:
                found.append((name, None if mode == "name" else self.get_property_value(name)))
            except DAVError as missing:
                found.append((name, missing))
        return found

    def get_property_value(self, name: str) -> Any:
        match name:
            case xml.LOCKDISCOVERY:
                return self.lock_discovery(self.held)
            case xml.SUPPORTEDLOCK:
                return xml.supported_lock()
            case xml.ETAG if self.file is not None:
                return f'"{self.file.current_version_id}"'
            case xml.QUOTA_USED | xml.QUOTA_AVAILABLE:  # of collections only
                raise DAVError(HTTP_NOT_FOUND)
        if not name.startswith("{DAV:}") and name in self.written:
            found = xml.stored_element(self.written[name], name)
            if found is None:
                report_damage("document_properties", (self.resource_id, name))
                raise DAVError(HTTP_INTERNAL_ERROR)  # of this property alone
            return found
        return super().get_property_value(name)  # type: ignore[misc]

    def lock_discovery(self, held: list[Claim]) -> Element:
        root = Place(self.place.bucket, "").address
        depth = self.place.path.count("/") + 1 if self.place.path else 0
        alias = self.path.rstrip("/").rsplit("/", depth)[0] if depth else self.path.rstrip("/")
        return xml.lock_discovery(held, self.dav.mount, {root: alias + "/"}, now=self.dav.now)


class FileResource(_BucketResource, DAVNonCollection):  # type: ignore[misc]
    def __init__(self, path: str, environ: dict[str, Any], place: Place, file: File) -> None:
        super().__init__(path, environ)
        self.place, self.file, self.resource_id = place, file, file.id

    file: File

    def get_display_name(self) -> str:
        return _shown(str(self.name))

    def get_content_length(self) -> int:
        return self.file.size

    def get_content_type(self) -> str:
        return self.file.mime_type or "application/octet-stream"

    def get_creation_date(self) -> float:
        return self.file.created_at.timestamp()

    def get_last_modified(self) -> float:
        return self.file.updated_at.timestamp()

    def get_etag(self) -> str | None:
        return self.file.current_version_id

    def support_etag(self) -> bool:
        return True

    def support_ranges(self) -> bool:
        return True

    def get_content(self) -> Any:
        raise DAVError(HTTP_FORBIDDEN)  # never called: bridge.py sends content


class FolderResource(_BucketResource, DAVCollection):  # type: ignore[misc]
    """A folder, or the root of a bucket if `folder` is None."""

    def __init__(
        self,
        path: str,
        environ: dict[str, Any],
        place: Place,
        folder: Folder | None,
        title: str | None = None,
    ) -> None:
        super().__init__(path, environ)
        self.place, self.folder, self.title = place, folder, title
        self.resource_id = folder.id if folder is not None else place.location

    def get_display_name(self) -> str:
        return _shown(self.title or str(self.name))

    def get_creation_date(self) -> float | None:
        return self.folder.created_at.timestamp() if self.folder is not None else None

    def get_property_value(self, name: str) -> Any:
        if name not in xml.QUOTA:
            return super().get_property_value(name)
        usage = self._usage()
        if usage.left is None:
            raise DAVError(HTTP_NOT_FOUND)
        return str(usage.left if name == xml.QUOTA_AVAILABLE else usage.used)

    def _usage(self) -> Usage:
        """What the bucket stores and may store, read once for each bucket in a request."""
        known: dict[Bucket, Usage] = self.environ.setdefault(USAGE, {})
        if self.place.bucket not in known:
            dav = self.dav
            known[self.place.bucket] = dav.run(usage_of(dav.docs, dav.caller, self.place.bucket))
        return known[self.place.bucket]

    def get_last_modified(self) -> float | None:
        return self.get_creation_date()

    def get_member_names(self) -> list[str]:
        return [member.name for member in self.get_member_list()]

    def get_member_list(self) -> list[Any]:
        return [member for page in self.member_pages() for member in page]

    def member_pages(self) -> Iterator[list[Any]]:
        """Yield the members, folders first, a page at a time."""
        for read in (self._folders_after, self._files_after):
            page = self.dav.run(self._page(read, None))
            yield page
            while len(page) == PAGE:
                page = self.dav.run(self._page(read, str(page[-1].name)))
                yield page

    async def _page(
        self, read: Callable[[Right, str | None], Awaitable[list[Any]]], after: str | None
    ) -> list[Any]:
        docs, caller = self.dav.docs, self.dav.caller
        right = await folders.look_in(docs, caller, self.place)
        if after is None:
            return await read(right, None)
        async with docs.kernel.turns.turn(caller.me.uuid):
            return await read(right, after)

    async def _folders_after(self, right: Right, after: str | None) -> list[Any]:
        dav, bucket, base = self.dav, self.place.bucket, self.path.rstrip("/")
        async with dav.docs.kernel.database.read() as session:
            found = await folders.folders_in(session, self.place, after=after, limit=PAGE)
            places = [Place(bucket, each.path) for each in found]
            refs = [folder_ref(place, right.scope).digest for place in places]
            written = await properties_of(session, [each.id for each in found], self.asked)
            held = await queries.by_digest(session, refs, now=dav.now)
            above = await self._claims_above(session, right)
        members: list[Any] = []
        for folder, place, ref in zip(found, places, refs, strict=True):
            one = FolderResource(f"{base}/{folder.name}/", self.environ, place, folder)
            own = held.get(ref)
            one.preload([*([own] if own is not None else []), *above], written.get(folder.id, {}))
            members.append(one)
        return members

    async def _files_after(self, right: Right, after: str | None) -> list[Any]:
        dav, bucket, base = self.dav, self.place.bucket, self.path.rstrip("/")
        async with dav.docs.kernel.database.read() as session:
            found = await folders.files_in(session, self.place, after=after, limit=PAGE, litter=True)
            written = await properties_of(session, [each.id for each in found], self.asked)
            held = await held_now(session, found, right, now=dav.now)
            above = await self._claims_above(session, right)
        members: list[Any] = []
        for file in found:
            one = FileResource(f"{base}/{file.name}", self.environ, Place(bucket, file.logical_path), file)
            own = held.get(file.id)
            one.preload([*([own] if own is not None else []), *above], written.get(file.id, {}))
            members.append(one)
        return members

    async def _claims_above(self, session: AsyncSession, right: Right) -> list[Claim]:
        """The claims on folders that cover the members."""
        member = Place(self.place.bucket, f"{self.place.path}/any".lstrip("/"))
        return await claims_above(session, member, right.scope, members=False, now=self.dav.now)

    def create_collection(self, name: str) -> None:
        dav = self.dav
        place = Place(self.place.bucket, f"{self.place.path}/{name}".lstrip("/"))
        dav.run(folders.make_folder(dav.docs, dav.caller, place, now=dav.now))


def _shown(name: str) -> str:
    """Remove the two characters that are allowed in names and not in XML."""
    return name.replace("\ufffe", "").replace("\uffff", "")


class ListingResource(DAVCollection):  # type: ignore[misc]
    """A read-only collection above the buckets: the root, or the list of buckets of one type."""

    def __init__(self, path: str, environ: dict[str, Any], members: list[Any]) -> None:
        super().__init__(path, environ)
        self._members = members

    def get_display_name(self) -> str:
        return str(self.name) or "Toolcrib"

    def get_member_names(self) -> list[str]:
        return [member.name for member in self._members]

    def get_member_list(self) -> list[Any]:
        return self._members

    def get_member(self, name: str) -> Any:
        return next((member for member in self._members if member.name == name), None)

    def prevent_locking(self) -> bool:
        return True

    def create_collection(self, name: str) -> None:
        raise DAVError(HTTP_FORBIDDEN)

    def get_property_value(self, name: str) -> Any:
        if name in {xml.LOCKDISCOVERY, xml.SUPPORTEDLOCK, *xml.QUOTA}:
            raise DAVError(HTTP_NOT_FOUND)
        return super().get_property_value(name)
