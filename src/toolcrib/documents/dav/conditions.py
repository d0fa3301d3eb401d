"""Checks before a method changes anything: If headers, lock tokens, the parent folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from wsgidav import util
from wsgidav.dav_error import (
    HTTP_BAD_REQUEST,
    HTTP_CONFLICT,
    HTTP_FORBIDDEN,
    HTTP_MEDIATYPE_NOT_SUPPORTED,
    HTTP_NOT_FOUND,
    HTTP_PRECONDITION_FAILED,
)
from wsgidav.request_server import RequestServer

from toolcrib.documents.dav.addresses import read_url
from toolcrib.documents.dav.provider import Provider, place_of_path
from toolcrib.documents.dav.request import DESTINATION, Environ, WebDAVRequest, request_of
from toolcrib.documents.dav.resources import FolderResource, ListingResource
from toolcrib.documents.models import File
from toolcrib.documents.paths import Place
from toolcrib.documents.service import webdav_locks
from toolcrib.documents.service.lock_tokens import tokens_of
from toolcrib.documents.service.locks import folder_ref
from toolcrib.documents.service.lookup import at
from toolcrib.documents.service.vacated import waiting_tokens
from toolcrib.kernel.http_conditions import PreconditionFailed, is_unmodified


class Conditions(RequestServer):  # type: ignore[misc]
    def __init__(self, provider: Provider) -> None:
        super().__init__(provider)
        self.allow_propfind_infinite = False
        self._possible_methods += ["LOCK", "UNLOCK"]

    # Conditions and locks

    def _check_write_permission(self, res: Any, depth: str, environ: Environ) -> None:
        if res is None:
            return
        if isinstance(res, ListingResource):
            self._fail(HTTP_FORBIDDEN, context_info="Nothing can be changed here.")
        dav = request_of(environ)
        dav.right(res.place.bucket, "write")
        held = res.held
        if depth == "infinity" and res.is_collection:
            held = dav.run(claims_in(dav, res))
        webdav_locks.require_tokens(dav.caller, held, tokens_shown(environ), now=dav.now)

    @contextmanager
    def _write_transaction(self, res: Any, environ: Environ) -> Iterator[None]:
        yield  # the service functions use database transactions

    def _evaluate_if_headers(self, res: Any, environ: Environ) -> None:
        if res is not None and not isinstance(res, ListingResource):
            modified = res.get_last_modified()
            try:
                is_unmodified(
                    {_name(key): value for key, value in environ.items() if key.startswith("HTTP_IF_")},
                    method=environ["REQUEST_METHOD"],
                    etag=res.get_etag(),
                    modified=datetime.fromtimestamp(modified, UTC) if modified is not None else None,
                )
            except PreconditionFailed as changed:
                self._fail(HTTP_PRECONDITION_FAILED, context_info=changed.detail)
        elif res is None and "HTTP_IF_MATCH" in environ:
            self._fail(HTTP_PRECONDITION_FAILED, context_info="There is no such file or folder.")
        self._evaluate_if(res, environ)

    def _evaluate_if(self, res: Any, environ: Environ) -> None:
        """Evaluate the If header (RFC 4918, 10.4) alone."""
        util.parse_if_header_dict(environ)
        if not self._if_holds(res, environ):
            self._fail(HTTP_PRECONDITION_FAILED, context_info="The If header's condition does not hold.")

    def _if_holds(self, res: Any, environ: Environ) -> bool:
        """Return whether the If header holds: one list that holds is enough (RFC 4918, 10.4). A tagged list is about
        the resource that its tag names."""
        conditions = environ["wsgidav.conditions.if"]
        if not conditions:
            if "HTTP_IF" in environ:
                self._fail(HTTP_BAD_REQUEST, context_info="The If header has no condition.")
            return True
        dav = request_of(environ)
        for tag, lists in conditions.items():
            about, path = res, environ["PATH_INFO"]
            if tag != "*":
                path = read_url(tag, dav.mount, dav.own_hosts) or ""
                about = self._davProvider.get_resource_inst(path, environ) if path else None
            known = about is not None and not isinstance(about, ListingResource)
            tokens = self._own_tokens(about, path, environ=environ)
            if tag == "*" and DESTINATION in environ:  # programs show the token of what they save, untagged
                tokens += self._own_tokens(*environ[DESTINATION], environ=environ)
            etag = about.get_etag() if known else None
            for conditions_of_list in lists:
                if all(
                    ((value in tokens) if style == "locktoken" else (etag is not None and value == etag))
                    == expected
                    for expected, style, value in conditions_of_list
                ):
                    return True
        return False

    def _own_tokens(self, res: Any, path: str, *, environ: Environ) -> list[str]:
        """Return the caller's tokens of locks on `res`; or, if None, for the name `path`, if its document has just left
        it and comes back if the caller fills it."""
        dav = request_of(environ)
        if isinstance(res, ListingResource):
            return []
        if res is not None:
            return [
                lock.token
                for claim in res.held
                if claim.holder_uuid == dav.caller.me.uuid
                for lock in tokens_of(claim, dav.now)
            ]
        if len(path.strip("/").split("/")) < 3:  # not inside a bucket
            return []
        place = place_of_path(dav, path)
        dav.right(place.bucket, "read")
        return dav.run(_waiting(dav, place))

    def _shows_lost_token(self, place: Place, environ: Environ) -> bool:
        """Return whether the request contains a token of a lock on `place` that the caller had and has lost."""
        dav = request_of(environ)
        tokens = tokens_shown(environ)
        if not tokens:
            return False
        right = dav.right(place.bucket, "write")
        file = dav.run(_file_at(dav, place))
        held = dav.run(_covering(dav, place, file))
        live = {
            lock.token
            for claim in held
            if claim.holder_uuid == dav.caller.me.uuid
            for lock in tokens_of(claim, dav.now)
        }
        keys = [folder_ref(place, right.scope).key] if file is None else [file.id]
        above = place
        while above.path:
            above = above.parent
            keys.append(folder_ref(above, right.scope).key)
        return any(
            token not in live
            and webdav_locks.was_issued(dav.docs.kernel.secrets, token, key, dav.caller.me.uuid)
            for token in tokens
            for key in keys
        )

    def _existing(self, path: str, environ: Environ) -> Any:
        res = self._davProvider.get_resource_inst(path, environ)
        if res is None:
            self._fail(HTTP_NOT_FOUND, context_info="There is no such file or folder.")
        if isinstance(res, ListingResource):
            self._fail(HTTP_FORBIDDEN, context_info="Nothing can be changed here.")
        return res

    def _parent(self, path: str, environ: Environ) -> Any:
        parent = self._davProvider.get_resource_inst(path.rstrip("/").rpartition("/")[0] or "/", environ)
        if parent is None or not parent.is_collection:
            self._fail(HTTP_CONFLICT, context_info="The parent folder does not exist.")
        return parent

    def _refuse_body(self, environ: Environ) -> None:
        if util.get_content_length(environ):
            self._fail(HTTP_MEDIATYPE_NOT_SUPPORTED, context_info="This method does not accept a body.")


async def claims_in(dav: WebDAVRequest, res: FolderResource) -> Any:
    async with dav.docs.kernel.database.read() as session:
        return await webdav_locks.covering(session, res.place, None, res.right.scope, deep=True, now=dav.now)


async def _waiting(dav: WebDAVRequest, place: Place) -> list[str]:
    async with dav.docs.kernel.database.read() as session:
        return await waiting_tokens(session, dav.caller, place, dav.now)


async def _file_at(dav: WebDAVRequest, place: Place) -> File | None:
    async with dav.docs.kernel.database.read() as session:
        return await at(session, place)


async def _covering(dav: WebDAVRequest, place: Place, file: File | None) -> Any:
    right = await dav.docs.access.require(dav.caller, place.bucket, "read")
    async with dav.docs.kernel.database.read() as session:
        return await webdav_locks.covering(session, place, file, right.scope, now=dav.now)


def has_version_condition(environ: Environ) -> bool:
    """Return whether the request has a condition on the current version, or that there is no file."""
    if "HTTP_IF_NONE_MATCH" in environ or "HTTP_IF_UNMODIFIED_SINCE" in environ:
        return True
    if environ.get("HTTP_IF_MATCH", "*").strip() != "*":
        return True
    return any(
        style == "entity"
        for lists in (environ["wsgidav.conditions.if"] or {}).values()
        for conditions in lists
        for _, style, _ in conditions
    )


def _name(key: str) -> str:
    return key.removeprefix("HTTP_").replace("_", "-").lower()


def tokens_shown(environ: Environ) -> list[str]:
    util.parse_if_header_dict(environ)
    found: list[str] = environ["wsgidav.ifLockTokenList"]
    return found
