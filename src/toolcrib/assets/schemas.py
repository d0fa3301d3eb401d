"""Requests and responses of asset locks, with the names of the asset-locks contract."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    FailFast,
    Field,
    StrictBool,
    StrictStr,
    StringConstraints,
)

from toolcrib.assets.paths import normalise
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.claims.schemas import (
    MAX_ID,
    EndingRequest,
    ForceReleaseRequest,
    ProgramId,
    Text,
    TtlSeconds,
    storable,
)
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.schema import Schema

MAX_BULK = 10_000

AssetPath = Annotated[str, StringConstraints(strict=True), AfterValidator(normalise)]
Branch = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=255), storable]
Comment = Annotated[str, StringConstraints(strict=True, max_length=2000), storable]
Project = Annotated[
    str, StringConstraints(strict=True, min_length=1, max_length=255, pattern=r"^[\w.-]+(/[\w.-]+)*$")
]


class AssetLock(Schema):
    """A lock. `id` and `fence` are the same increasing number. `timestamp` is when it was taken. `upstream_branch` is
    what the branch is called where it is pushed to, if the client said."""

    id: int
    asset_path: str
    locked_by: str
    branch: str
    upstream_branch: str | None = None
    timestamp: str
    comment: str | None
    project: str
    expires_at: str | None
    fence: int


class LockChanged(Schema):
    msg: str
    lock: AssetLock


class LockQueued(Schema):
    """The path is held, and the caller waits in its queue. `held` has the same form as in a refusal; the place is
    described as by `POST /claims/{fence}/queue`."""

    msg: str
    position: int
    waiter_id: str
    until: str | None
    lease_seconds: int | None
    confirm_seconds: int | None
    held: dict[str, Any]


class AssetLockRequest(EndingRequest):
    """`wait`: stand in line if somebody holds it, with `program`, `program_id` and `timeout_seconds` as for `POST
    /claims/{fence}/queue`. `expires_in` then counts from the lock, and `expires_at` ends the wait too."""

    model_config = ConfigDict(extra="ignore")

    asset_path: AssetPath
    branch: Branch
    upstream_branch: Branch | None = None
    comment: Comment | None = None
    project: Project | None = None
    wait: StrictBool = False
    program: StrictBool = False
    program_id: ProgramId | None = None
    timeout_seconds: TtlSeconds | None = None


class AssetRenewRequest(EndingRequest):
    asset_path: AssetPath
    project: Project | None = None


class BulkRequest(EndingRequest):
    """Lock or release all of `paths`, or none of them."""

    action: Literal["lock", "release"]
    paths: Annotated[list[StrictStr], Field(min_length=1, max_length=MAX_BULK), FailFast()]
    branch: Branch = "unknown_branch"
    upstream_branch: Branch | None = None
    comment: Comment | None = None
    project: Project | None = None


class BulkDone(Schema):
    msg: str
    count: int
    locks: list[AssetLock]


class AssetCheckRequest(Schema):
    paths: Annotated[list[StrictStr], Field(max_length=MAX_BULK), FailFast()]
    project: Project | None = None


class HeldLock(AssetLock):
    """A lock. `holder_disabled`: the holder's account is disabled, so they cannot release it."""

    holder_disabled: bool


class AssetsChecked(Schema):
    """Which of the paths are locked: by others, and by the caller. The others are free."""

    held: list[HeldLock]
    mine: list[AssetLock]


class AssetForceReleaseRequest(ForceReleaseRequest):
    paths: Annotated[list[StrictStr], Field(min_length=1, max_length=MAX_BULK), FailFast()]
    project: Project | None = None


class Released(Schema):
    msg: str
    count: int


class BranchRequest(Schema):
    branch: Branch
    project: Project | None = None


class BranchReleased(Schema):
    msg: str
    released: int


class NotifyRequest(Schema):
    message: Comment | None = None
    project: Project | None = None


class Message(Schema):
    msg: str


class LockFilter(Schema):
    """The query of `GET /locks`. Unknown parameters are ignored."""

    project: Project | None = None
    branch: Text | None = None
    holder: Text | None = None
    mine: bool = False
    prefix: Text | None = None
    path: str | None = None
    q: Text | None = None
    limit: Annotated[int, Field(ge=1, le=10_000)] | None = None
    cursor: Annotated[int, Field(ge=0, le=MAX_ID)] | None = None


def lock_as_dict(claim: Claim) -> dict[str, Any]:
    return {
        "id": claim.fence,
        "asset_path": claim.key,
        "locked_by": claim.holder,
        "branch": claim.branch or "unknown_branch",
        "upstream_branch": claim.data.get("upstream_branch"),
        "timestamp": iso_format(claim.acquired_at),
        "comment": claim.comment,
        "project": claim.scope.removeprefix("project:"),
        "expires_at": iso_format(claim.expires_at) if claim.expires_at else None,
        "fence": claim.fence,
    }
