"""Running the server and the worker: sockets, processes, signals."""

import asyncio
import gc
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import SIGNALS, Process

from toolcrib.cli.core.failures import CannotTell, Failure
from toolcrib.cli.server.memory import collect_seldom, return_large_blocks
from toolcrib.cli.server.structlog_without_rich import structlog
from toolcrib.kernel.connections import raise_descriptor_limit
from toolcrib.kernel.file_modes import keep_new_files_private
from toolcrib.kernel.http_protocol import OneWriteProtocol
from toolcrib.kernel.websockets import OPTIONS, BoundedWebSocket
from toolcrib.settings import Settings

DRAIN_SECONDS = 20
BACKLOG = 2048
PARENT = "TOOLCRIB_SERVE_PID"  # the process id of the parent, for server processes


def listen(host: str, port: int) -> list[socket.socket]:
    """Bind every address of `host`. Connections are accepted only when the server listens on them.

    Raises:
        CannotTell: the name or the port cannot be had.
    """
    bound: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _name, address in dict.fromkeys(found):
            one = socket.socket(family, kind, protocol)
            bound.append(one)
            if os.name == "posix":
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            # Port 0: the first address chooses the port, the others use the same.
            chosen = bound[0].getsockname()[1] if port == 0 and len(bound) > 1 else address[1]
            one.bind((address[0], chosen, *address[2:]))
            one.set_inheritable(True)
    except OSError as taken:
        for one in bound:
            one.close()
        reason = taken.strerror or str(taken)
        raise CannotTell(f"Cannot listen on {host} port {port}: {reason}.") from taken
    return bound


def address_of(settings: Settings, sockets: list[socket.socket]) -> str:
    """Return the address to open in a browser on this machine."""
    host, port = settings.host, sockets[0].getsockname()[1]
    if host in ("", "0.0.0.0", "::"):  # noqa: S104 - comparing, not binding
        host = socket.gethostname()
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{settings.base_path}"


def announce(url: str) -> None:
    sys.stdout.write(f"Toolcrib is ready at {url}\n")
    sys.stdout.flush()


class Server(uvicorn.Server):
    """A server that prints its address as soon as it answers there."""

    def __init__(self, config: uvicorn.Config, url: str) -> None:
        super().__init__(config)
        self.url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            collect_seldom()
            announce(self.url)


class ForkedProcess(Process):
    """A server process that is forked from this one, where everything is loaded already: it starts in a fraction of
    the time, and shares memory with the others."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        fork: Any = multiprocessing.get_context("fork")
        self.process = fork.Process(target=self.target, kwargs={"sockets": sockets})

    def target(self, sockets: list[socket.socket] | None = None) -> None:
        for number in SIGNALS:  # the parent has handlers of its own
            signal.signal(number, signal.SIG_DFL)
        super().target(sockets)


class Processes(Multiprocess):
    """Several server processes on the same sockets; one that dies is replaced."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], url: str) -> None:
        super().__init__(config, sockets)
        self.url = url
        self.announced = False

    def init_processes(self) -> None:
        # Only a process without threads can be forked, and the libraries support that only on Linux.
        if sys.platform != "linux" or threading.active_count() > 1:
            super().init_processes()
            return
        gc.collect()
        gc.freeze()  # the collector would write to shared memory, which copies it
        for _ in range(self.processes_num):
            process = ForkedProcess(self.config, self.sockets)
            process.start()
            self.processes.append(process)

    def keep_subprocess_alive(self) -> None:
        super().keep_subprocess_alive()
        if not self.announced and any(process.is_ready(timeout=1) for process in self.processes):
            self.announced = True
            announce(self.url)


def configuration(app: Any, settings: Settings, workers: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=True,
        loop="asyncio" if sys.platform == "win32" else "uvloop",  # which there is none of there
        http=OneWriteProtocol,
        ws=BoundedWebSocket,
        **OPTIONS,
        lifespan="on",
        log_config=None,  # logs.configure configures logging
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the RequestMiddleware reads proxies' headers, as TRUSTED_PROXIES says
        backlog=BACKLOG,
        timeout_keep_alive=settings.keep_alive_seconds,  # type: ignore[arg-type]  # any number does
        timeout_graceful_shutdown=DRAIN_SECONDS,
        workers=workers,
    )


