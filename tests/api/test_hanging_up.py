"""Clients that hang up in the middle of what they send: an ordinary line in the log, whatever they sent."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable

from tests.servers.process import wait_until
from tests.servers.s3 import S3Server
from tests.servers.toolcrib import ToolcribServer

BOUNDARY = "the-boundary"
LFS = "/info/lfs/objects/" + "0" * 64
FORM = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx'
# By method and path: the type of the body, and how it begins.
BEGUN = {
    ("POST", "/api/locks"): ("application/json", b'{"asset_path": "'),
    ("POST", "/api/locks/bulk"): ("application/json", b'{"action": "lock", "paths": ["a", '),
    ("POST", "/api/admin/users"): ("application/json", b'{"username": "'),
    ("POST", "/api/login"): ("application/json", b'{"username": "'),
    ("PUT", LFS): ("application/octet-stream", b"x" * 100_000),
    ("POST", "/api/storage/upload/proxy"): (f"multipart/form-data; boundary={BOUNDARY}", FORM.encode()),
    ("PUT", "/dav/users/me/a.txt"): ("text/plain", b"x" * 100_000),
    ("PROPFIND", "/dav/"): ("application/xml", b"<?xml"),
}


def hang_up(crib: ToolcribServer, method: str, path: str, content_type: str, begun: bytes) -> None:
    """Begin to send a body, and end the connection."""
    head = (
        f"{method} {path} HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{crib.port}\r\n"
        f"Authorization: {crib.admin.headers['Authorization']}\r\n"
        f"Content-Type: {content_type}\r\n"
        f"Content-Length: {len(begun) + 1_000}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", crib.port), timeout=10) as client:
        client.sendall(head.encode() + begun)


def check_lines(crib: ToolcribServer, count: int) -> None:
    """`count` requests were logged, as ended by their clients, and nothing as a fault of ours."""

    def lines() -> list[str]:
        return re.findall(r"request .*status=.*", crib.output())

    wait_until(lambda: len(lines()) >= count, "a line for each")
    assert all("status=499" in line for line in lines()), crib.output()
    assert "Traceback" not in crib.output()
    assert "[error" not in crib.output()


def test_a_client_that_hangs_up_is_an_ordinary_line(server: Callable[..., ToolcribServer]) -> None:
    crib = server()
    for (method, path), (content_type, begun) in BEGUN.items():
        hang_up(crib, method, path, content_type, begun)
    check_lines(crib, len(BEGUN))


def test_a_client_that_hangs_up_is_no_fault_of_the_file_store(
    server: Callable[..., ToolcribServer], s3_server: S3Server
) -> None:
    crib = server(**s3_server.settings())
    hang_up(crib, "PUT", LFS, "application/octet-stream", b"x" * 12_000_000)  # more than one part
    check_lines(crib, 1)
