"""A Kubernetes API server with the real paths, answers and refusals, which can also be slow, down or talk nonsense."""

from __future__ import annotations

import base64
import json
import select
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

from tests.servers.certificates import Certificate
from tests.servers.kubernetes.store import KINDS, Body, Kind, Refused, Store

TOKEN = "a-token-of-the-tests"
NAMESPACE = "desks"
WRITES = {"POST": "create", "PATCH": "patch", "PUT": "update", "DELETE": "delete"}


class KubeApi:
    """`asked` lists method and path of each request. `mode` is `normal`, `down`, `slow`, `nonsense`, `endless`,
    `elsewhere` or `broken`."""

    def __init__(self, tls: Certificate | None = None) -> None:
        self.store = Store()
        self.token: str | None = TOKEN  # None: anybody may do everything
        self.mode = "normal"
        self.released = threading.Event()
        self.forbidden: set[tuple[str, str]] = set()  # verb and plural
        self.metrics: dict[str, Body] | None = None  # by pod; None: metrics.k8s.io is not there
        self.refuse: Callable[[str, Kind, Body], Refused | None] = lambda verb, kind, body: None  # admission
        self.before_list: Callable[[dict[str, str]], None] = lambda query: None
        self.asked: list[tuple[str, str]] = []
        self.written = 0
        self.cut_at: int | None = None  # from this write on (counted from 0) no answer comes
        self.is_cut_done = False  # whether that write is carried out
        self.watches = 0
        self._watch_round = 0
        self._bookmark_round = 0
        handler = type("Handler", (_Handler,), {"api": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls.chain, tls.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self.url = f"https://localhost:{self.port}"
        self.namespace = NAMESPACE
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.released.set()
        self.end_watches()
        self._server.shutdown()
        self._server.server_close()

    def write_kubeconfig(self, path: Path, *, token: str | None = None) -> Path:
        path.write_text(kubeconfig(self.url, self.namespace, {"token": token or self.token or TOKEN}))
        return path

    def objects(self, plural: str) -> dict[str, Body]:
        kind = next(kind for kind in KINDS.values() if kind.plural == plural)
        with self.store.news:
            return {body["metadata"]["name"]: body for body in self.store.of(kind, self.namespace)}

    def end_watches(self) -> None:
        """End all watches, as a real server does after some minutes."""
        with self.store.news:
            self._watch_round += 1
            self.store.news.notify_all()

    def send_bookmarks(self) -> None:
        with self.store.news:
            self._bookmark_round += 1
            self.store.news.notify_all()

    @property
    def rounds(self) -> tuple[int, int]:
        return self._watch_round, self._bookmark_round


def kubeconfig(url: str, namespace: str, user: dict[str, str], **cluster: str) -> str:
    text: str = yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": {"server": url, **cluster}}],
            "users": [{"name": "test", "user": user}],
            "contexts": [
                {"name": "test", "context": {"cluster": "test", "user": "test", "namespace": namespace}}
            ],
            "current-context": "test",
        }
    )
    return text


