"""A server that means harm: names that lead out of the folder, bytes that are not what was promised, and
addresses that are somebody else's."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.cli.conftest import Person
from tests.cli.documents import content, put, write

ME = "11111111-1111-4111-8111-111111111111"
VERSION = "22222222-2222-4222-8222-222222222222"
FILE = "33333333-3333-4333-8333-333333333333"


@dataclass
class Hostile:
    """What it says of its one document, and what was asked of it."""

    paths: list[str] = field(default_factory=list)
    body: bytes = b"evil"
    checksum: str = sha256(b"evil").hexdigest()
    location: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    def answer(self, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        route = path.removeprefix("/api")
        file = {
            "id": FILE,
            "bucket_type": "users",
            "bucket_id": ME,
            "is_deleted": False,
            "source_file_id": None,
        }
        version = {
            "id": VERSION,
            "file_id": FILE,
            "version_number": 1,
            "checksum": self.checksum,
            "size": len(self.body),
        }
        known: dict[str, Any] = {
            "/currentuser": {"uuid": ME, "username": "ann", "company_id": None},
            "/projects": [],
            "/storage/list": {
                "files": [{**file, "logical_path": one, "name": one} for one in self.paths],
                "pagination": {"total_pages": 1},
            },
            "/storage/metadata": {"file": file, "current_version": version},
            "/storage/folders": {"folders": [], "files": []},
        }
        if route in known:
            return 200, {"Content-Type": "application/json"}, json.dumps(known[route]).encode()
        if route == "/storage/download/proxy":
            return (
                200,
                {"ETag": f'"{VERSION}"', "X-Checksum-SHA256": self.checksum, "X-Version-Number": "1"},
                self.body,
            )
        if route == "/storage/uploads":
            return 201, {"Location": self.location, "Upload-Offset": "0"}, b""
        if method == "PATCH":
            made = {"X-Version-ID": VERSION, "X-Version-Number": "1", "Upload-Offset": "1"}
            return 204, made, b""
        return 404, {}, b""


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    told = Hostile()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = urlsplit(self.path).path
            told.asked.append((self.command, path))
            status, headers, body = told.answer(self.command, path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_HEAD = _do

        def log_message(self, *_: Any) -> None:
            pass

    one = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=one.serve_forever, daemon=True).start()
    told.url = f"http://127.0.0.1:{one.server_address[1]}"
    yield told
    one.shutdown()
    one.server_close()


@pytest.fixture
def victim(person: Callable[..., Person], hostile: Hostile) -> Person:
    one = person("victim", signed_in=False)
    one.env |= {"TOOLCRIB_URL": hostile.url, "TOOLCRIB_TOKEN": "x"}
    one.cwd = one.home / "here"
    one.cwd.mkdir()
    return one


def everything(folder: Path) -> set[str]:
    found = {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}
    return {one for one in found if not one.startswith(".cache")}


@pytest.mark.parametrize(
    "path",
    [
        "stuff/../../evil",
        "stuff/..",
        "stuff//evil",
        "stuff/a\\..\\..\\evil",
        "/etc/cron.d/evil",
        "../evil",
        "elsewhere/evil",
        "stuff/nul\x00byte",
        "stuff/\x1b[31mred",
        "stuff/.toolcrib-docs.json",
        "stuff",
        "",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(victim: Person, hostile: Hostile, path: str) -> None:
    hostile.paths = ["stuff/good.txt", path]
    done = victim.run("docs", "get", "-r", "me:stuff", "out", code=1)
    assert "Refused" in done.err
    assert "\x1b" not in done.err
    assert everything(victim.home) <= {"here/out/good.txt"}


def test_a_link_in_the_folder_leads_nothing_out_of_it(victim: Person, hostile: Hostile) -> None:
    outside = victim.home / "outside"
    outside.mkdir()
    (victim.cwd / "stuff").mkdir()
    (victim.cwd / "stuff" / "link").symlink_to(outside)
    hostile.paths = ["stuff/link/evil", "stuff/link/deep/evil"]
    assert "outside of" in victim.run("docs", "get", "-r", "me:stuff", code=1).err
    assert everything(outside) == set()


def test_a_link_in_place_of_the_file_is_replaced_not_followed(ann: Person) -> None:
    put(ann, "me:linked/x", "new")
    write(ann, "precious", "new")  # what a version says, so that replacing it is allowed
    (ann.cwd / "x").symlink_to(ann.cwd / "precious")
    put(ann, "me:linked/x", "newer")
    ann.run("docs", "get", "me:linked/x")
    assert (ann.cwd / "precious").read_text() == "new"
    assert (ann.cwd / "x").read_text() == "newer"
    (ann.cwd / "y.part").symlink_to(ann.cwd / "precious")
    assert "in the way" in ann.run("docs", "get", "me:linked/x", "y", code=2).err
    assert (ann.cwd / "precious").read_text() == "new"


def test_bytes_that_are_not_what_was_promised_get_no_name(victim: Person, hostile: Hostile) -> None:
    hostile.checksum = sha256(b"good").hexdigest()
    done = victim.run("docs", "get", "me:x", code=1)
    assert "damaged" in done.err
    assert everything(victim.home) == set()
    assert "damaged" in victim.run("docs", "get", "me:x", "-", code=1).err


def test_an_upload_goes_to_the_server_it_was_begun_at(victim: Person, hostile: Hostile) -> None:
    other = "http://127.0.0.1:9/api/storage/uploads/0123456789abcdef"
    hostile.location = other
    victim.run("docs", "put", write(victim, "x", "1"), "me:x")
    assert ("PATCH", "/api/storage/uploads/0123456789abcdef") in hostile.asked
    hostile.location = "/api/storage/uploads/a b?c"
    assert "unexpected answer" in victim.run("docs", "put", write(victim, "y", "1"), "me:y", code=2).err


def test_a_name_one_asked_for_is_the_name_one_gets(ann: Person) -> None:
    """The file's own name for downloads may be another."""
    uuid = ann.client.get("/api/currentuser").json()["uuid"]
    answer = ann.client.post(
        "/api/storage/upload/proxy",
        data={"bucket_type": "users", "bucket_id": uuid, "logical_path": "named/plain.txt"},
        files={"file": (".bashrc", b"evil")},
    )
    assert answer.status_code == 201
    ann.run("docs", "get", "me:named/plain.txt")
    assert content(ann, "me:named/plain.txt") == "evil"
    assert not (ann.cwd / ".bashrc").exists()
    assert (ann.cwd / "plain.txt").read_text() == "evil"
