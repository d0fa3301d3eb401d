"""Routes of Git LFS objects: the batch call, and the basic transfers that it refers to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from toolcrib.assets.lfs import responses, service
from toolcrib.assets.lfs.schemas import MAX_OBJECTS, LfsBatch, LfsBatchRequest, ObjectName
from toolcrib.assets.lfs.tickets import LIFETIME, Operation, Tickets
from toolcrib.assets.service import KEY_SCOPE
from toolcrib.kernel.blobs import accounts, registry
from toolcrib.kernel.blobs.accounts import QuotaExceeded, Usage
from toolcrib.kernel.blobs.announced import Announced
from toolcrib.kernel.blobs.models import Blob
from toolcrib.kernel.blobs.naming import naming
from toolcrib.kernel.blobs.problems import BlobMissing
from toolcrib.kernel.blobs.serving import serve
from toolcrib.kernel.bodies import admit
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import kernel_of
from toolcrib.kernel.identity.derived import proof_of
from toolcrib.kernel.identity.principal import AccessDenied, Principal, Role
from toolcrib.kernel.numbers import size_number
from toolcrib.kernel.openapi import refusals
from toolcrib.kernel.problems import Conflict, InvalidRequest, Problem

router = APIRouter(tags=["git lfs"])

_OID = re.compile(r"[0-9a-f]{64}")


class TooManyObjects(Problem):
    code, status = "too_many_objects", 413


class HashUnsupported(Conflict):
    code = "hash_unsupported"


@responses.at(
    router, "/objects/batch", "POST", body=LfsBatchRequest, response_model=LfsBatch, responses=refusals(409)
)
async def batch(request: Request) -> Response:
    """Return where each object can be uploaded or downloaded. With LFS_REDIRECT_URL: 307 to the same path there."""
    kernel = kernel_of(request)
    if kernel.settings.lfs_redirect_url:
        location = kernel.settings.lfs_redirect_url + quote(request.scope["path"])
        return Response(status_code=307, headers={"Location": location})
    await request.body()  # before the rights are read, as in `assets.routes.create_lock`
    me = await kernel.auth.principal(request)
    scope = f"project:{responses.project_of(request, me)}"
    body = await responses.read(request, LfsBatchRequest)
    if body.operation == "upload":
        me.require_scope(KEY_SCOPE)
    me.require(scope, "member" if body.operation == "upload" else "viewer")
    if len(body.objects) > MAX_OBJECTS:
        raise TooManyObjects(f"Ask for at most {MAX_OBJECTS} objects at a time.")
    if body.hash_algo != "sha256":
        raise HashUnsupported("Objects must be named by their SHA-256.")
    if body.transfers and "basic" not in body.transfers:
        raise InvalidRequest("Only the basic transfer is supported.")
    oids = {each.oid for each in body.objects if _OID.fullmatch(each.oid)}
    async with kernel.database.read() as session:
        found = await service.find(session, scope, oids)

    assert me.grant is not None
    tickets, proof = Tickets(kernel.secrets), proof_of(me.grant)
    now = kernel.clock()
    room = await _usage(kernel, scope, me) if body.operation == "upload" else None
    planned = 0

    def action(operation: Operation, wanted: ObjectName, suffix: str = "") -> dict[str, Any]:
        ticket = tickets.issue(operation, scope, wanted.oid, wanted.size, proof=proof, now=now)
        return {
            "href": responses.lfs_url(request, f"/objects/{wanted.oid}{suffix}"),
            "header": {"Authorization": ticket},
            "expires_in": int(LIFETIME.total_seconds()),
        }

    def describe(wanted: ObjectName) -> dict[str, Any]:
        name = {"oid": wanted.oid, "size": wanted.size}
        blob = found.get(wanted.oid)
        if not _OID.fullmatch(wanted.oid) or wanted.size < 0:
            return {**name, **_error(422, "The oid or the size of the object is not valid.")}
        if blob is not None and blob.size != wanted.size:
            return {**name, **_error(422, f"The object has {blob.size} bytes.")}
        if body.operation == "download":
            if blob is None:
                return {**name, **_error(404, "This project has no such object.")}
            return {**name, "authenticated": True, "actions": {"download": action("download", wanted)}}
        if blob is not None:
            return name  # nothing to do
        if wanted.size > kernel.settings.lfs_max_object_bytes:
            limit = kernel.settings.lfs_max_object_bytes
            return {**name, **_error(422, f"An object may have at most {limit} bytes.")}
        nonlocal planned
        if room is not None and room.left is not None and planned + wanted.size > room.left:
            return {**name, **_error(507, QuotaExceeded(room, wanted.size).detail)}
        planned += wanted.size
        actions = {"upload": action("upload", wanted), "verify": action("upload", wanted, "/verify")}
        return {**name, "authenticated": True, "actions": actions}

    objects = [describe(wanted) for wanted in body.objects]
    return responses.answer({"transfer": "basic", "objects": objects, "hash_algo": "sha256"})


def _error(code: int, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


@responses.at(router, "/objects/{oid}", "GET", "HEAD", response_class=Response, responses=refusals(403, 416))
async def download(request: Request) -> Response:
    """Download an object, whole or in part."""
    kernel = kernel_of(request)
    allowed = await _authorize(request, "download")
    async with kernel.database.read() as session:
        blob = await service.get(session, allowed.scope, allowed.oid)
    try:
        return await serve(request, kernel.blobs, blob.key, size=blob.size, etag=allowed.oid)
    except BlobMissing:
        async with kernel.database.write() as session:
            await registry.mark_lost(session, blob.id, blob.key, now=kernel.clock())
        raise


@responses.at(router, "/objects/{oid}", "PUT", response_class=Response, responses=refusals(403, 507))
async def upload(request: Request) -> Response:
    """Upload an object. Its bytes must have the SHA-256 that names it, and the announced size."""
    kernel = kernel_of(request)
    allowed = await _authorize(request, "upload")
    with kernel.arriving.one_of(allowed.me.uuid):
        return await _receive(request, kernel, allowed)


async def _receive(request: Request, kernel: Kernel, allowed: _Transfer) -> Response:
    size = allowed.size
    length = size_number(request.headers.get("content-length", ""))
    if length is not None:
        if size is not None and length != size:
            raise InvalidRequest(f"{size} bytes were announced, the request has {length}.")
        size = length
    found = await _usage(kernel, allowed.scope, allowed.me)
    async with kernel.database.read() as session:
        is_new = not await service.find(session, allowed.scope, [allowed.oid])
    if is_new and size is not None and found.left is not None and size > found.left:
        raise QuotaExceeded(found, size)
    body = Announced(request.headers).checked(request.stream())
    async with naming(kernel.database, kernel.blobs) as new:
        stored = await kernel.blobs.put(
            accounts.within(found, body) if is_new else body,
            max_bytes=kernel.settings.lfs_max_object_bytes,
            expected_size=size,
            expected_sha256=allowed.oid,
        )
        new.append(stored)
        me = await _require_member_again(kernel, allowed)
        now = kernel.clock()
        await registry.notice_loss(kernel.database, kernel.blobs, allowed.scope, stored, now=now)
        async with kernel.database.write() as session:
            await service.record_upload(session, allowed.scope, stored, by=me, now=now)
    return Response(status_code=200)


async def _usage(kernel: Kernel, scope: str, me: Principal) -> Usage:
    async with kernel.database.read() as session:
        return await accounts.usage(session, accounts.payer(scope, me), kernel.settings)


@responses.at(router, "/objects/{oid}/verify", "POST", body=ObjectName)
async def verify(request: Request) -> Response:
    """Confirm that an upload has arrived."""
    kernel = kernel_of(request)
    allowed = await _authorize(request, "upload")
    body = await responses.read(request, ObjectName)
    async with kernel.database.read() as session:
        blob: Blob = await service.get(session, allowed.scope, allowed.oid)
    if body.oid != allowed.oid or body.size != blob.size:
        raise InvalidRequest(f"The object has {blob.size} bytes.")
    return responses.answer({})


@dataclass(frozen=True, slots=True)
class _Transfer:
    """An authorised transfer of one object by `me`. `size` is known if the batch call announced it."""

    scope: str
    oid: str
    me: Principal
    size: int | None = None


async def _authorize(request: Request, operation: Operation) -> _Transfer:
    """Authorise a transfer by the ticket of a batch call, or by ordinary credentials."""
    kernel = kernel_of(request)
    oid: str = request.path_params["oid"]
    at_least: Role = "member" if operation == "upload" else "viewer"
    ticket = Tickets(kernel.secrets).read(request.headers.get("authorization"), now=kernel.clock())
    if ticket is not None:
        me = await kernel.auth.principal_of_proof(ticket.proof)
        scope = f"project:{responses.project_of(request, me)}"
        if (ticket.operation, ticket.scope, ticket.oid) != (operation, scope, oid):
            raise AccessDenied("This authorisation is for another transfer.")
        me.require(scope, at_least)
        admit(request, me.uuid)
        return _Transfer(scope, oid, me, ticket.size)
    me = await kernel.auth.principal(request)
    scope = f"project:{responses.project_of(request, me)}"
    me.require(scope, at_least)
    if not _OID.fullmatch(oid):
        raise service.ObjectMissing
    return _Transfer(scope, oid, me)


async def _require_member_again(kernel: Kernel, allowed: _Transfer) -> Principal:
    """Return the sender with their rights, read again after the upload, which may have taken hours.

    Raises:
        Unauthorized: the account or the credential is no longer valid (401).
        AccessDenied: the person is no longer a member (403).
    """
    me = await kernel.auth.refresh(allowed.me)
    me.require(allowed.scope, "member")
    return me
