"""A small Onshape that speaks the endpoints of the parts contract (section 9), and can be slow, fail and lie."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT = {"client_id": "our id", "client_secret": "our secret"}
CODE = "the code"
PDF = b"%PDF-1.7 a drawing of the bracket"


class FakeOnshape:
    """`mode` says how it behaves; `seconds` how long its tokens last; `calls` are the requests that it got. `address`
    is one that it names instead of its own, to be asked next.

    Modes: `works`, `slow` (never done), `failed` (the translation), `error` (500), `dead` (no answer), `no json`,
    `large` (a long answer), `no pdf`, `elsewhere` (names another server to ask), `redirects` (to another server),
    `blob` (the result is an element), `denied` (gives no tokens), `revoked` (accepts no token), `bad id`, a status like
    `403` (for the translation), `refuses` (whoever signs in there does not agree).
    """

    def __init__(self) -> None:
        self.mode = "works"
        self.seconds: Any = 3600
        self.calls: list[tuple[str, str, str | None]] = []
        self.tokens: list[str] = []
        self.pdf = PDF
        self.gives_refresh = True
        self.refreshes = 0
        self.polls_needed = 2
        self.elsewhere = self.address = ""
        self.body: dict[str, Any] = {}
        self.released = threading.Event()
        self._polls = 0
        self._lock = threading.Lock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                fake.answer(self, b"")

            def do_POST(self) -> None:
                fake.answer(self, self.rfile.read(int(self.headers.get("content-length", 0))))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def reset(self) -> None:
        self.mode, self.seconds, self.gives_refresh = "works", 3600, True
        self.address = ""
        self.released.set()
        self.released = threading.Event()
        self.calls.clear()
        self.refreshes = self._polls = 0

    def paths(self) -> list[str]:
        return [path for _, path, _ in self.calls]

    # What it answers

    def answer(self, request: Any, body: bytes) -> None:
        path = urlsplit(request.path).path
        with self._lock:
            self.calls.append((request.command, path, request.headers.get("authorization")))
        if self.mode == "dead":
            self.released.wait(20)
            request.close_connection = True
            return
        if path == "/oauth/authorize":
            self._agree(request)
            return
        if path == "/oauth/token":
            self._token(request, {name: each[0] for name, each in parse_qs(body.decode()).items()})
            return
        token = (request.headers.get("authorization") or "").removeprefix("Bearer ")
        if token not in self.tokens[-1:] or self.mode == "revoked":
            send(request, 401, {"message": "Unauthenticated API request"})
            return
        if path == "/api/users/sessioninfo":
            send(request, 200, {"id": "u1", "email": "fay@example.com", "name": "Fay", "secret": 1})
        elif self.mode == "error":
            send(request, 500, {"message": "internal"})
        elif self.mode == "no json":
            send_bytes(request, 200, b"<html>", "text/html")
        elif self.mode == "large" and path.endswith("/translations"):
            send_bytes(request, 200, b"[" + b" " * (2 * 2**20), "application/json")
        elif self.mode == "redirects" and request.command == "GET":
            request.send_response(302)
            request.send_header("Location", self.address or f"{self.elsewhere}{path}")
            request.send_header("Content-Length", "0")
            request.end_headers()
        elif self.mode.isdigit() and path.endswith("/translations"):
            send(request, int(self.mode), {"message": "no"})
        elif path.endswith("/translations"):
            self.body = json.loads(body)
            self._polls = 0
            send(request, 200, self._translation())
        elif path == "/api/v6/translations/t1":
            self._polls += 1
            send(request, 200, self._translation())
        elif "/externaldata/" in path or "/blobelements/" in path:
            send_bytes(request, 200, b"<html>" if self.mode == "no pdf" else self.pdf, "application/pdf")
        else:
            send(request, 404, {"message": "Not found"})

    def _agree(self, request: Any) -> None:
        """Somebody in a browser signs in, and agrees at once."""
        asked = {name: each[0] for name, each in parse_qs(urlsplit(request.path).query).items()}
        answer = {"error": "access_denied"} if self.mode == "refuses" else {"code": CODE}
        request.send_response(302)
        back = f"{asked['redirect_uri']}?{urlencode({**answer, 'state': asked['state']})}"
        request.send_header("Location", back)
        request.send_header("Content-Length", "0")
        request.end_headers()

    def _token(self, request: Any, form: dict[str, str]) -> None:
        is_known = {name: form.get(name) for name in CLIENT} == CLIENT
        is_code = form.get("grant_type") == "authorization_code" and form.get("code") == CODE
        is_refresh = form.get("grant_type") == "refresh_token" and form.get("refresh_token") == "refresh me"
        if not is_known or not (is_code or is_refresh) or self.mode == "denied":
            send(request, 400, {"error": "invalid_grant"})
            return
        with self._lock:
            self.refreshes += is_refresh
            self.tokens.append(f"token {len(self.tokens)}")
            found = {"access_token": self.tokens[-1], "token_type": "bearer", "expires_in": self.seconds}
        if is_code or self.gives_refresh:
            found["refresh_token"] = "refresh me"
        send(request, 200, found)

    def _translation(self) -> dict[str, Any]:
        is_done = self._polls >= self.polls_needed and self.mode != "slow"
        state = "FAILED" if self.mode == "failed" else "DONE" if is_done else "ACTIVE"
        here = self.elsewhere if self.mode == "elsewhere" else self.url
        href = f"{here}/api/v6/translations/t1"
        if self.address and self.mode != "redirects":
            href = self.address
        found: dict[str, Any] = {"id": "t1", "requestState": state, "href": href}
        if is_done and self.mode == "blob":
            found |= {"resultExternalDataIds": None, "resultElementIds": ["e9"]}
        elif is_done:
            result = "../../../users" if self.mode == "bad id" else "x9"
            found |= {"resultExternalDataIds": [result], "resultElementIds": None}
        return found

    def serve(self) -> threading.Thread:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        return thread

    @property
    def settings(self) -> dict[str, str]:
        """What a server is told of it."""
        return {
            "ONSHAPE_CLIENT_ID": "our id",
            "ONSHAPE_CLIENT_SECRET": "our secret",
            "ONSHAPE_OAUTH_BASE_URL": self.url,
            "ONSHAPE_API_BASE_URL": self.url,
            "ONSHAPE_POLL_SECONDS": "0.05",
        }

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


def send(request: Any, status: int, body: Any) -> None:
    send_bytes(request, status, json.dumps(body).encode(), "application/json")


def send_bytes(request: Any, status: int, body: bytes, kind: str) -> None:
    request.send_response(status)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    try:
        request.wfile.write(body)
    except OSError:
        request.close_connection = True


@contextmanager
def fake_onshape() -> Iterator[FakeOnshape]:
    fake = FakeOnshape()
    thread = fake.serve()
    try:
        yield fake
    finally:
        fake.close()
        thread.join()
