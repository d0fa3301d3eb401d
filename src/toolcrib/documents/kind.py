"""How documents are connected to the server."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode

from toolcrib.documents import tus
from toolcrib.documents.access import Access
from toolcrib.documents.dav import routes as dav_routes
from toolcrib.documents.dav.addresses import MOUNT
from toolcrib.documents.endpoint_rights import EndpointRights
from toolcrib.documents.jobs import JOBS
from toolcrib.documents.notices import TELLING
from toolcrib.documents.routes import API_ROUTERS, ROOT_ROUTERS
from toolcrib.documents.service import arrivals, links, lock_audit, quotas, upload_parts
from toolcrib.documents.service.locks import FOLDER
from toolcrib.documents.service.lookup import KIND, Documents, documents_of
from toolcrib.documents.wording import WORDINGS
from toolcrib.kernel.blobs.signing import LinkUse
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.identity.key_scopes import KeyScope
from toolcrib.kernel.kinds import Kind


def _link(claim: Claim) -> str:
    """Return the URL of the page of the file's folder, with the file selected."""
    _, bucket, owner, *path = [*claim.label.split("/", 3), "", "", ""][:4]
    where = {"bucket": bucket, "id": owner, "path": path[0]}
    if not claim.key.startswith(FOLDER):
        where["file"] = claim.key
    return f"/documents?{urlencode(where)}"


async def _start(kernel: Kernel) -> None:
    rights = EndpointRights(kernel, MOUNT) if kernel.settings.guardian_service_url else None
    docs = kernel.kinds[KIND] = Documents(kernel, Access(kernel), rights)
    if kernel.settings.s3_endpoint:
        docs.look_for = partial(arrivals.look, docs)


async def _link_used(kernel: Kernel, use: LinkUse) -> list[str]:
    return await arrivals.arrived(documents_of(kernel), kernel, use)


async def _stop(kernel: Kernel) -> None:
    docs = documents_of(kernel)
    await docs.access.close()
    if docs.endpoint_rights is not None:
        await docs.endpoint_rights.close()


# POST and WebDAV requests that only read: checks of rights, download addresses, and queries about files.
READS = frozenset(
    {("POST", f"{prefix}/check-file-access{ending}") for prefix in ("", "/api") for ending in ("", "/batch")}
    | {("POST", "/api/storage/download/presign")}
    | {("PROPFIND", MOUNT), ("PROPFIND", f"{MOUNT}/{{path}}")}
)

kind = Kind(
    name=KIND,
    key_scope=KeyScope("documents", "Change documents: check out, upload, move, delete; also over WebDAV."),
    reads=READS,
    routers=API_ROUTERS,
    root_routers=(*ROOT_ROUTERS, dav_routes.router),
    jobs=JOBS,
    link=_link,
    outlives_account=True,
    telling=TELLING,
    start=_start,
    stop=_stop,
    body_limits={"/api/storage/upload/proxy": None, "/api/storage/uploads": None, f"{MOUNT}/": None},
    wordings=WORDINGS,
    request_headers=tus.REQUEST_HEADERS,
    response_headers=tus.RESPONSE_HEADERS,
    named_keys=upload_parts.named,
    accounts_of=quotas.accounts_of,
    check_link=links.check_link,
    link_used=_link_used,
    hook=lock_audit.record_change,
)
