"""What uploads are measured against: a bare Starlette handler on uvicorn that streams a body to a file and hashes it.

`PUT /plain` leaves the bytes to the system's cache; `PUT /synced` waits until they are on the disk, as Toolcrib
does before it answers. A process of its own: `python -m benchmarks.bare PORT FOLDER`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.servers.process import Process, free_port, listening

BODY = "body"


@contextmanager
def bare(folder: Path) -> Iterator[tuple[int, int]]:
    """The handler, running: its port and process id."""
    port = free_port()
    process = Process(
        [sys.executable, "-m", "benchmarks.bare", str(port), str(folder)], output=folder / "log"
    )
    try:
        process.wait_ready(lambda: listening(port))
        yield port, process.pid
    finally:
        process.stop()


def application(folder: Path) -> Starlette:
    async def take(request: Request) -> JSONResponse:
        digest, size = sha256(), 0
        with (folder / BODY).open("wb") as file:
            async for piece in request.stream():
                digest.update(piece)
                file.write(piece)
                size += len(piece)
            if request.url.path == "/synced":
                file.flush()
                os.fsync(file.fileno())
        return JSONResponse({"size": size, "sha256": digest.hexdigest()})

    return Starlette(routes=[Route("/{kind}", take, methods=["PUT"])])


if __name__ == "__main__":
    uvicorn.run(
        application(Path(sys.argv[2])),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
