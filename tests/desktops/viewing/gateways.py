"""A small Guacamole gateway: it opens what it is sent with its own key, as guacamole-auth-json does, or misbehaves."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

KEY = "00112233445566778899aabbccddeeff"


class Gateway:
    """`seen` are the documents it was sent. `mode` is `well`, `slow`, `nonsense`, `huge`, `broken` or `elsewhere`."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.mode = "well"
        self.go_on = Event()
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                status, body = gateway.answer(self.path, form["data"][0])
                try:
                    self.send_response(status)
                    if status == 302:
                        self.send_header("Location", "/elsewhere")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/guacamole"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, path: str, data: str) -> tuple[int, bytes]:
        assert path == "/guacamole/api/tokens"
        if self.mode == "slow":
            self.go_on.wait(30)
        if self.mode == "nonsense":
            return 200, b"<html>Welcome to nginx!</html>"
        if self.mode == "huge":
            return 200, b'{"authToken": "' + b"A" * 1_000_000 + b'"}'
        if self.mode == "broken":
            return 500, b"java.lang.NullPointerException"
        if self.mode == "elsewhere":
            return 302, b""
        found = opened(KEY, data)
        if found is None:
            return 403, b"{}"
        self.seen.append(found)
        said = {"authToken": "A/B+C==", "username": found["username"], "dataSource": "json"}
        return 200, json.dumps(said | {"availableDataSources": ["json"]}).encode()

    def close(self) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()


def opened(key: str, data: str) -> dict[str, Any] | None:
    secret = bytes.fromhex(key)
    decryptor = Cipher(AES(secret), modes.CBC(bytes(16))).decryptor()
    plain = decryptor.update(base64.b64decode(data)) + decryptor.finalize()
    plain = plain[: -plain[-1]]
    signature, text = plain[:32], plain[32:]
    if not hmac.compare_digest(hmac.new(secret, text, hashlib.sha256).digest(), signature):
        return None
    found: dict[str, Any] = json.loads(text)
    return found