class _Handler(BaseHTTPRequestHandler):
    api: KubeApi
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two packets

    def log_message(self, *_: Any) -> None:
        return

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_PATCH(self) -> None:
        self._serve("PATCH")

    def do_PUT(self) -> None:
        self._serve("PUT")

    def do_DELETE(self) -> None:
        self._serve("DELETE")

    def _serve(self, method: str) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):
            self._serve_one(method)

    def _serve_one(self, method: str) -> None:
        api = self.api
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        api.asked.append((method, unquote(url.path)))
        if self._misbehave():
            return
        is_write = method in WRITES and "dryRun" not in query
        cut = self._cut() if is_write else ""
        if cut != "before":
            try:
                answer = self._answer(method, url.path, query, content)
            except Refused as error:
                answer = error.code, error.body
            if not cut and answer is not None:
                self._send(*answer)
        if cut:
            self._drop()

    def _cut(self) -> str:
        api = self.api
        with api.store.news:
            number, api.written = api.written, api.written + 1
        if api.cut_at is None or number < api.cut_at:
            return ""
        return "after" if number == api.cut_at and api.is_cut_done else "before"

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.close()

    def _misbehave(self) -> bool:
        match self.api.mode:
            case "down":
                self._drop()
            case "slow":
                self.api.released.wait(30)
                return False
            case "nonsense":
                self._send_bytes(200, b"<html>Welcome!</html>", "text/html")
            case "broken":
                self._send_bytes(500, b"panic", "text/plain")
            case "elsewhere":
                self.send_response(302)
                self.send_header("Location", self.api.url + "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()
            case "endless":
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.close_connection = True
                for _ in range(200):
                    self.wfile.write(b" " * 2**20)
            case _:
                return False
        return True

    def _send(self, code: int, body: Body) -> None:
        self._send_bytes(code, json.dumps(body).encode(), "application/json")

    def _send_bytes(self, code: int, content: bytes, content_type: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _answer(
        self, method: str, path: str, query: dict[str, str], content: bytes
    ) -> tuple[int, Body] | None:
        scheme, _, token = (self.headers.get("Authorization") or "").partition(" ")
        if self.api.token and (scheme.lower(), token) != ("bearer", self.api.token):
            raise Refused(401, "Unauthorized", "Unauthorized")
        parts = [unquote(part) for part in path.strip("/").split("/")]
        if (found := _discovery(parts)) is not None:
            return 200, found
        if parts[:3] == ["apis", "metrics.k8s.io", "v1beta1"]:
            return 200, self._metrics(parts[-1])
        version, rest = (parts[1], parts[2:]) if parts[0] == "api" else ("/".join(parts[1:3]), parts[3:])
        if len(rest) < 3 or rest[0] != "namespaces" or (version, rest[2]) not in KINDS:
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        namespace, kind = rest[1], KINDS[version, rest[2]]
        name, part = (rest[3] if len(rest) > 3 else ""), (rest[4] if len(rest) > 4 else "")
        self._check_right(method, kind, name, query, namespace)
        if method == "GET":
            if query.get("watch") in {"1", "true"}:
                self._watch(kind, namespace, query)
                return None
            return 200, self.api.store.get(kind, namespace, name) if name else self._list(
                kind, namespace, query
            )
        return self._write(method, kind, namespace, name, part, query, content)

    def _check_right(self, method: str, kind: Kind, name: str, query: dict[str, str], namespace: str) -> None:
        verb = WRITES.get(method) or ("watch" if "watch" in query else "get" if name else "list")
        if (verb, kind.plural) in self.api.forbidden:
            who = 'User "system:serviceaccount:tools:toolcrib"'
            text = (
                f'{who} cannot {verb} resource "{kind.plural}" in API group "{kind.group}" in the namespace'
            )
            raise Refused(403, "Forbidden", f'{kind.qualified} is forbidden: {text} "{namespace}"')

    def _metrics(self, pod: str) -> Body:
        if self.api.metrics is None or pod not in self.api.metrics:
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        return {"kind": "PodMetrics", "apiVersion": "metrics.k8s.io/v1beta1", **self.api.metrics[pod]}

    def _write(
        self,
        method: str,
        kind: Kind,
        namespace: str,
        name: str,
        part: str,
        query: dict[str, str],
        content: bytes,
    ) -> tuple[int, Body]:
        store, manager = self.api.store, query.get("fieldManager", "unknown")
        content_type = self.headers.get("Content-Type", "").partition(";")[0]
        try:
            body = yaml.safe_load(content) if content_type.endswith("yaml") else json.loads(content or b"{}")
        except (ValueError, yaml.YAMLError):
            raise Refused(400, "BadRequest", "the object provided is unrecognized") from None
        if (refused := self.api.refuse(WRITES[method], kind, body)) is not None:
            raise refused
        if method == "POST":
            return 201, store.create(kind, namespace, body, manager, dry_run="dryRun" in query)
        if method == "DELETE":
            uid = (body.get("preconditions") or {}).get("uid")
            return 200, store.delete(kind, namespace, name, uid)
        if part == "scale":
            body = {"spec": {"replicas": body["spec"]["replicas"]}}
            content_type, method, part = "application/merge-patch+json", "PATCH", ""
        if method == "PUT":
            return 200, store.replace(kind, namespace, name, body, manager, part)
        return 200, store.patch(kind, namespace, name, content_type, body, manager, part)

    def _list(self, kind: Kind, namespace: str, query: dict[str, str]) -> Body:
        store = self.api.store
        self.api.before_list(query)
        with store.news:
            found = [body for body in store.of(kind, namespace) if _is_selected(body, query)]
            version, start = store.version, 0
            if token := query.get("continue"):
                version, start = json.loads(base64.b64decode(token))
                if version < store.oldest:
                    raise Refused(410, "Expired", "The provided continue parameter is too old")
            limit = int(query.get("limit") or 0) or len(found)
            metadata: Body = {"resourceVersion": str(version)}
            if start + limit < len(found):
                metadata["continue"] = base64.b64encode(
                    json.dumps([version, start + limit]).encode()
                ).decode()
            items = [{k: v for k, v in body.items() if k not in {"kind", "apiVersion"}} for body in found]
            return {
                "kind": f"{kind.kind}List",
                "apiVersion": kind.version,
                "metadata": metadata,
                "items": json.loads(json.dumps(items[start : start + limit])),
            }

    def _watch(self, kind: Kind, namespace: str, query: dict[str, str]) -> None:
        api, store = self.api, self.api.store
        since = int(query.get("resourceVersion") or 0)
        ends = time.monotonic() + float(query.get("timeoutSeconds") or 1800)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True  # if it is broken off
        with store.news:
            api.watches += 1
            watch_round, bookmark_round = api.rounds
            store.news.notify_all()
        try:
            while True:
                lines: list[Body] = []
                with store.news:
                    while not lines and api.rounds[0] == watch_round and time.monotonic() < ends:
                        if since < store.oldest:
                            lines.append({"type": "ERROR", "object": Refused(410, "Expired", "too old").body})
                            watch_round = -1
                            break
                        for version, change, changed, body in store.changes:
                            if (
                                version > since
                                and changed == kind
                                and body["metadata"]["namespace"] == namespace
                            ):
                                if _is_selected(body, query):
                                    lines.append({"type": change, "object": body})
                                since = version
                        if api.rounds[1] != bookmark_round and query.get("allowWatchBookmarks"):
                            bookmark_round, since = api.rounds[1], store.version
                            at = {"resourceVersion": str(since)}
                            bookmark = {"kind": kind.kind, "apiVersion": kind.version, "metadata": at}
                            lines.append({"type": "BOOKMARK", "object": bookmark})
                        if not lines:
                            store.news.wait(min(0.2, max(ends - time.monotonic(), 0.01)))
                            if self._is_hung_up():
                                return
                if api.mode == "down" or not lines:
                    break
                for line in lines:
                    self._chunk(json.dumps(line).encode() + b"\n")
            self._chunk(b"")
            # As a real server does: a client that has read the end sends its next request on this connection.
            self.close_connection = api.mode == "down"
        finally:
            with store.news:
                api.watches -= 1
                store.news.notify_all()

    def _is_hung_up(self) -> bool:
        return bool(select.select([self.connection], [], [], 0)[0])  # it sends nothing more: this is the end

    def _chunk(self, content: bytes) -> None:
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")


def _is_selected(body: Body, query: dict[str, str]) -> bool:
    labels = body["metadata"].get("labels") or {}
    for word in filter(None, query.get("labelSelector", "").split(",")):
        key, _, value = word.partition("=")
        if labels.get(key) != value.lstrip("="):
            return False
    for word in filter(None, query.get("fieldSelector", "").split(",")):
        key, _, value = word.partition("=")
        found: Any = body
        for step in key.split("."):
            found = found.get(step) if isinstance(found, dict) else None
        if found != value.lstrip("="):
            return False
    return True


def _discovery(parts: list[str]) -> Body | None:
    """What kubectl asks first."""
    groups = sorted({kind.version for kind in KINDS.values()})
    match parts:
        case ["version"]:
            return {"major": "1", "minor": "32", "gitVersion": "v1.32.0"}
        case ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"]}
        case ["apis"]:
            found = [
                {
                    "name": version.partition("/")[0],
                    "versions": [{"groupVersion": version, "version": version.partition("/")[2]}],
                    "preferredVersion": {"groupVersion": version, "version": version.partition("/")[2]},
                }
                for version in groups
                if "/" in version
            ]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}
        case ["api", "v1"] | ["apis", _, _] if "/".join(parts[1:]) in groups:
            version = "/".join(parts[1:])
            verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
            resources = [
                {
                    "name": k.plural,
                    "singularName": k.kind.lower(),
                    "namespaced": True,
                    "kind": k.kind,
                    "verbs": verbs,
                }
                for k in KINDS.values()
                if k.version == version
            ]
            return {
                "kind": "APIResourceList",
                "apiVersion": "v1",
                "groupVersion": version,
                "resources": resources,
            }
    return None
