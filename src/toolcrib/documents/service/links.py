"""Check signed URLs of our own store when they are used: each is valid for one version, or one upload, and as long as
the person it was given to may fetch or send that themselves."""

from __future__ import annotations

from dataclasses import replace

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.access import Action
from toolcrib.documents.caller import Caller
from toolcrib.documents.models import File, Upload, Version
from toolcrib.documents.paths import Bucket, Place
from toolcrib.documents.service.content import blob_of
from toolcrib.documents.service.lookup import KIND, documents_of, place_of
from toolcrib.kernel.blobs.signing import Bound, LinkEnded, LinkUse
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.identity.derived import proof_of
from toolcrib.kernel.identity.enrolment import OtpEnrolmentRequired
from toolcrib.kernel.identity.principal import AccessDenied, Principal, Unauthorized


def download_of(version: Version, caller: Caller) -> Bound:
    return _bound(version.id, caller)


def upload_by(caller: Caller) -> Bound:
    return _bound("upload", caller)


def _bound(thing: str, caller: Caller) -> Bound:
    grant = caller.me.grant
    # Whoever passes an address on may sign out then.
    if grant is not None and grant.api_key_id is None:
        grant = replace(grant, session_id=None, expires_at=None)
    return Bound(
        KIND, thing, caller.me.uuid, orjson.dumps(proof_of(grant)).decode() if grant is not None else ""
    )


async def check_link(kernel: Kernel, use: LinkUse) -> str | None:
    """Check that the person who was given the URL may still use it. Of an upload that has become a version, return that
    version's SHA-256.

    Raises:
        LinkEnded: the file, the version, the upload, the person's account or their rights no longer exist, nor the API
            key or password with which the URL was asked for (403).
        ProjectServiceUnavailable: their rights cannot be determined (403).
    """
    docs = documents_of(kernel)
    async with kernel.database.read() as session:
        place, brought = await (_upload(session, use) if use.method == "PUT" else _version(session, use))
    action: Action = "write" if use.method == "PUT" else "read"
    try:
        me = await _person(kernel, use.bound)
    except (Unauthorized, OtpEnrolmentRequired):
        raise LinkEnded from None
    caller = Caller(me, ip_address=use.ip_address, user_agent=use.user_agent)
    try:
        await docs.access.require(caller, place.bucket, action, path=place.path)
    except AccessDenied as refusal:
        if refusal.code == AccessDenied.code:
            raise LinkEnded from None
        raise
    return brought


async def _person(kernel: Kernel, bound: Bound) -> Principal:
    if bound.proof:
        return await kernel.auth.principal_of_proof(orjson.loads(bound.proof))
    return await kernel.auth.principal_with_uuid(bound.person)


async def _version(session: AsyncSession, use: LinkUse) -> tuple[Place, None]:
    version = await session.get(Version, use.bound.thing)
    file = await session.get(File, version.file_id) if version is not None else None
    if version is None or file is None or file.is_archived:
        raise LinkEnded
    if (await blob_of(session, version)).key != use.key:
        raise LinkEnded
    return place_of(file), None


async def _upload(session: AsyncSession, use: LinkUse) -> tuple[Place, str | None]:
    upload = await session.get(Upload, use.key)
    if upload is None or upload.owner_id != use.bound.person:
        raise LinkEnded
    place = Place(Bucket(upload.bucket_type, upload.bucket_id), upload.logical_path)
    if upload.version_id is None:
        return place, None
    version = await session.get(Version, upload.version_id)
    if version is None:
        raise LinkEnded
    return place, version.checksum
