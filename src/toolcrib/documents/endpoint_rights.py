"""Ask a role service who may use which route of documents (document contract, section 17).

It is asked before the rule of the bucket, and in addition to it.
"""

from __future__ import annotations

import json
from typing import Literal

import structlog
from starlette.requests import Request

from toolcrib.documents.audit import record_reading
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import RbacUnavailable
from toolcrib.documents.service_client import NoAnswer, ServiceClient, forwarded_token
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.identity.principal import AccessDenied
from toolcrib.kernel.route_paths import route_path

log = structlog.get_logger()

Resource = Literal["files", "versions", "locks", "version", "config"]
Operation = Literal["list", "read", "create", "update", "delete", "approve"]
Endpoint = tuple[Resource, Operation]

# Asked for always: the earlier service asks about these two.
ALWAYS: dict[tuple[str, str], Endpoint] = {
    ("GET", "/storage/version"): ("version", "list"),
    ("GET", "/storage/config"): ("config", "read"),
}
# Asked for with GUARDIAN_SCOPE=all. The names follow the routes, below `/api`.
OTHERS: dict[tuple[str, str], Endpoint] = {
    ("GET", "/storage/buckets"): ("files", "list"),
    ("GET", "/storage/search"): ("files", "list"),
    ("GET", "/storage/list"): ("files", "list"),
    ("GET", "/storage/folders"): ("files", "list"),
    ("GET", "/storage/folders/zip"): ("files", "read"),
    ("GET", "/storage/metadata"): ("files", "read"),
    ("GET", "/storage/event-keys"): ("files", "read"),
    ("GET", "/storage/download/proxy"): ("files", "read"),
    ("HEAD", "/storage/download/proxy"): ("files", "read"),
    ("GET", "/storage/download/presign"): ("files", "read"),
    ("POST", "/storage/download/presign"): ("files", "read"),
    ("POST", "/storage/verify"): ("files", "read"),
    ("POST", "/storage/folders"): ("files", "create"),
    ("POST", "/storage/upload/presign"): ("files", "create"),
    ("POST", "/storage/upload/confirm"): ("files", "create"),
    ("POST", "/storage/upload/proxy"): ("files", "create"),
    ("POST", "/storage/uploads"): ("files", "create"),
    ("POST", "/storage/uploads/"): ("files", "create"),
    ("HEAD", "/storage/uploads/{upload_id}"): ("files", "create"),
    ("PATCH", "/storage/uploads/{upload_id}"): ("files", "create"),
    ("POST", "/storage/uploads/{upload_id}"): ("files", "create"),
    ("DELETE", "/storage/uploads/{upload_id}"): ("files", "create"),
    ("POST", "/storage/copy"): ("files", "create"),
    ("PATCH", "/storage/metadata"): ("files", "update"),
    ("POST", "/storage/move"): ("files", "update"),
    ("POST", "/storage/folders/move"): ("files", "update"),
    ("POST", "/storage/restore"): ("files", "update"),
    ("DELETE", "/storage/delete"): ("files", "delete"),
    ("DELETE", "/storage/folders"): ("files", "delete"),
    ("GET", "/storage/versions"): ("versions", "list"),
    ("GET", "/storage/versions/waiting"): ("versions", "list"),
    ("POST", "/storage/versions/commit"): ("versions", "create"),
    ("POST", "/storage/versions/{version_id}/restore"): ("versions", "create"),
    ("POST", "/storage/versions/{version_id}/approve"): ("versions", "approve"),
    ("POST", "/storage/versions/{version_id}/reject"): ("versions", "approve"),
    ("GET", "/storage/locks"): ("locks", "list"),
    ("POST", "/storage/lock"): ("locks", "create"),
    ("POST", "/storage/lock/renew"): ("locks", "update"),
    ("POST", "/storage/unlock"): ("locks", "delete"),
}
WEBDAV: dict[str, Endpoint] = {
    "OPTIONS": ("files", "list"),
    "PROPFIND": ("files", "list"),
    "GET": ("files", "read"),
    "HEAD": ("files", "read"),
    "PUT": ("files", "create"),
    "MKCOL": ("files", "create"),
    "COPY": ("files", "create"),
    "MOVE": ("files", "update"),
    "PROPPATCH": ("files", "update"),
    "DELETE": ("files", "delete"),
    "LOCK": ("locks", "create"),
    "UNLOCK": ("locks", "delete"),
}
# With these, other services ask about rights in projects; that is no use of documents.
NOT_ASKED = frozenset({"/check-file-access", "/check-file-access/batch"})


class EndpointRights:
    """Asks the service of GUARDIAN_SERVICE_URL: one attempt for each request, and no cache."""

    def __init__(self, kernel: Kernel, mount: str) -> None:
        settings = kernel.settings
        self._kernel = kernel
        self._mount = mount
        self._client = ServiceClient(settings.guardian_service_url, settings.guardian_service_seconds)

    async def require(self, caller: Caller, request: Request) -> None:
        """Check that the caller may use the route of this request. A refusal is recorded in the audit.

        Raises:
            AccessDenied: the service did not say yes (403).
            RbacUnavailable: it did not answer in time (403).
        """
        path = (route_path(request.scope) or "").removeprefix("/api")
        endpoint = ALWAYS.get((request.method, path))
        if endpoint is None:
            if self._kernel.settings.guardian_scope != "all" or path in NOT_ASKED:
                return
            in_webdav = path.startswith(self._mount)
            endpoint = WEBDAV.get(request.method) if in_webdav else OTHERS.get((request.method, path))
        if endpoint is None:
            raise AccessDenied("The role service has no name for this route.", {"reason": "unknown_route"})
        try:
            granted = await self._ask(caller, endpoint)
        except NoAnswer as failure:
            log.warning("rbac_unavailable", why=str(failure))
            await self._remember(caller, endpoint, RbacUnavailable.code)
            raise RbacUnavailable("The role service did not answer.") from None
        if not granted:
            await self._remember(caller, endpoint, AccessDenied.code)
            resource, operation = endpoint
            raise AccessDenied(f"Your role does not allow you to {operation} {resource}.")

    async def close(self) -> None:
        await self._client.close()

    async def _ask(self, caller: Caller, endpoint: Endpoint) -> bool:
        resource, operation = endpoint
        question = {
            "user_id": caller.me.uuid,
            "company_id": caller.me.company_id,
            "service": self._kernel.settings.guardian_service_name,
            "resource_name": resource,
            "operation": operation,
        }
        token = await forwarded_token(self._kernel, caller)
        status, answer = await self._client.post("/check-access", question, token)
        try:
            found = json.loads(answer) if status == 200 else None
        except (ValueError, RecursionError):
            found = None
        return isinstance(found, dict) and found.get("access_granted") is True

    async def _remember(self, caller: Caller, endpoint: Endpoint, reason: str) -> None:
        resource, operation = endpoint
        await record_reading(
            self._kernel.audit_lines,
            caller,
            "access_denied",
            f"/{resource}",
            now=self._kernel.clock(),
            details={"action": operation, "reason": reason},
        )
