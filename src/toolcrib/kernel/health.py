"""Health checks. Load balancers call them every second, so they answer from what the process already knows."""

from __future__ import annotations

import time
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from sqlalchemy import func, select

from toolcrib.kernel.claims.models import claims
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import AdminDep, KernelDep
from toolcrib.kernel.events.log import last_seq
from toolcrib.kernel.openapi import PUBLIC, refusals

# A database that has not answered for this long is down, not merely slow.
SICK_SECONDS = 5.0

root_router = APIRouter(tags=["health"])
router = APIRouter(tags=["health"])


async def health(request: Request) -> Response:
    """200 while the database answers; 503 otherwise. The event tail asks it several times a second, so no
    request has to."""
    kernel: Kernel = request.app.state.kernel
    well = kernel.tail.is_fresh(within_seconds=SICK_SECONDS)
    body = {
        "status": "healthy" if well else "unhealthy",
        "service": "toolcrib",
        "version": request.app.version,
        "timestamp": iso_format(kernel.clock()),
        "checks": {"database": {"healthy": well, "message": "answers" if well else "does not answer"}},
    }
    return Response(orjson.dumps(body), status_code=200 if well else 503, media_type="application/json")


async def healthz() -> Response:
    """200 while the process answers at all."""
    return Response(b'{"status":"ok"}', media_type="application/json")


UNHEALTHY: dict[int | str, dict[str, Any]] = {
    503: {
        "description": "What does not work, in the same shape",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}

for path in ("/health", "/api/health"):
    root_router.add_api_route(
        path, health, methods=["GET"], response_class=Response, responses=UNHEALTHY, openapi_extra=PUBLIC
    )
for path in ("/healthz", "/api/healthz"):
    root_router.add_api_route(path, healthz, methods=["GET"], response_class=Response, openapi_extra=PUBLIC)


@router.get("/admin/health", responses=refusals(403))
async def admin_health(request: Request, kernel: KernelDep, _me: AdminDep) -> dict[str, Any]:
    """Every part, asked now."""
    checks = {name: await _ask(check) for name, check in kernel.health.items()}
    counts = {}
    if checks["database"]["healthy"]:
        async with kernel.database.read() as session:
            counts["claims"] = (await session.execute(select(func.count()).select_from(claims))).scalar_one()
            counts["events"] = await last_seq(session)
    counts["subscribers"] = kernel.tail.subscribers
    now = kernel.clock()
    return {
        "status": "healthy" if all(check["healthy"] for check in checks.values()) else "unhealthy",
        "version": request.app.version,
        "database": kernel.database.dialect,
        "started_at": iso_format(kernel.started_at),
        "uptime_seconds": int((now - kernel.started_at).total_seconds()),
        "checks": checks,
        "counts": counts,
    }


async def _ask(check: Any) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        healthy, message = True, await check()
    except Exception as error:  # noqa: BLE001 - a sick part must not hide the others
        # The text may name hosts: administrators see this page, but keep to the kind of trouble.
        healthy, message = False, type(error).__name__
    elapsed = round((time.perf_counter() - started) * 1000, 2)
    return {"healthy": healthy, "message": message, "response_time_ms": elapsed}


def add_database_check(kernel: Kernel) -> None:
    async def answers() -> str:
        async with kernel.database.read() as session:
            await last_seq(session)
        return "answers"

    kernel.health["database"] = answers
