"""Routes that describe the state of the document service (document contract, section 5)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from fastapi import Request, Response

from toolcrib.documents.responses import bare
from toolcrib.documents.routes.common import CallerDep, new_router
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep, NowDep
from toolcrib.kernel.health import HIDDEN, UNHEALTHY, ask, without_details
from toolcrib.kernel.monitoring import may_read_details
from toolcrib.kernel.openapi import PUBLIC

router = new_router()

CHECKED = ("database", "storage")


@router.get("/health", response_class=Response, responses=UNHEALTHY, openapi_extra=PUBLIC)
async def health(request: Request, kernel: KernelDep, now: NowDep) -> Response:
    """Report the health: 200 while database and file store respond and can be written to; 503 otherwise. For callers
    who may not read details (METRICS_ACCESS), `version`, `environment` and the texts of the checks are fixed."""
    checks = await ask(kernel, CHECKED)
    well = all(check["healthy"] for check in checks.values())
    detailed = may_read_details(request, kernel)
    checks = {name: check if detailed else without_details(check) for name, check in checks.items()}
    body = {
        "status": "healthy" if well else "unhealthy",
        "service": "toolcrib",
        "timestamp": now.isoformat().replace("+00:00", "Z"),
        "version": request.app.version if detailed else HIDDEN,
        "environment": kernel.settings.environment if detailed else HIDDEN,
        "checks": checks,
    }
    return bare(body, 200 if well else 503)


@router.get("/version", response_class=Response)
async def version(request: Request, _caller: CallerDep) -> Response:
    return bare({"version": request.app.version})


@router.get("/config", response_class=Response)
async def config(kernel: KernelDep, _caller: CallerDep) -> Response:
    """Return the configuration that clients and support may know. Never a secret; of addresses, only the role
    service's."""
    return bare(_public(kernel))


def _public(kernel: Kernel) -> dict[str, Any]:
    settings = kernel.settings
    return {
        "FLASK_ENV": settings.environment,
        "LOG_LEVEL": settings.log_level.upper(),
        "DATABASE_URI": kernel.database.dialect,
        "GUARDIAN_SERVICE_URL": _without_credentials(settings.guardian_service_url) or None,
        "JWT_SECRET": True,
        "INTERNAL_AUTH_TOKEN": False,
        "USE_PROJECT_SERVICE": bool(settings.project_service_url) and settings.use_project_service,
        "STORAGE": "s3" if settings.s3_endpoint else "local",
        "MAX_FILE_SIZE": settings.storage_max_bytes,
    }


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
