"""What downloads are measured against: Debian's nginx, a private process with `sendfile` on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.process import Process, free_port, listening

_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    client_body_temp_path {folder};
    proxy_temp_path {folder};
    fastcgi_temp_path {folder};
    uwsgi_temp_path {folder};
    scgi_temp_path {folder};
    server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""


def installed() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")


@contextmanager
def nginx(folder: Path, root: Path) -> Iterator[tuple[int, int]]:
    """It serves `root`, with its own files in `folder`: port and process id."""
    port = free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder, root=root, port=port))
    argv = [installed() or "nginx", "-p", str(folder), "-c", str(configuration), "-e", "stderr"]
    process = Process(argv, output=folder / "log")
    try:
        process.wait_ready(lambda: listening(port))
        yield port, process.pid
    finally:
        process.stop()
