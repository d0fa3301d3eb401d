"""Requests and responses of Git LFS (git-lfs: docs/api/locking.md, docs/api/batch.md)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import FailFast, Field, StrictBool, StrictInt, StrictStr

from toolcrib.assets.schemas import AssetPath
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.claims.schemas import MAX_ID
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.schema import Schema

# The most locks in one response; `next_cursor` says where to continue.
MAX_LOCKS = 1_000
# The most objects in one batch call; the standard client asks for 100 at a time.
MAX_OBJECTS = 1_000
MAX_TRANSFERS = 100


class LfsRef(Schema):
    name: Annotated[StrictStr, Field(max_length=255)] = ""


class LfsLockRequest(Schema):
    path: AssetPath
    ref: LfsRef | None = None


class LfsUnlockRequest(Schema):
    force: StrictBool = False
    ref: LfsRef | None = None


class LfsVerifyRequest(Schema):
    ref: LfsRef | None = None
    cursor: Annotated[StrictStr, Field(pattern=r"^\d{0,19}$")] = ""
    limit: Annotated[StrictInt, Field(ge=0)] = 0


class LockFilter(Schema):
    """The query of `GET locks`. `refspec` is accepted and ignored: a lock holds on every branch."""

    path: AssetPath | None = None
    id: str | None = None
    cursor: Annotated[str, Field(pattern=r"^\d{0,19}$")] = ""
    limit: Annotated[int, Field(ge=0)] = 0
    refspec: str | None = None


class LfsOwner(Schema):
    name: str


class LfsLock(Schema):
    id: str
    path: str
    locked_at: str
    owner: LfsOwner


class LfsLockChanged(Schema):
    lock: LfsLock


class LfsLockList(Schema):
    locks: list[LfsLock]
    next_cursor: str | None = None


class LfsVerifiableLocks(Schema):
    ours: list[LfsLock]
    theirs: list[LfsLock]
    next_cursor: str | None = None


class ObjectName(Schema):
    """An object as requested, not yet validated: one invalid name must not prevent answers about the others."""

    oid: StrictStr
    size: Annotated[StrictInt, Field(ge=-MAX_ID, le=MAX_ID)]  # the range of a 64-bit integer


class LfsBatchRequest(Schema):
    operation: Literal["upload", "download"]
    transfers: Annotated[list[StrictStr], Field(max_length=MAX_TRANSFERS), FailFast()] = ["basic"]
    ref: LfsRef | None = None
    objects: Annotated[
        list[ObjectName], FailFast()
    ]  # too many objects are refused by the route, with another error
    hash_algo: StrictStr = "sha256"


class LfsBatch(Schema):
    transfer: Literal["basic"]
    objects: list[dict[str, Any]]
    hash_algo: Literal["sha256"]


class LfsRefused(Schema):
    message: str
    request_id: str


def lock_as_lfs(claim: Claim) -> dict[str, Any]:
    return {
        "id": str(claim.fence),
        "path": claim.key,
        "locked_at": iso_format(claim.acquired_at),
        "owner": {"name": claim.holder},
    }
