"""How assets are connected to the server."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from urllib.parse import quote

from toolcrib.assets import alerts, service
from toolcrib.assets.config import CONFIG_KEYS
from toolcrib.assets.lfs import locks as lfs_locks
from toolcrib.assets.lfs import objects as lfs_objects
from toolcrib.assets.lfs import service as lfs_service
from toolcrib.assets.lfs.errors import VERIFY_WORDING
from toolcrib.assets.lfs.errors import WORDING as LFS_WORDING
from toolcrib.assets.paths import normalise
from toolcrib.assets.routes import create_lock, delete_lock, list_locks, router
from toolcrib.kernel.claims.etag import Lists
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.claims.queries import LogPosition
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.identity.key_scopes import KeyScope
from toolcrib.kernel.jobs import Job
from toolcrib.kernel.kinds import Kind
from toolcrib.kernel.notify.rules import Telling


def _link(claim: Claim) -> str:
    project = quote(claim.scope.removeprefix("project:"), safe="")
    return f"/assets?project={project}&q={quote(claim.key, safe='')}"


async def release_old_locks(kernel: Kernel, now: datetime) -> None:
    """Release old locks, if that is switched on. Runs hourly; sends no mail."""
    if not await kernel.config.get("auto_release.enabled"):
        return
    hours = await kernel.config.get("auto_release.hours")
    await service.release_old(kernel.claim_pieces, int(hours))


async def _start(kernel: Kernel) -> None:
    # Lists show people's names, too.
    kernel.kinds[service.KIND] = Lists(LogPosition(kernel.database, service.KIND, "user"))


# The path of a project's LFS server. Never below `/api`, where paths may have any ending.
LFS_OBJECT = re.compile(r"(?!/api/)/(?:.+/)?info/lfs/objects/[0-9a-f]{64}")
LFS_BATCH = re.compile(r"(?!/api/)/(?:.+/)?info/lfs/objects/batch")
# A batch call for an upload also requires the kind's own scope.
LFS_READS = frozenset(
    ("POST", f"{project}/info/lfs/{ending}")
    for project in ("", "/{project}")
    for ending in ("locks/verify", "objects/batch")
)

kind = Kind(
    name=service.KIND,
    key_scope=KeyScope(service.KEY_SCOPE, "Lock and release assets, and send files with git lfs."),
    reads=frozenset({("POST", "/api/locks/check"), *LFS_READS}),
    routers=(router,),
    root_routers=(lfs_locks.router, lfs_objects.router),
    config_keys=CONFIG_KEYS,
    jobs=(Job("assets.release_old", release_old_locks, every=timedelta(hours=1)),),
    link=_link,
    accounts_of=lfs_service.accounts_of,
    telling=Telling(taken=alerts.taken, everybody=True, normalise=normalise),
    notifies=True,
    outlives_account=True,
    start=_start,
    fast_routes={
        ("POST", "/api/locks"): create_lock,
        ("GET", "/api/locks"): list_locks,
        ("DELETE", "/api/locks/{asset_path}"): delete_lock,
    },
    body_limits={
        "/api/locks/bulk": 48 * 2**20,
        "/api/locks/check": 48 * 2**20,
    },
    pattern_limits=(("PUT", LFS_OBJECT, None), ("POST", LFS_BATCH, 2**20)),
    wordings=(VERIFY_WORDING, LFS_WORDING),
)
