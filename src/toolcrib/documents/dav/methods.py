"""The WebDAV methods that WsgiDAV calls by name (`do_PUT`), where ours differ from its own."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from itertools import chain
from typing import Any

from wsgidav import util
from wsgidav.dav_error import (
    HTTP_BAD_GATEWAY,
    HTTP_BAD_REQUEST,
    HTTP_FAILED_DEPENDENCY,
    HTTP_FORBIDDEN,
    HTTP_MEDIATYPE_NOT_SUPPORTED,
    HTTP_METHOD_NOT_ALLOWED,
    HTTP_NO_CONTENT,
    HTTP_NOT_FOUND,
    HTTP_PRECONDITION_FAILED,
    DAVError,
)
from wsgidav.xml_tools import make_multistatus_el

from toolcrib.documents.dav import members
from toolcrib.documents.dav import properties as xml
from toolcrib.documents.dav.addresses import href, read_url
from toolcrib.documents.dav.bodies import read_xml
from toolcrib.documents.dav.conditions import has_version_condition, tokens_shown
from toolcrib.documents.dav.locking import Locking
from toolcrib.documents.dav.provider import place_of_path
from toolcrib.documents.dav.replies import several
from toolcrib.documents.dav.request import (
    ASKED,
    DESTINATION,
    INTENT,
    SPOOLED,
    CopyOrMove,
    Environ,
    Send,
    Upload,
    WebDAVRequest,
    request_of,
)
from toolcrib.documents.dav.resources import FileResource, FolderResource, ListingResource
from toolcrib.documents.errors import FileLocked
from toolcrib.documents.models import File
from toolcrib.documents.paths import Place
from toolcrib.documents.service import trees
from toolcrib.documents.service.lock_tokens import tokens_of
from toolcrib.documents.service.locks import FOLDER
from toolcrib.documents.service.properties import write_properties
from toolcrib.documents.service.repeats import made_by, read_key
from toolcrib.documents.service.transfers import Onto, Order
from toolcrib.documents.service.webdav_locks import TokenNeeded

MAX_PROPERTIES = 300
# In bytes. Bounded because the response repeats all requested names for every member of a folder.
MAX_NAMES_BYTES = 8_192
# What PROPFIND may ask for; `name` is what WsgiDAV calls propname.
_MODES = {"{DAV:}allprop": "allprop", "{DAV:}name": "name", "{DAV:}prop": "named"}
_ALL_METHODS = "OPTIONS, GET, HEAD, PUT, DELETE, COPY, MOVE, MKCOL, PROPFIND, PROPPATCH, LOCK, UNLOCK"


class Methods(Locking):
    # GET, HEAD, PUT: only checked here; `bridge.py` sends and receives the content

    def _send_resource(self, environ: Environ, start_response: Any, *, is_head_method: bool = False) -> Any:
        res = self._davProvider.get_resource_inst(environ["PATH_INFO"], environ)
        if res is None:
            self._fail(HTTP_NOT_FOUND)
        if res.is_collection:
            text = b"A folder. Connect to this address with a WebDAV client to see what is in it.\n"
            start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
            return [b"" if is_head_method else text]
        self._evaluate_if(res, environ)  # the other conditions are evaluated when the content is opened
        environ[INTENT] = Send(res.file)
        return []

    def do_PUT(self, environ: Environ, start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        dav = request_of(environ)
        if "HTTP_CONTENT_RANGE" in environ:
            self._fail(HTTP_BAD_REQUEST, context_info="PUT does not accept Content-Range.")
        if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
            self._fail(HTTP_MEDIATYPE_NOT_SUPPORTED, context_info="Content-Encoding is not supported.")
        res = self._davProvider.get_resource_inst(path, environ)
        if res is not None and res.is_collection:
            self._fail(HTTP_METHOD_NOT_ALLOWED, context_info="There is a folder at this address.")
        parent = self._parent(path, environ)
        if isinstance(parent, ListingResource):
            self._fail(HTTP_FORBIDDEN, context_info="Files cannot be uploaded to this address.")
        place = res.place if res is not None else place_of_path(dav, path)
        right = dav.right(place.bucket, "write")
        key = read_key(environ.get("HTTP_IDEMPOTENCY_KEY"))
        if key is not None and res is not None and dav.run(_is_made(dav, res.file, key)):
            environ[INTENT] = Upload(place, path, right, request_key=key)  # what it brings changes nothing
            return []
        try:
            self._evaluate_if_headers(res, environ)
        except DAVError:
            if not self._shows_lost_token(place, environ):
                raise
            environ[INTENT] = Upload(place, path, right, is_lost=True)
            return []
        self._check_write_permission(res if res is not None else parent, "0", environ)
        shown = set(tokens_shown(environ))
        locks = {
            claim.digest: claim.fence
            for claim in (res if res is not None else parent).held
            if shown & {lock.token for lock in tokens_of(claim, dav.now)}
        }
        depends = has_version_condition(environ)
        base_id = res.get_etag() if depends and res is not None else None
        is_new = depends and res is None
        environ[INTENT] = Upload(place, path, right, locks, base_id, is_new=is_new, request_key=key)
        return []

    # Properties

    def do_PROPFIND(self, environ: Environ, start_response: Any) -> Any:
        asked = read_xml(environ, allow_empty=True)
        body = b""
        if asked is not None:
            names: list[str] = []
            for child in asked:
                if child.tag == "{DAV:}propname":  # WsgiDAV expects `name`
                    child.tag = "{DAV:}name"
                if len(child) > MAX_PROPERTIES:
                    self._fail(HTTP_BAD_REQUEST, context_info=f"Ask for at most {MAX_PROPERTIES} properties.")
                if child.tag == "{DAV:}prop":
                    names += [each.tag for each in child]
            if sum(len(name) for name in names) > MAX_NAMES_BYTES:
                self._fail(
                    HTTP_BAD_REQUEST, context_info=f"The names may have at most {MAX_NAMES_BYTES} bytes."
                )
            if names:
                environ[ASKED] = frozenset(name for name in names if not name.startswith("{DAV:}"))
            body = xml.as_text(asked).encode()
        if environ.get("HTTP_DEPTH", "infinity") in {"1", "infinity"}:
            res = self._davProvider.get_resource_inst(environ["PATH_INFO"], environ)
            if isinstance(res, FileResource):
                environ["HTTP_DEPTH"] = "0"  # a file has no members
            elif isinstance(res, FolderResource) and environ.get("HTTP_DEPTH") == "1":
                return self._list_members(res, asked, environ, start_response)
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(len(body))
        return super().do_PROPFIND(environ, start_response)

    def _list_members(self, res: FolderResource, asked: Any, environ: Environ, start_response: Any) -> Any:
        self._evaluate_if_headers(res, environ)
        mode, names = "allprop", []
        if asked is not None:
            modes = [_MODES[child.tag] for child in asked if child.tag in _MODES]
            if asked.tag != "{DAV:}propfind" or len(modes) != 1:
                self._fail(HTTP_BAD_REQUEST)
            mode = modes[0]
            names = [each.tag for child in asked if child.tag == "{DAV:}prop" for each in child]
        dav = request_of(environ)
        pages = chain([[res]], res.member_pages())
        environ[SPOOLED] = members.spool(dav.docs.listings, dav.caller.me.uuid, pages, mode, names)
        start_response("207 Multi-Status", [("Content-Type", "application/xml; charset=utf-8")])
        return []

    def do_PROPPATCH(self, environ: Environ, start_response: Any) -> Any:
        """Set and remove properties, all of them or none (RFC 4918, 9.2), in one transaction."""
        dav = request_of(environ)
        res = self._existing(environ["PATH_INFO"], environ)
        asked = read_xml(environ)
        if asked.tag != "{DAV:}propertyupdate":
            self._fail(HTTP_BAD_REQUEST, context_info="The body is not a propertyupdate element.")
        self._evaluate_if_headers(res, environ)
        self._check_write_permission(res, "0", environ)
        changes = dict(self._updates(asked))
        protected = [name for name in changes if name.startswith("{DAV:}")]
        if not protected:
            dav.run(
                write_properties(
                    dav.docs, dav.caller, res.place, res.file, res.resource_id, changes, now=dav.now
                )
            )
        answered: list[tuple[str, Any]] = []
        for name in changes:
            refused = None
            if protected:
                refused = DAVError(HTTP_FORBIDDEN if name in protected else HTTP_FAILED_DEPENDENCY)
            answered.append((name, refused))
        body = make_multistatus_el()
        util.add_property_response(body, res.get_href(), answered)
        return util.send_multi_status_response(environ, start_response, body)

    def _updates(self, asked: Any) -> Iterator[tuple[str, str | None]]:
        for instruction in asked:
            if instruction.tag not in {"{DAV:}set", "{DAV:}remove"}:
                continue  # unknown elements are ignored (RFC 4918, 17)
            for prop in instruction.findall("{DAV:}prop"):
                for each in prop:
                    yield each.tag, xml.as_text(each) if instruction.tag == "{DAV:}set" else None

    # Removing, copying, moving

    def do_DELETE(self, environ: Environ, start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        dav = request_of(environ)
        self._refuse_body(environ)
        res = self._existing(path, environ)
        if res.is_collection and environ.get("HTTP_DEPTH", "infinity") != "infinity":
            self._fail(HTTP_BAD_REQUEST, context_info="A folder is removed with Depth infinity.")
        if not res.place.path:
            self._fail(HTTP_FORBIDDEN, context_info="A bucket cannot be removed.")
        self._evaluate_if_headers(res, environ)
        self._check_write_permission(self._parent(path, environ), "0", environ)
        try:
            self._check_write_permission(res, "infinity", environ)
            dav.run(trees.remove_at(dav.docs, dav.caller, res.place, now=dav.now))
        except (FileLocked, TokenNeeded) as refused:
            return self._refused_below(res, refused, environ, start_response)
        return util.send_status_response(environ, start_response, HTTP_NO_CONTENT)

    def _refused_below(
        self, res: Any, refused: FileLocked | TokenNeeded, environ: Environ, start_response: Any
    ) -> Any:
        """Answer 207, naming what is locked inside the folder (RFC 4918, 9.6.1). Nothing was changed."""
        dav = request_of(environ)
        claim, inside = refused.claim, f"{res.place.address.rstrip('/')}/"
        if not res.is_collection or not claim.label.startswith(inside) or claim.label == inside:
            raise refused
        where = href(
            dav.mount,
            res.path.rstrip("/") + "/" + claim.label[len(inside) :],
            folder=claim.key.startswith(FOLDER),
        )
        return several(start_response, [(where, 423, refused.detail)])

    def _copy_or_move(self, environ: Environ, start_response: Any, is_move: bool) -> Any:
        path = environ["PATH_INFO"]
        source = self._existing(path, environ)
        depth = environ.get("HTTP_DEPTH", "infinity")
        overwrite = environ.get("HTTP_OVERWRITE", "T")
        if depth not in {"0", "infinity"} or (is_move and source.is_collection and depth == "0"):
            self._fail(HTTP_BAD_REQUEST, context_info="This Depth is not allowed here.")
        if overwrite not in {"T", "F"}:
            self._fail(HTTP_BAD_REQUEST, context_info="Overwrite must be T or F.")
        target_path, target_place = self._destination(environ)
        target = self._davProvider.get_resource_inst(target_path, environ)
        target_parent = self._parent(target_path, environ)
        environ[DESTINATION] = target, target_path
        self._evaluate_if_headers(source, environ)
        self._refuse_onto_itself(source.place, target_place, is_move=is_move)
        if not target_place.path or (is_move and not source.place.path):
            self._fail(HTTP_FORBIDDEN, context_info="A bucket cannot be moved or replaced.")
        if is_move:
            self._check_write_permission(source, "infinity", environ)
            self._check_write_permission(self._parent(path, environ), "0", environ)
        if target is None:
            self._check_write_permission(target_parent, "0", environ)
        else:
            self._check_write_permission(target, "infinity", environ)
            if overwrite == "F":
                self._fail(
                    HTTP_PRECONDITION_FAILED, context_info="There is already something at the Destination."
                )
        onto = Onto.FREE
        if target is not None:
            is_next = not target.is_collection and not source.is_collection
            onto = Onto.FILE if is_next else Onto.REPLACED
        order = Order(
            source.place, target_place, onto, source.is_collection, is_move=is_move, deep=depth != "0"
        )
        environ[INTENT] = CopyOrMove(order, source.path)
        return []

    def _destination(self, environ: Environ) -> tuple[str, Place]:
        dav = request_of(environ)
        if "HTTP_DESTINATION" not in environ:
            self._fail(HTTP_BAD_REQUEST, context_info="The Destination header is missing.")
        path = read_url(environ["HTTP_DESTINATION"].strip(), dav.mount, dav.own_hosts)
        if path is None:
            self._fail(HTTP_BAD_GATEWAY, context_info="The Destination is not on this server.")
        place = place_of_path(dav, str(path))
        dav.right(place.bucket, "write")
        return str(path), place

    def _refuse_onto_itself(self, source: Place, target: Place, *, is_move: bool) -> None:
        if source.bucket != target.bucket:
            return
        inside = target.path.startswith(f"{source.path}/") or not source.path
        around = source.path.startswith(f"{target.path}/") or not target.path
        if source.path == target.path or inside or around:
            self._fail(HTTP_FORBIDDEN, context_info="Source and destination overlap.")

    # Other

    def do_OPTIONS(self, environ: Environ, start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        res = self._davProvider.get_resource_inst(path, environ)
        allow = _ALL_METHODS
        if res is None:
            allow = "OPTIONS, PUT, MKCOL, LOCK"
        elif isinstance(res, ListingResource):
            allow = "OPTIONS, GET, HEAD, PROPFIND"
        elif res.is_collection:
            allow = _ALL_METHODS.replace("PUT, ", "").replace("MKCOL, ", "")
        else:
            allow = _ALL_METHODS.replace("MKCOL, ", "")
        headers = [
            ("DAV", "1, 2"),
            ("MS-Author-Via", "DAV"),
            ("Allow", allow),
            ("Accept-Ranges", "bytes"),
            ("Content-Length", "0"),
        ]
        start_response("200 OK", headers)
        return [b""]


async def _is_made(dav: WebDAVRequest, file: File, key: str) -> bool:
    """Return whether the caller has made a version of the file with this Idempotency-Key."""
    async with dav.docs.kernel.database.read() as session:
        return await made_by(session, dav.caller, file, key) is not None
