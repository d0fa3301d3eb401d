"""git-lfs's own list of the locks taken in a clone, which its hooks read to decide which files stay writable.

Only git-lfs writes that list, and only after a server has answered `git lfs lock` or `unlock`. What was locked or ended
in another way is told to it by running these commands against a listener in this process, which answers what the
server has already done. Nothing is sent to the server.
"""

import json
import os
import secrets
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from toolcrib.cli.core.repository import Repository, environment

AT_ONCE = 200  # paths in one call of git-lfs
TIMEOUT_SECONDS = 60


def recorded(repository: Repository) -> dict[str, str] | None:
    """Return the number of each lock in git-lfs's list by path; None if git-lfs is not installed or cannot say."""
    output = _git_lfs(repository, "locks", "--local", "--json")
    try:
        return {str(one["path"]): str(one["id"]) for one in json.loads(output or "null") or []}
    except (ValueError, KeyError, TypeError):
        return None


def record(repository: Repository, locks: Mapping[str, Mapping[str, Any]]) -> None:
    """Add locks that the server has given us, by path as in the clone."""
    known = {
        path: _as_lfs(path, lock["fence"], lock["locked_by"], lock["timestamp"])
        for path, lock in locks.items()
    }
    _tell(repository, "lock", known)


def forget(repository: Repository, numbers: Mapping[str, str]) -> None:
    """Remove locks that have ended: their numbers by path, as `recorded` returned them."""
    known = {path: _as_lfs(path, number) for path, number in numbers.items()}
    _tell(repository, "unlock", known, "--force")


def _as_lfs(
    path: str, number: object, owner: str = "-", locked_at: str = "2000-01-01T00:00:00+00:00"
) -> dict[str, Any]:
    return {"id": str(number), "path": path, "locked_at": locked_at, "owner": {"name": owner}}


def _tell(repository: Repository, verb: str, locks: Mapping[str, dict[str, Any]], *options: str) -> None:
    paths = list(locks)
    if not paths:
        return
    with _listener(locks) as url:
        # Where lfs.pushurl is set, git-lfs takes and gives back locks there.
        settings = ("-c", f"lfs.url={url}", "-c", f"lfs.pushurl={url}")
        for begin in range(0, len(paths), AT_ONCE):
            part = paths[begin : begin + AT_ONCE]
            _git_lfs(repository, verb, *options, "--", *part, settings=settings)


def _git_lfs(repository: Repository, *arguments: str, settings: Sequence[str] = ()) -> str | None:
    """Run git-lfs and return what it printed, or None if it is missing or failed: its list is a convenience."""
    try:
        done = subprocess.run(
            ["git", *settings, "lfs", *arguments],
            cwd=repository.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            env={**environment(), "GIT_TERMINAL_PROMPT": "0"},
            timeout=TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return os.fsdecode(done.stdout) if done.returncode == 0 else None


@contextmanager
def _listener(locks: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    """Answer git-lfs about these locks, on this machine only, at an address that nobody else knows."""
    secret = f"/{secrets.token_urlsafe(16)}"
    numbers = {lock["id"] for lock in locks.values()}

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query).get("path", [""])[0]
            self._answer({"locks": [locks[asked]] if asked in locks else []})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path.endswith("/unlock"):
                # git-lfs would set the flag of the file in the answer, even through a symbolic link: name none.
                number = self.path.split("/")[-2]
                ended = _as_lfs("-", number)
                is_known = number in numbers
                self._answer(
                    {"lock": ended} if is_known else {"message": "not locked"}, 200 if is_known else 403
                )
                return
            lock = locks.get(json.loads(body).get("path"))
            self._answer({"lock": lock} if lock else {"message": "not locked"}, 201 if lock else 403)

        def _answer(self, content: dict[str, Any], status: int = 200) -> None:
            if not self.path.startswith(f"{secret}/"):
                content, status = {"message": "forbidden"}, 403
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/vnd.git-lfs+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}{secret}"
    finally:
        server.shutdown()
        server.server_close()
