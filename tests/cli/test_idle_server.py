"""What a server that nobody uses does not carry in memory: `make bench ARGS=startup` measures how much that is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx

from tests.servers.environment import DEFAULTS, child_environment
from tests.servers.process import Process, free_port

# `toolcrib serve`, which at its end prints what was loaded.
SERVE = """
import sys
from toolcrib.cli import main
try:
    main()
finally:
    print(*sorted(sys.modules))
"""
NOT_NEEDED = {
    # drivers and dialects of databases that are not used
    *("asyncmy", "asyncpg", "sqlalchemy.dialects.postgresql.base"),
    # for the first token, or secret, that somebody shows
    *("cryptography", "jwt"),
    # services that no setting names
    *("aiosmtplib", "authlib", "httpx", "joserfc", "kubernetes", "obstore", "redis", "taskiq"),
    # machines, WebDAV, mail, changes of the schema
    *("alembic", "asyncssh", "jinja2", "passlib", "wsgidav", "yaml"),
    # what only the commands of clients show
    *("pygments", "rich", "toolcrib.cli.assets", "toolcrib.cli.machines"),
}


def test_an_idle_server_has_not_imported_what_nobody_asked_for(tmp_path: Path) -> None:
    port = free_port()
    process = Process(
        [sys.executable, "-c", SERVE, "serve", "--port", str(port), "--data-dir", str(tmp_path / "data")],
        output=tmp_path / "log",
        env=child_environment(**DEFAULTS),
    )
    try:
        process.wait_ready(lambda: "is ready at" in process.text(), 60)
        assert httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200
    finally:
        process.stop()
    loaded = set(process.text().splitlines()[-1].split())
    assert {"toolcrib.server", "toolcrib.machines.kind", "toolcrib.cli.server"} <= loaded
    assert not NOT_NEEDED & loaded


def test_rich_can_be_imported_after_structlog_could_not(tmp_path: Path) -> None:
    (tmp_path / "structlog.py").write_text("raise ImportError('damaged')")
    code = """
import importlib
try:
    importlib.import_module("toolcrib.cli.server.structlog_without_rich")
except ImportError as failed:
    print(failed)
import rich
"""
    env = child_environment(PYTHONPATH=str(tmp_path))
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert (run.stdout, run.returncode) == ("damaged\n", 0), run.stderr
