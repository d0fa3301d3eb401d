"""What Prometheus reads at `/metrics`, and the middleware that counts and names requests.

Each server process reports itself. With several workers one scrape reaches one of them: what is read from the
database is the same in all, request figures are those of that process, so they carry its id when asked to.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toolcrib.kernel.claims.models import claims
from toolcrib.kernel.claims.owed import owed_claim_hooks
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import Database
from toolcrib.kernel.events.log import last_seq
from toolcrib.kernel.failure_words import failure_in_words
from toolcrib.kernel.logs import begin_request
from toolcrib.kernel.monitoring import require_monitoring
from toolcrib.kernel.outbox import outbox
from toolcrib.kernel.route_paths import route_path
from toolcrib.kernel.row_counts import RowCounts

log = structlog.get_logger()

SLOW_SECONDS = 1.0
LOOK_SECONDS = 2.0
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_SANE_ID = re.compile(rb"[A-Za-z0-9_.:-]{1,64}")
# The method is text from the client, so only these become labels.
_METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
    | {"PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK"}
)


disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series beside each, which nobody reads


class Metrics:
    """One registry per application. `process` tells this worker from others; empty when there is one."""

    def __init__(self, process: str = "") -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._fixed = {"process": process} if process else {}
        names = [*self._fixed, "method", "route"]
        self._requests = Counter(
            "toolcrib_requests", "Requests answered.", [*names, "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "toolcrib_request_seconds",
            "Time until the answer began.",
            names,
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._children: dict[tuple[str, str, int], tuple[Any, Any]] = {}
        self._events = self.gauge("toolcrib_events_seq", "Number of the newest event.")
        self._counted = {
            claims.name: self.gauge("toolcrib_claims", "Things held, when they were counted."),
            outbox.name: self.gauge("toolcrib_outbox", "Mails waiting to be sent, when they were counted."),
            owed_claim_hooks.name: self.gauge(
                "toolcrib_owed_claim_hooks",
                "Changes of claims that their kind failed on and is told again, when they were counted.",
            ),
        }
        self._counted_at = self.gauge(
            "toolcrib_counted_timestamp_seconds",
            "When those were counted: every few seconds, and the less often the longer it takes.",
        )
        for gauge in (*self._counted.values(), self._counted_at):
            gauge.set(math.nan)
        self._database_up = self.gauge("toolcrib_database_up", "Whether the database answered.")
        self._known: set[str] = set()

    def add(self, figures: Mapping[str, tuple[str, Callable[[], float]]]) -> None:
        """Report the kinds' own figures, too."""
        for name, (description, read) in figures.items():
            if name not in self._known:
                self._known.add(name)
                self.gauge(name, description, read)

    def gauge(self, name: str, description: str, read: Callable[[], float] | None = None) -> Gauge:
        """A figure of this process; `read` is called at each scrape and must not block."""
        gauge = Gauge(name, description, registry=self.registry)
        if read is not None:
            gauge.set_function(read)
        return gauge

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        try:
            count, timing = self._children[method, route, status]
        except KeyError:
            labels = {**self._fixed, "method": method, "route": route}
            count = self._requests.labels(**labels, status=str(status))
            timing = self._seconds.labels(**labels)
            self._children[method, route, status] = count, timing
        count.inc()
        timing.observe(seconds)

    async def look(self, database: Database, counts: RowCounts) -> None:
        """Ask the database for the newest event, and for what it counted last."""
        try:
            async with asyncio.timeout(LOOK_SECONDS), database.read() as session:
                self._events.set(await last_seq(session))
        except Exception as error:  # noqa: BLE001 - the process has figures of its own to report
            log.warning("metrics_without_database", error=failure_in_words(error))
            self._database_up.set(0)
            return
        self._database_up.set(1)
        try:
            counted = await counts.latest()
        except Exception as error:  # noqa: BLE001 - to count may take too long where the database is well
            log.warning("metrics_without_counts", error=failure_in_words(error))
            return
        if counted is not None:
            self._counted_at.set(counted.at.timestamp())
            for name, gauge in self._counted.items():
                gauge.set(counted.rows[name])


router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Prometheus text, for those whom `monitoring` lets read it."""
    kernel: Kernel = request.app.state.kernel
    await require_monitoring(request, kernel)
    found: Metrics = request.app.state.metrics
    found.add(kernel.figures)
    await found.look(kernel.database, kernel.row_counts)
    return Response(generate_latest(found.registry), media_type=CONTENT_TYPE_LATEST)


def observed(app: FastAPI, layers: ASGIApp, process: str = "") -> ASGIApp:
    """`layers`, the rest of `app`, in the outermost layer: it counts what `app` answers."""
    kernel: Kernel = app.state.kernel
    found = Metrics(process)
    watch = kernel.database.watch
    found.gauge(
        "toolcrib_database_writable", "Whether the last write worked.", lambda: 0.0 if watch.failure else 1.0
    )
    lines = kernel.audit_lines
    found.gauge(
        "toolcrib_audit_lines_waiting", "Audit lines that wait for the database.", lambda: lines.waiting
    )
    found.gauge("toolcrib_audit_lines_lost", "Audit lines that could not be kept.", lambda: lines.lost)
    found.gauge("toolcrib_subscribers", "Live event streams.", lambda: kernel.tail.subscribers)
    app.state.metrics = found
    return Observe(layers, found, log_all=kernel.settings.log_level == "debug")


class Observe:
    """Names each request (`X-Request-ID`), counts and times it, and logs it if it failed or was slow, or
    `log_all`.

    The path is logged without its query, and as its route where that has a `{token}`: mailed links are keys.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, *, log_all: bool = False) -> None:
        self.app = app
        self.metrics = metrics
        self.log_all = log_all
        self._prefix = secrets.token_hex(4)
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        identity = _given_id(scope["headers"]) or f"{self._prefix}-{next(self._numbers):x}"
        begin_request(identity)
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope.setdefault("fastapi", {})  # shared with the copies of the scope that are made further in
        started = time.perf_counter()
        status = 0
        seconds = 0.0

        async def observed(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status = message["status"]
                seconds = time.perf_counter() - started
                message["headers"] = [*message["headers"], (b"x-request-id", identity.encode())]
            await send(message)

        try:
            await self.app(scope, receive, observed)
        except Exception:
            status = status or 500
            raise
        finally:
            if status in {0, 500} and not seconds:
                seconds = time.perf_counter() - started
            # 0: the client went away before there was an answer.
            self._note(scope, status or 499, seconds)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # As it was declared: labels must be few, and a path may hold a secret.
        route = route_path(scope) or "unmatched"
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self.metrics.answered(method, route, status, seconds)
        if status >= 400 or seconds >= SLOW_SECONDS or self.log_all:
            log.info(
                "request",
                method=method,
                path=route if "{token}" in route else scope["path"],
                status=status,
                milliseconds=round(seconds * 1000, 1),
            )


def _given_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    for name, value in headers:
        if name == b"x-request-id":
            return value.decode("ascii") if _SANE_ID.fullmatch(value) else ""
    return ""
