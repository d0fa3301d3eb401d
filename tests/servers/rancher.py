"""A Rancher, as far as its catalogue is used: apps of a chart, their pods and claims. It can also be unwell."""

from __future__ import annotations

import json
import re
import threading
import uuid
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Body = dict[str, Any]

TOKEN = "token-abcde:a-secret"
CLUSTER, REPOSITORY = "c-m-1", "desks-repo"
PATH = re.compile(rf"/k8s/clusters/{CLUSTER}/v1/([a-z.]+)(?:/([^/]+))?(?:/([^/]+))?")
NOW = "2026-11-20T12:00:00Z"


class RancherError(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.body = {
            "type": "error",
            "code": code,
            "message": f"{code} <b>words of Rancher</b>",
            "status": status,
        }


class Rancher:
    """`installs` has the bodies of all installations. `mode` is `normal`, `down`, `slow`, `nonsense`, `elsewhere`."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Body] = {}
        self.installs: list[Body] = []
        self.uninstalls: list[str] = []
        self.fails = False  # releases fail
        self.mode = "normal"
        self.released = threading.Event()
        self.lock = threading.RLock()
        self._version = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"rancher": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def names(self) -> set[tuple[str, str]]:
        with self.lock:
            return set(self.objects)

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Body]:
        found = PATH.fullmatch(path)
        if not found:
            raise RancherError(404, "NotFound")
        plural, first, second = (unquote(part) if part else "" for part in found.groups(default=""))
        with self.lock:
            if plural == "catalog.cattle.io.clusterrepos":
                if first != REPOSITORY:
                    raise RancherError(404, "NotFound")
                return self._install(body) if query.get("action") == "install" else (200, {"id": first})
            if method == "GET" and not first:
                return 200, self._list(plural, query)
            if method == "POST" and not first:
                return 201, self.put(plural, body)
            if (plural, second) not in self.objects:
                raise RancherError(404, "NotFound")
            old = self.objects[plural, second]
            if query.get("action") == "uninstall":
                self.uninstalls.append(second)
                for key in (("catalog.cattle.io.apps", second), ("pods", f"{second}-0")):
                    self.objects.pop(key, None)
                return 201, {"operationName": "helm-operation-x", "operationNamespace": first}
            if method == "DELETE":
                del self.objects[plural, second]
                return 204, {}
            if method == "PUT":
                if body["metadata"]["resourceVersion"] != old["metadata"]["resourceVersion"]:
                    raise RancherError(409, "Conflict")
                del self.objects[plural, second]
                return 200, self.put(plural, body)
            return 200, old

    def put(self, plural: str, body: Body) -> Body:
        key = (plural, body["metadata"]["name"])
        if key in self.objects:
            raise RancherError(409, "AlreadyExists")
        self._version += 1
        meta = {"uid": str(uuid.uuid4()), **body["metadata"], "resourceVersion": str(self._version)}
        made = {**body, "id": "/".join(key), "type": plural, "metadata": meta}
        if plural == "persistentvolumeclaims":
            made["status"] = {"phase": "Bound"}
        self.objects[key] = made
        return made

    def _list(self, plural: str, query: dict[str, str]) -> Body:
        wanted = dict(word.split("=") for word in filter(None, query.get("labelSelector", "").split(",")))
        found = [
            body
            for (kind, _), body in sorted(self.objects.items())
            if kind == plural and wanted.items() <= body["metadata"].get("labels", {}).items()
        ]
        start = int(query.get("continue") or 0)
        more = {"continue": str(start + 2)} if start + 2 < len(found) else {}
        return {"type": "collection", "data": found[start : start + 2], **more}

    def _install(self, body: Body) -> tuple[int, Body]:
        (chart,) = body["charts"]
        name, values = chart["releaseName"], chart["values"]
        self.installs.append(body)
        labels = {"app": name}
        status = "failed" if self.fails else "deployed"
        self.put(
            "catalog.cattle.io.apps",
            {"metadata": {"name": name}, "spec": {"info": {"status": status}, "values": values}},
        )
        if not self.fails:
            running: list[Body] = [
                {"name": n, "ready": True, "state": {"running": {}}} for n in ("vncserver", "desktop")
            ]
            pod = {"phase": "Running", "startTime": NOW, "containerStatuses": running}
            self.put("pods", {"metadata": {"name": f"{name}-0", "labels": labels}, "status": pod})
            claim = {"metadata": {"name": f"{name}-home", "labels": labels}}
            if (
                values["storage"]["persistenthome"]
                and ("persistentvolumeclaims", f"{name}-home") not in self.objects
            ):
                self.put("persistentvolumeclaims", claim)
        return 201, {"operationName": "helm-operation-x", "operationNamespace": body["namespace"]}


class _Handler(BaseHTTPRequestHandler):
    rancher: Rancher
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        return

    def _serve(self) -> None:
        url = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        mode = self.rancher.mode
        with suppress(BrokenPipeError, ConnectionResetError):
            if mode == "down":
                self.close_connection = True
                self.connection.close()
                return None
            if mode == "slow":
                self.rancher.released.wait(30)
            if mode == "nonsense":
                return self._send(200, b"<html>")
            if mode == "elsewhere":
                return self._send(302, b"", {"Location": "/elsewhere"})
            try:
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    raise RancherError(401, "Unauthorized")
                body = json.loads(content) if content else None
                status, answer = self.rancher.answer(self.command, url.path, query, body)
            except RancherError as error:
                status, answer = error.status, error.body
            self._send(status, b"" if status == 204 else json.dumps(answer).encode())
        return None

    def _send(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = _serve
