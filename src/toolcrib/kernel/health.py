"""Health checks.

Load balancers call `/health` every second, so it answers from what the process already knows. All pages tell
strangers only whether a part answers, in fixed words (`monitoring`).

A part that is not essential may fail and the server still serves: it is *degraded*, which is a 200 and says so. 503 is
for what cannot serve.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar

import orjson
import structlog
from fastapi import APIRouter, Request, Response
from sqlalchemy.exc import SQLAlchemyError

from toolcrib.kernel.claims.models import claims
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.context import HealthCheck, Kernel
from toolcrib.kernel.deps import AdminDep, KernelDep
from toolcrib.kernel.events.log import last_seq
from toolcrib.kernel.failure_words import failure_in_words
from toolcrib.kernel.monitoring import may_read_details
from toolcrib.kernel.openapi import PUBLIC, refusals
from toolcrib.kernel.problems import NotWell
from toolcrib.kernel.write_watch import CANNOT_WRITE

log = structlog.get_logger()

Figure = TypeVar("Figure")

# A database that has not answered for this long is down, not merely slow.
SICK_SECONDS = 5.0
# Without these nothing can be served, or claims do not end. Without the others mails and background work wait, and
# counters are this process's own.
ESSENTIAL = frozenset({"database", "storage", "sweep"})
# Fixed words for those who may not read details.
HIDDEN = "hidden"
# The same for everybody (desktops contract, section 13).
HEALTHY_TEXT = "API is running and database is connected"
UNHEALTHY_TEXT = "API is running, and the database does not answer or cannot take changes"
ANSWERS, SILENT = "answers", "does not answer"

root_router = APIRouter(tags=["health"])
router = APIRouter(tags=["health"])


async def health(request: Request) -> Response:
    """200 while the database answers and takes changes; 503 otherwise. The event tail asks it several times a second,
    and the last write that failed is remembered until one works, so no request has to ask."""
    kernel: Kernel = request.app.state.kernel
    detailed = may_read_details(request, kernel)
    message = _state_of_database(kernel)
    well = message == ANSWERS
    body = {
        "status": "healthy" if well else "unhealthy",
        "message": HEALTHY_TEXT if well else UNHEALTHY_TEXT,
        "service": "toolcrib",
        "version": request.app.version if detailed else HIDDEN,
        "timestamp": iso_format(kernel.clock()),
        "checks": {"database": {"healthy": well, "message": message if detailed else _fixed(message)}},
    }
    return Response(orjson.dumps(body), status_code=200 if well else 503, media_type="application/json")


def _state_of_database(kernel: Kernel) -> str:
    if not kernel.tail.is_fresh(within_seconds=SICK_SECONDS):
        return SILENT
    try:
        kernel.database.watch.check()
    except NotWell as sick:
        return sick.reason
    return ANSWERS


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


@router.get("/admin/health", responses={**refusals(403), **UNHEALTHY})
async def admin_health(
    request: Request, response: Response, kernel: KernelDep, _me: AdminDep
) -> dict[str, Any]:
    """Every part, asked now. `status` is `healthy`, `degraded` (200: it serves) or `unhealthy` (503).

    Claims are counted every few seconds at most, and the less often the longer it takes: as they were at
    `claims_counted_at`."""
    checks, seq, counted = await asyncio.gather(
        ask(kernel, kernel.health),
        _unless_silent(_last_seq(kernel)),
        _unless_silent(kernel.row_counts.latest()),
    )
    counts = {"subscribers": kernel.tail.subscribers}
    if seq is not None:
        counts["events"] = seq
    if counted is not None:
        counts["claims"] = counted.rows[claims.name]
    now = kernel.clock()
    status = status_of(checks)
    response.status_code = 503 if status == "unhealthy" else 200
    return {
        "status": status,
        "version": request.app.version,
        "database": kernel.database.dialect,
        "started_at": iso_format(kernel.started_at),
        "uptime_seconds": int((now - kernel.started_at).total_seconds()),
        "checks": checks,
        "counts": counts,
        "claims_counted_at": iso_format(counted.at) if counted is not None else None,
    }


async def _last_seq(kernel: Kernel) -> int:
    async with asyncio.timeout(kernel.settings.health_timeout_seconds), kernel.database.read() as session:
        return await last_seq(session)


async def _unless_silent(figure: Awaitable[Figure]) -> Figure | None:
    """What the database says; None if it does not answer in time, which its check tells."""
    try:
        return await figure
    except (SQLAlchemyError, OSError):
        return None


async def ask(kernel: Kernel, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Ask these parts now, all at once: whether each is healthy, what it says, how long it took. One that does not
    answer in time is unhealthy."""
    names, seconds = list(names), kernel.settings.health_timeout_seconds
    answers = await asyncio.gather(*(_ask(name, kernel.health[name], seconds) for name in names))
    return dict(zip(names, answers, strict=True))


async def _ask(name: str, check: HealthCheck, seconds: float) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(seconds):
            healthy, message = True, await check()
    except Exception as error:  # noqa: BLE001 - a sick part must not hide the others
        healthy, message = False, failure_in_words(error)
        log.warning("unhealthy", part=name, reason=message)
    elapsed = round((time.perf_counter() - started) * 1000, 2)
    return {"healthy": healthy, "message": message, "response_time_ms": elapsed}


def status_of(checks: dict[str, dict[str, Any]]) -> str:
    """Return `healthy`, `degraded` or `unhealthy`."""
    sick = {name for name, check in checks.items() if not check["healthy"]}
    return "unhealthy" if sick & ESSENTIAL else "degraded" if sick else "healthy"


def without_details(check: dict[str, Any]) -> dict[str, Any]:
    """The same keys in fixed words, for strangers."""
    return {
        **check,
        "message": ANSWERS if check["healthy"] else _fixed(check["message"]),
        "response_time_ms": 0,
    }


def _fixed(message: str) -> str:
    """Which of the fixed words says this of a part."""
    if message == ANSWERS:
        return ANSWERS
    return CANNOT_WRITE if message.startswith(CANNOT_WRITE) else SILENT


def add_database_check(kernel: Kernel) -> None:
    """And, where room is kept for SQLite, one of the disk, which is full before nothing can be written any more."""
    reserve = kernel.database.reserve

    async def answers() -> str:
        async with kernel.database.read() as session:
            await last_seq(session)
        kernel.database.watch.check()
        return ANSWERS

    async def has_room() -> str:
        if reserve is not None and reserve.is_given_up:
            raise NotWell("it is full: the database lives on what was kept for it (DATABASE_RESERVE_MIB)")
        return "has room"

    kernel.health["database"] = answers
    if reserve is not None:
        kernel.health["disk"] = has_room
