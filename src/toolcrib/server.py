"""The whole application, assembled on one page."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache, partial
from importlib.metadata import entry_points, version
from pathlib import Path
from types import FrameType
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from toolcrib.assets.kind import kind as assets
from toolcrib.desktops.kind import kind as desktops
from toolcrib.documents.kind import kind as documents
from toolcrib.kernel import config_routes, errors, health, logs, mail_routes, metrics, migrate, openapi, web
from toolcrib.kernel.audit_lines import AuditLines
from toolcrib.kernel.blobs import quota_routes
from toolcrib.kernel.blobs import routes as file_routes
from toolcrib.kernel.blobs.accounts import COUNT_JOB
from toolcrib.kernel.blobs.opening import open_blobs
from toolcrib.kernel.blobs.registry import make_new_store
from toolcrib.kernel.blobs.signing import PATH as FILES
from toolcrib.kernel.blobs.sweep import SWEEP_JOB
from toolcrib.kernel.blobs.threads import end_threads
from toolcrib.kernel.bodies import Intake
from toolcrib.kernel.claims import routes as claim_routes
from toolcrib.kernel.claims import sweep
from toolcrib.kernel.claims.permissions import Permissions
from toolcrib.kernel.claims.pieces import ClaimPieces
from toolcrib.kernel.claims.writer import ClaimWriter
from toolcrib.kernel.clock import Clock, system_clock
from toolcrib.kernel.config import RuntimeConfig
from toolcrib.kernel.connections import Connections
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.cross_origin import CrossOrigin
from toolcrib.kernel.database import Database
from toolcrib.kernel.database_wait import wait_for_database
from toolcrib.kernel.events import archives
from toolcrib.kernel.events import routes as event_routes
from toolcrib.kernel.events.tail import EventTail
from toolcrib.kernel.events.times import EventTimes
from toolcrib.kernel.fast_routes import FastRoutes
from toolcrib.kernel.file_modes import warn_of_open_files
from toolcrib.kernel.forwarding import TrustedProxies
from toolcrib.kernel.identity import accounts, oidc, oidc_logout, second_factors
from toolcrib.kernel.identity import routes as identity_routes
from toolcrib.kernel.identity.authenticate import Authenticator
from toolcrib.kernel.identity.disabled_holders import JOB as HOLDERS_JOB
from toolcrib.kernel.identity.disabled_holders import DisabledHolders
from toolcrib.kernel.identity.key_scopes import API, KeyScopes
from toolcrib.kernel.identity.renaming import JOB as NAMES_JOB
from toolcrib.kernel.jobs import Jobs
from toolcrib.kernel.kinds import Kind
from toolcrib.kernel.limits import ArrivingUploads
from toolcrib.kernel.long_answers import Turns
from toolcrib.kernel.mail import MAIL_JOB, Mailer
from toolcrib.kernel.middleware import RequestMiddleware
from toolcrib.kernel.notify import routes as notify_routes
from toolcrib.kernel.notify.reader import LogReader
from toolcrib.kernel.other_pages import PAGE
from toolcrib.kernel.outages import Outages
from toolcrib.kernel.ratelimit import RateLimiter
from toolcrib.kernel.redis_health import redis_check
from toolcrib.kernel.request_deadlines import RequestDeadlines
from toolcrib.kernel.routing import skip_elsewhere
from toolcrib.kernel.row_counts import RowCounts
from toolcrib.kernel.secrets import load_secrets
from toolcrib.kernel.site import Site
from toolcrib.kernel.start_failures import StartFailures
from toolcrib.kernel.websockets import websocket_paths
from toolcrib.kernel.wording import Wordings
from toolcrib.machines.kind import kind as machines
from toolcrib.parts.kind import kind as parts
from toolcrib.settings import Settings

# Under `/api`, before those of the kinds.
KERNEL_ROUTERS = (
    *identity_routes.ROUTERS,
    config_routes.router,
    mail_routes.router,
    notify_routes.router,
    health.router,
    claim_routes.router,
    claim_routes.admin_router,
    event_routes.router,
    file_routes.router,
    quota_routes.router,
)
OUR_KINDS: tuple[Kind, ...] = (assets, documents, machines, parts, desktops)


def kinds() -> tuple[Kind, ...]:
    """Ours, and those that installed packages offer under the entry point `toolcrib.kinds`."""
    return OUR_KINDS + _installed(tuple(sys.path))


@cache
def _installed(path: tuple[str, ...]) -> tuple[Kind, ...]:
    """What the packages on `path`, which is sys.path, offer: it reads the entry points of all of them."""
    return tuple(entry.load() for entry in entry_points(group="toolcrib.kinds"))


def create_app(
    settings: Settings | None = None, clock: Clock = system_clock, *, prepared: bool = False
) -> FastAPI:
    """The server as an ASGI application. Its lifespan starts what runs beside requests, and before that does what
    a start does once (`prepare`), unless whoever started this process has done it."""
    settings = settings or Settings()
    logs.configure(settings)
    found = kinds()
    kernel = build_kernel(settings, clock, found)
    app = FastAPI(
        title="Toolcrib",
        version=version("toolcrib"),
        description="Who holds what, until when.",
        docs_url=None,  # `web` serves that page: the framework's own loads a script from another site
        redoc_url=None,
        openapi_url=None,  # `openapi` answers there
        servers=[{"url": settings.base_path}] if settings.base_path else None,
        redirect_slashes=False,
        lifespan=_lifespan,
        # The framework's own would measure every request a second time, and keep parsed bodies.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.kernel = kernel
    app.state.kinds = found
    app.state.prepared = prepared
    proxies = TrustedProxies(settings.trusted_proxies)
    app.state.site = Site(settings, {kind.name: kind.link for kind in found})
    page_path = f"/{PAGE}" if settings.ui_dir is not None else ""
    app.state.wordings = wordings = Wordings(each for kind in found for each in kind.wordings)
    app.state.connections = connections = Connections(settings, proxies, wordings)
    openapi.install(app, wordings, kernel.auth.key_scopes)
    answers = errors.install(app, wordings)

    app.router.routes.extend(_router(found).routes)
    connections.websockets = websocket_paths(
        (each for kind in found for each in kind.routers),
        API,
        settings.base_path,
        at_root=settings.api_at_root,
        page_path=page_path,
    )

    # Around the framework's own layers, outermost last: see `kernel.fast_routes`.
    layers: ASGIApp = FastRoutes(
        app.build_middleware_stack(),
        owner=app,
        routes={route: endpoint for kind in found for route, endpoint in kind.fast_routes.items()},
        answers=answers,
    )
    layers = RequestDeadlines(layers, settings.request_timeout_seconds, wordings)
    if settings.cors_origins or settings.sites_with_cookies:
        layers = CrossOrigin(
            layers,
            settings,
            [name for kind in found for name in kind.request_headers],
            [name for kind in found for name in kind.response_headers],
        )
    layers = RequestMiddleware(
        layers,
        base_path=settings.base_path,
        api_at_root=_api_roots(app) if settings.api_at_root else frozenset(),
        intake=Intake(settings, kernel.auth),
        body_limits={FILES: None} | {at: size for kind in found for at, size in kind.body_limits.items()},
        pattern_limits=[limit for kind in found for limit in kind.pattern_limits],
        proxies=proxies,
        connections=connections,
        wordings=wordings,
        page_path=page_path,
    )
    app.middleware_stack = metrics.observed(app, StartFailures(layers))
    return app


@cache
def _router(found: tuple[Kind, ...]) -> APIRouter:
    """All routes, in the order in which they are asked. Shared by the applications of a process, since the framework
    works out the arguments of each route when it is first asked for in a router, which takes 0.2 s for all."""
    router = APIRouter(redirect_slashes=False)
    router.include_router(health.root_router)
    router.include_router(metrics.router)
    for each in [*KERNEL_ROUTERS, *(each for kind in found for each in kind.routers)]:
        router.include_router(each, prefix=API)
    for each in [each for kind in found for each in kind.root_routers]:
        router.include_router(each)
    router.include_router(openapi.router)
    skip_elsewhere(router)
    router.include_router(web.router)
    return router


def build_kernel(settings: Settings, clock: Clock, found: Sequence[Kind]) -> Kernel:
    """The parts, joined. Nothing here touches the database yet."""
    database = Database(
        settings.database, settings.database_timeout_seconds, settings.database_reserve_mib * 2**20
    )
    database.settings = settings
    database.claim_hooks = {kind.name: kind.hook for kind in found if kind.hook is not None}
    sealed = [*oidc.SEALED, *oidc_logout.SEALED, *second_factors.SEALED]
    sealed += [place for kind in found for place in kind.sealed]
    secrets = load_secrets(settings, sealed)
    tail = EventTail(database, settings.tail_seconds, settings.streams_per_person)
    config = RuntimeConfig(settings, database, tail, [key for kind in found for key in kind.config_keys])
    limiter = RateLimiter(settings, clock)
    tellings = {kind.name: kind.telling for kind in found}
    log_reader = LogReader(tellings)
    all_jobs = (
        MAIL_JOB,
        log_reader.job,
        SWEEP_JOB,
        COUNT_JOB,
        HOLDERS_JOB,
        NAMES_JOB,
        archives.JOB,
        sweep.job(settings),
        *(job for kind in found for job in kind.jobs),
    )
    jobs = Jobs(settings, database, clock, all_jobs)
    key_scopes = KeyScopes(KERNEL_ROUTERS, (metrics.router,), found)
    database.on_nudge(jobs.nudge)
    kernel = Kernel(
        settings=settings,
        clock=clock,
        database=database,
        secrets=secrets,
        claims=ClaimWriter(database, clock),
        claim_pieces=ClaimPieces(database, clock),
        tail=tail,
        config=config,
        auth=Authenticator(
            settings=settings,
            clock=clock,
            database=database,
            secrets=secrets,
            tail=tail,
            limiter=limiter,
            key_scopes=key_scopes,
        ),
        limiter=limiter,
        mailer=Mailer(settings, database, config, jobs),
        jobs=jobs,
        blobs=open_blobs(settings),
        audit_lines=AuditLines(database),
        arriving=ArrivingUploads(settings.uploads_per_person),
        permissions=Permissions(
            {kind.name: kind.rules for kind in found},
            frozenset(kind.name for kind in found if kind.notifies),
            key_scopes.of_kind,
        ),
        tellings=tellings,
        log_reader=log_reader,
        disabled_holders=DisabledHolders(
            settings.disabled_holders, frozenset(kind.name for kind in found if kind.outlives_account)
        ),
        turns=Turns(),
        event_times=EventTimes(),
        outages=Outages(database),
        row_counts=RowCounts(database, clock, deadline_seconds=settings.health_timeout_seconds),
        started_at=clock(),
        named_keys=(archives.named, *(kind.named_keys for kind in found)),
        accounts_of=tuple(kind.accounts_of for kind in found if kind.accounts_of is not None),
        link_checks={kind.name: kind.check_link for kind in found if kind.check_link is not None},
        links_used={kind.name: kind.link_used for kind in found if kind.link_used is not None},
        migrations={kind.name: kind.migrations for kind in found if kind.migrations},
    )
    health.add_database_check(kernel)
    kernel.health["storage"] = kernel.blobs.check
    kernel.health["mail"] = kernel.mailer.check
    kernel.health["jobs"] = jobs.check
    kernel.health["sweep"] = partial(jobs.check, sweep.NAME)
    if (redis := redis_check(settings)) is not None:
        kernel.health["redis"] = redis
    return kernel


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    kernel: Kernel = app.state.kernel
    if not app.state.prepared:
        await prepare(kernel)
    await kernel.tail.start()
    kernel.log_reader.follow(kernel)
    kernel.outages.start()
    for kind in app.state.kinds:
        await kind.start(kernel)
    await kernel.jobs.start(kernel)
    restore = _hang_up_on_signals(kernel)
    try:
        yield
    finally:
        restore()
        await kernel.jobs.stop()
        for kind in app.state.kinds:
            await kind.stop(kernel)
        await kernel.outages.close()
        await kernel.claims.close()
        await kernel.auth.close()
        await kernel.audit_lines.close()
        await kernel.tail.close()
        await kernel.limiter.close()
        await kernel.blobs.close()
        await kernel.database.close()


async def reach_database(settings: Settings) -> None:
    """Before a start: wait for the database, and look whether it is one that this release can use.

    Raises:
        DatabaseUnreachable, NewerDatabase, ForeignDatabase: it cannot start.
    """
    logs.configure(settings)
    database = Database(settings.database, settings.database_timeout_seconds)
    if _is_still_to_be_made(database):
        return
    try:
        if database.dialect != "sqlite":
            await wait_for_database(database, settings)
        folders = {kind.name: kind.migrations for kind in kinds() if kind.migrations}
        await migrate.check(database, folders)
    finally:
        await database.close()


def _is_still_to_be_made(database: Database) -> bool:
    return database.dialect == "sqlite" and not Path(database.url.database or "").exists()


async def prepare_alone(settings: Settings) -> None:
    """`prepare` for several server processes, by the one that starts them: nobody wants as many test mails."""
    logs.configure(settings)
    kernel = build_kernel(settings, system_clock, kinds())
    try:
        await prepare(kernel)
    finally:
        kernel.auth.passwords.close()
        await kernel.limiter.close()
        await kernel.database.close()
        end_threads()


async def prepare(kernel: Kernel) -> None:
    """What a start does before serving (asset-locks contract, section 8): migrate, first administrator, mail test.

    Also warns of a password that is guessed first, and of files that others may read, once those of the database are
    there.
    """
    await migrate.upgrade(kernel.database, kernel.migrations)
    await make_new_store(kernel.database, kernel.blobs)
    warn_of_open_files(kernel.settings)
    accounts.warn_of_common_password(kernel.settings)
    await accounts.ensure_oidc_admin(kernel)
    first = await accounts.ensure_first_admin(kernel)
    if first is not None:
        sys.stdout.write(
            f"\nFirst start. Administrator: {first.username}   password: {first.password}\n"
            "It is shown this once; change it under Settings.\n\n"
        )
        sys.stdout.flush()
    await sweep.forgive_outage(kernel.database, kernel.clock(), kernel.settings.heartbeat_grace)
    await kernel.mailer.test_at_start(kernel.clock())


def _hang_up_on_signals(kernel: Kernel) -> Any:
    """End live streams as soon as the server is asked to stop: it would wait for them otherwise."""
    loop = asyncio.get_running_loop()
    before: dict[int, Any] = {}

    def close_streams(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(kernel.tail.close_streams)
        if callable(before[number]):
            before[number](number, frame)

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            before[number] = signal.getsignal(number)
            signal.signal(number, close_streams)
    except ValueError:  # not the main thread: whoever runs us there stops us in another way
        before.clear()
    return restore


def _api_roots(app: FastAPI) -> frozenset[str]:
    """The first path segments of the API, for a proxy that strips `/api`."""
    return frozenset(path.split("/")[2] for path in app.openapi()["paths"] if path.startswith("/api/"))
