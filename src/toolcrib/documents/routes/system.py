"""How the document service is (document contract, section 5)."""

from __future__ import annotations

import time
from typing import Any

import structlog
from fastapi import Request, Response

from toolcrib.documents.responses import bare
from toolcrib.documents.routes.common import CallerDep, new_router
from toolcrib.kernel.context import HealthCheck, Kernel
from toolcrib.kernel.deps import KernelDep, NowDep
from toolcrib.kernel.health import UNHEALTHY
from toolcrib.kernel.openapi import PUBLIC

log = structlog.get_logger()
router = new_router()

CHECKED = ("database", "storage")


@router.get("/health", response_class=Response, responses=UNHEALTHY, openapi_extra=PUBLIC)
async def health(request: Request, kernel: KernelDep, now: NowDep) -> Response:
    """200 while database and file store answer; 503 otherwise."""
    checks = {name: await _ask(name, kernel.health[name]) for name in CHECKED if name in kernel.health}
    well = all(check["healthy"] for check in checks.values())
    body = {
        "status": "healthy" if well else "unhealthy",
        "service": "toolcrib",
        "timestamp": now.isoformat().replace("+00:00", "Z"),
        "version": request.app.version,
        "environment": kernel.settings.environment,
        "checks": checks,
    }
    return bare(body, 200 if well else 503)


@router.get("/version", response_class=Response)
async def version(request: Request, _caller: CallerDep) -> Response:
    return bare({"version": request.app.version})


@router.get("/config", response_class=Response)
async def config(kernel: KernelDep, _caller: CallerDep) -> Response:
    """What clients and support may know. Never a secret or an address."""
    return bare(_public(kernel))


def _public(kernel: Kernel) -> dict[str, Any]:
    settings = kernel.settings
    return {
        "FLASK_ENV": settings.environment,
        "LOG_LEVEL": settings.log_level.upper(),
        "DATABASE_URI": kernel.database.dialect,
        "GUARDIAN_SERVICE_URL": None,
        "JWT_SECRET": True,
        "INTERNAL_AUTH_TOKEN": False,
        "USE_PROJECT_SERVICE": bool(settings.project_service_url) and settings.use_project_service,
        "STORAGE": "s3" if settings.s3_endpoint else "local",
        "MAX_FILE_SIZE": settings.storage_max_bytes,
    }


async def _ask(name: str, check: HealthCheck) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        healthy, message = True, await check()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, that is the answer
        log.warning("unhealthy", part=name, error=type(error).__name__)
        healthy, message = False, "does not answer"
    elapsed = round((time.perf_counter() - started) * 1000, 2)
    return {"healthy": healthy, "message": message, "response_time_ms": elapsed}