def serve(settings: Settings, workers: int) -> None:
    """Serve until asked to stop; then finish the requests that have begun, and return.

    Raises:
        CannotTell: the address is taken, or the database cannot be used.
        Failure: the application could not start; its log says why.
    """
    keep_new_files_private()
    return_large_blocks()
    raise_descriptor_limit()
    sockets = listen(settings.host, settings.port)
    url = address_of(settings, sockets)
    if workers == 1:
        _end_quietly_on_signals()
        gc.disable()  # disabled until everything is loaded, since none of that is garbage
        from toolcrib.server import create_app

        _reach_database(settings)

        def app() -> Any:
            _limit_shutdown(settings.shutdown_seconds)
            return create_app(settings)

        server = Server(configuration(app, settings, 1), url)
        try:
            server.run(sockets)
        except SystemExit as ended:
            if ended.code == STARTUP_FAILURE:
                raise Failure("The server could not start.", code="startup_failed") from ended
            raise
        return
    from toolcrib.server import prepare_alone

    _reach_database(settings)
    with _told_in_a_sentence():
        asyncio.run(prepare_alone(settings))
    os.environ[PARENT] = str(os.getpid())
    processes = Processes(
        configuration("toolcrib.cli.server.serve:worker_app", settings, workers), sockets, url
    )
    processes.run()
    if not processes.announced and any(one.exitcode == STARTUP_FAILURE for one in processes.processes):
        raise Failure("The server could not start.", code="startup_failed")


def _reach_database(settings: Settings) -> None:
    """Look whether the secret will do, and wait for the database, before starting what would otherwise take long to
    fail.

    Raises:
        CannotTell: one of them cannot be used.
    """
    from toolcrib.kernel.secrets import UnusableSecret, load_secrets
    from toolcrib.server import reach_database

    try:
        load_secrets(settings)
    except UnusableSecret as short:
        raise CannotTell(str(short), code="secret_unusable") from short
    except OSError as broken:
        raise CannotTell(f"{broken.filename} cannot be used: {broken.strerror}.") from broken
    with _told_in_a_sentence():
        asyncio.run(reach_database(settings))


@contextmanager
def _told_in_a_sentence() -> Iterator[None]:
    """Around what a start does with the database.

    Raises:
        CannotTell: it cannot be used.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from toolcrib.kernel.database_wait import DatabaseUnreachable
    from toolcrib.kernel.failure_words import database_failure
    from toolcrib.kernel.migrate import ForeignDatabase, NewerDatabase
    from toolcrib.kernel.start_failures import cannot_be_used

    try:
        yield
    except DatabaseUnreachable as away:
        raise CannotTell(str(away), code="database_unreachable") from away
    except (SQLAlchemyError, OSError) as broken:
        why = database_failure(broken) or str(getattr(broken, "orig", None) or broken).splitlines()[0]
        raise CannotTell(cannot_be_used(why), code="database_unusable") from broken
    except (NewerDatabase, ForeignDatabase) as other:
        raise CannotTell(str(other), code="other_database") from other


def _end_quietly_on_signals() -> None:
    """Exit 0 when asked to stop.

    Uvicorn finishes open requests on these signals, then raises them again for the previous handler. That handler
    would be the default one, which ends the process with the signal's status.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


def _limit_shutdown(seconds: float) -> None:
    """Have SIGTERM and SIGINT also set the time by which this process must have ended. For the main thread, after
    uvicorn has set its handlers."""
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def stop(number: int, frame: FrameType | None, before: Any = before) -> None:
            _end_within(seconds)
            if callable(before):
                before(number, frame)

        signal.signal(number, stop)


def _end_within(seconds: float) -> None:
    """End this process by force after `seconds`, if it has not ended by then."""

    def end() -> None:
        structlog.get_logger().error("shutdown_limit_reached", seconds=seconds)
        os._exit(1)

    limit = threading.Timer(seconds, end)
    limit.daemon = True
    limit.start()


def worker_app() -> Any:
    """Return the application of one of several server processes, which ends when its parent is gone."""
    from toolcrib.server import create_app

    parent = os.environ.get(PARENT)  # os.getppid() could be wrong here: the parent may be gone already

    def watch() -> None:
        while str(os.getppid()) == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
    settings = Settings()
    _limit_shutdown(settings.shutdown_seconds)
    return create_app(settings, prepared=True)


def work(settings: Settings) -> None:
    """Run jobs, without serving HTTP, until asked to stop."""
    from toolcrib.server import create_app

    keep_new_files_private()
    _reach_database(settings)

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        app = create_app(settings)
        async with app.router.lifespan_context(app):

            def end() -> None:
                _end_within(settings.shutdown_seconds)
                stop.set()

            for number in (signal.SIGTERM, signal.SIGINT):
                _on_signal(loop, number, end)
            sys.stdout.write("The worker runs jobs. Ctrl-C ends it.\n")
            sys.stdout.flush()
            await stop.wait()

    with _told_in_a_sentence():
        _run(run())


def _run(work: Coroutine[Any, Any, None]) -> None:
    if sys.platform == "win32":  # there is no uvloop
        asyncio.run(work)
        return
    import uvloop

    uvloop.run(work)


def _on_signal(loop: asyncio.AbstractEventLoop, number: int, call: Callable[[], None]) -> None:
    """Have `call` run when the signal comes."""
    try:
        loop.add_signal_handler(number, call)
    except NotImplementedError:  # on Windows
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(call))
