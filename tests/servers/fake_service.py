"""A small service of somebody else's, which the server asks by POSTing JSON."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class FakeService(ABC):
    """Answers as the subclass says; `asked` has what came: path, body and Cookie header."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any, str | None]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                service.asked.append((self.path, body, self.headers["Cookie"]))
                status, answer = service.answer(body)
                self.send_response(status)
                if status in {301, 302, 307, 308}:
                    self.send_header("Location", f"{service.url}/elsewhere")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    @abstractmethod
    def answer(self, body: Any) -> tuple[int, bytes]: ...

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
