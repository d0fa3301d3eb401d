"""Behind nginx, configured as docs/installing.md says, with a port of its own and with and without a base path."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from websockets import ConnectionClosed, Origin, Subprotocol
from websockets.sync.client import connect

from tests.servers.certificates import Certificate
from tests.servers.environment import ADMIN, PASSWORD
from tests.servers.process import Process, free_port, listening, program
from tests.servers.toolcrib import ToolcribServer

pytestmark = pytest.mark.databases("sqlite")

BAD_TICKET = 4002
StartServer = Callable[..., ToolcribServer]
PAGE = Path(__file__).parents[2] / "docs" / "installing.md"
MAIN = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 64; }}
http {{
{maps}
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {chain};
        ssl_certificate_key {key};
{locations}
    }}
}}
"""


def documented_maps() -> str:
    """What the page has beside the server block."""
    found = re.findall(r"^    map .*?^    }$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(found) == 1, found
    return "\n".join(found)


def documented(base_path: str) -> str:
    """The locations that the page gives for this base path."""
    found = re.findall(
        r"^    location .*?^    }$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    root = [each for each in found if each.startswith("    location / {")]
    below = [each for each in found if each not in root]
    assert len(root) == 1, found
    assert len(below) == 2, found
    return "\n".join(below if base_path else root)


@contextmanager
def behind_nginx(
    start: StartServer, folder: Path, base_path: str
) -> Iterator[tuple[ToolcribServer, httpx.Client]]:
    """A server, and a browser at the address that people type."""
    certificate = Certificate.make(folder, "localhost")
    port = free_port()
    public = f"https://localhost:{port}{base_path}"
    crib = start(BASE_PATH=base_path, FRONTEND_BASE_URL=public)
    locations = documented(base_path).replace("127.0.0.1:5000", f"127.0.0.1:{crib.port}")
    main = MAIN.format(
        folder=folder,
        port=port,
        chain=certificate.chain,
        key=certificate.key,
        locations=locations,
        maps=documented_maps(),
    )
    (folder / "nginx.conf").write_text(main, encoding="utf-8")
    nginx = Process(
        [program("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")],
        output=folder / "nginx.log",
    )
    try:
        nginx.wait_ready(lambda: listening(port))
        trust = ssl.create_default_context(cafile=str(certificate.authority))
        with httpx.Client(base_url=public, verify=trust, timeout=30) as browser:
            yield crib, browser
    finally:
        nginx.stop()


def _closed_with(origin: str, base_path: str, folder: Path) -> int | None:
    """Open a view of a desktop with a ticket that there is not: how the server closes it."""
    trust = ssl.create_default_context(cafile=str(folder / "authority.pem"))
    protocols = [Subprotocol("binary"), Subprotocol(f"ticket.{'x' * 43}")]
    address = f"{origin}{base_path}/api/desktops/view".replace("https://", "wss://")
    with (
        connect(address, ssl=trust, origin=Origin(origin), subprotocols=protocols, proxy=None) as view,
        pytest.raises(ConnectionClosed) as closed,
    ):
        view.recv(timeout=10)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


@pytest.mark.parametrize("base_path", ["", "/crib"])
def test_the_documented_configuration_works(server: StartServer, tmp_path: Path, base_path: str) -> None:
    with behind_nginx(server, tmp_path, base_path) as (crib, browser):
        origin = str(browser.base_url.copy_with(path="/")).rstrip("/")
        page = browser.get("/")
        assert page.status_code == 200
        if base_path:
            assert browser.get(origin + base_path).headers["Location"] == f"{origin}{base_path}/"
        browser.headers["Origin"] = origin
        signed_in = browser.post("/api/session", json={"username": ADMIN, "password": PASSWORD})
        assert signed_in.status_code == 200, signed_in.text
        assert "Secure" in signed_in.headers["Set-Cookie"]
        assert f"Path={base_path or '/'}" in signed_in.headers["Set-Cookie"]
        held = browser.post("/api/locks", json={"asset_path": "a.png", "branch": "main"})
        assert held.status_code == 201, held.text
        with browser.stream("GET", "/api/events/stream", params={"since": 0}) as stream:
            assert next(line for line in stream.iter_lines() if line.startswith("data:"))
        me = browser.get("/api/currentuser").json()["uuid"]
        place = {"bucket_type": "users", "bucket_id": me, "logical_path": "big.bin"}
        content = b"x" * 3_000_000  # more than nginx takes by default
        sent = browser.post("/api/storage/upload/proxy", data=place, files={"file": ("big.bin", content)})
        assert sent.status_code == 201, sent.text
        signed = browser.post("/api/storage/download/presign", json=place).json()["url"]
        assert signed.startswith(f"{origin}{base_path}/api/files/")
        assert browser.get(signed).content == content
        refused = browser.post(
            "/api/users/me/keys", json={"name": "k"}, headers={"Origin": "https://evil.example"}
        )
        assert refused.json()["code"] == "cross_site_write"
        assert _closed_with(origin, base_path, tmp_path) == BAD_TICKET
        assert browser.delete("/api/session").status_code == 204
        for path in ("/health", "/healthz", "/api/health"):  # as a balancer asks the server itself
            assert httpx.get(f"http://127.0.0.1:{crib.port}{path}", timeout=10).status_code == 200
