"""Input nobody sends by mistake."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from tests.documents.envelope import refused, succeeded
from tests.documents.webdav import Dav
from tests.servers.crib import BASE, Crib, Person

TRAVERSALS = [
    "..",
    ".",
    "../etc/passwd",
    "a/../b",
    "a/..",
    "./a",
    "a/./b",
    "/../a",
    "%2e%2e/a",
    "%2e%2e%2fa",
    "..%2fa",
    "%252e%252e/a",
    "..\\a",
    "..%5ca",
    "a\\..\\b",
    "C:\\a",
]
UNUSABLE = ["", " ", "/", "//", "a/ /b", "nul\0", "line\nbreak", "tab\t", "bell\x07", "del\x7f", "c1\x85"]
TOO_LONG = ["x" * 256, "ü" * 128, "/".join(["x" * 100] * 11), "x" * 4096]


def _everywhere(person: Person, path: str) -> list[Any]:
    place, read = person.at(path), person.read_at(path)
    good = {"source_bucket": "users", "source_id": person.uuid, "source_path": "good.txt"}
    return [
        person.put(path, filename="x.txt"),
        person.post("/upload/presign", **place),
        person.get("/download/presign", **place),
        person.get("/download/proxy", **place),
        person.get("/metadata", **read),
        person.call("PATCH", "/metadata", params=read, json={"tags": {}}),
        person.post("/lock", **place),
        person.post("/unlock", **place),
        person.call("DELETE", "/delete", json=place),
        person.post("/folders", **place),
        person.post(
            "/copy", **good, target_bucket="users", target_id=person.uuid, target_path=path, new_filename="n"
        ),
        person.post(
            "/copy",
            source_bucket="users",
            source_id=person.uuid,
            source_path=path,
            target_bucket="users",
            target_id=person.uuid,
            target_path="t",
        ),
    ]


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("path", [*TRAVERSALS, *UNUSABLE, *TOO_LONG])
def test_paths_no_file_has_are_refused_everywhere(ann: Person, path: str) -> None:
    ann.stored("good.txt")
    answers = _everywhere(ann, path)
    statuses = [answer.status_code for answer in answers]
    if path in {"", " ", "/", "//"}:
        # As a copy's target a folder may stand there: `/` and `//` are the root.
        statuses = [status for status, answer in zip(statuses, answers, strict=True) if status != 201]
    assert set(statuses) == {400}, statuses


@pytest.mark.every_database
@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("a..b/c.txt", "a..b/c.txt"),
        ("...", "..."),
        ("a//b///c.txt", "a/b/c.txt"),
        ("/leading/slash.txt", "leading/slash.txt"),
        ("x" * 255, "x" * 255),
        ("e\u0301.txt", "é.txt"),
        ("100%.txt", "100%.txt"),
        ("a%20b.txt", "a%20b.txt"),
        ("<script>alert(1)</script>.txt".replace("/", "_"), "<script>alert(1)<_script>.txt"),
        ("'; DROP TABLE document_files; --", "'; DROP TABLE document_files; --"),
        ("🙂" * 60, "🙂" * 60),
        ("/".join(["🙂" * 50] * 5), "/".join(["🙂" * 50] * 5)),
        ("CaseMatters.TXT", "CaseMatters.TXT"),
        (" blanks at the ends ", " blanks at the ends "),
    ],
)
def test_unusual_names_are_kept_exactly(ann: Person, written: str, kept: str) -> None:
    data = succeeded(ann.put(written, b"it", filename="x"), 201)
    assert data["logical_path"] == kept
    assert ann.fetch(written).content == b"it"
    assert ann.metadata(kept)["file"]["id"] == data["file_id"]


@pytest.mark.every_database
def test_names_that_differ_only_in_case_accents_or_blanks_are_different(ann: Person) -> None:
    names = ["a.txt", "A.txt", "á.txt", "a.txt ", "ａ.txt"]
    for name in names:
        ann.stored(name, name.encode(), filename="x")
    for name in names:
        assert ann.fetch(name).content == name.encode()


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("raw", ["%ff%fe.txt", "%c0%ae%c0%ae/x", "%ed%a0%80"])
def test_names_that_are_no_utf8_are_refused(ann: Person, raw: str) -> None:
    url = f"{BASE}/download/proxy?bucket_type=users&bucket_id={ann.uuid}&logical_path={raw}"
    refused(ann.client.get(url), 400, "validation_error")


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    "named",
    [
        b'filename="\xff\xfe.txt"',
        b'filename="\xc0\xaf.txt"',
        b"filename=\"x\"; filename*=UTF-8''%ff.txt",
        b'filename="\xed\xa0\x80"',
    ],
)
def test_file_names_that_are_no_utf8_are_refused(ann: Person, named: bytes) -> None:
    form = b"".join(
        f'--xx\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in ann.at("a.txt").items()
    )
    form += b'--xx\r\nContent-Disposition: form-data; name="file"; ' + named + b"\r\n\r\nx\r\n--xx--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=xx"}
    refused(ann.call("POST", "/upload/proxy", content=form, headers=headers), 400, "validation_error")
    assert ann.fetch("a.txt").status_code == 404


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    "name",
    ["x" * 4096 + ".txt", "ü" * 2048, "../" * 1000 + "x.txt", "\x07\x1b[31m.txt", "..", "a/..", "\u202e"],
)
def test_no_file_name_does_harm(ann: Person, name: str) -> None:
    """What a download is called is a name and nothing else; where there is nothing left of it, it is none."""
    answer = ann.put("a.txt", filename=name)
    if answer.status_code == 400:
        refused(answer, 400, "empty_filename")
        return
    kept = succeeded(answer, 201)["filename"]
    assert len(kept.encode()) <= 255
    assert "/" not in kept
    assert kept not in {"", ".", ".."}
    assert kept.isprintable() or "\u202e" in kept
    assert ann.fetch("a.txt").headers["content-disposition"].isascii()


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    "target",
    [
        "../x",
        "d/../../x",
        "d/..",
        "..",
        "/../x",
        "..\\x",
        "%2e%2e/x",
        "%2e%2e%2fx",
        "%252e%252e%252fx",
        "d/%2e%2e/%2e%2e/x",
        "..%c0%afx",
        "d\\..\\..\\x",
        "C:\\x",
        "x\0.txt",
    ],
)
def test_nothing_is_unpacked_outside_its_bucket(ann: Person, ben: Person, target: str) -> None:
    ann.stored("good.txt")
    good = {"source_bucket": "users", "source_id": ann.uuid, "source_path": "good.txt"}
    mine = {"target_bucket": "users", "target_id": ann.uuid}
    other = f"/users/{ann.uuid}/../{ben.uuid}/x"
    for answer in (
        ann.put(target, filename="x"),
        ann.post("/upload/presign", **ann.at(target)),
        ann.post("/copy", **good, **mine, target_path=target),
        ann.post("/copy", **good, **mine, target_path="d/", new_filename=target),
        ann.post("/copy", **good, target_bucket="users", target_path=other),
        ann.post("/move", **ann.at("good.txt"), target_path=target),
        ann.post("/folders", **ann.at(target)),
        ann.call(
            "POST", "/upload/proxy", data={"bucket": "users", "path": other}, files={"file": ("x", b"")}
        ),
    ):
        if answer.status_code == 403:  # the absolute form's `..` is no user's id
            refused(answer, 403, "access_denied")
        else:
            refused(answer, 400, "validation_error")
    for person in (ann, ben):
        listed = person.get("/list", bucket="users", id=person.uuid).json()["files"]
        assert [file["logical_path"] for file in listed] == (["good.txt"] if person is ann else [])


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    "body",
    [
        b'{"file_id": "\\ud800"}',
        b'{"bucket_type": ["users"], "bucket_id": {}, "logical_path": 1}',
        b'{"file_id": null, "bucket_type": "users"}',
        b"\xff\xfe",
        b"null",
        b"",
        b'{"a":' * 5000,
        b"[" * 60_000,
    ],
)
def test_json_of_the_wrong_kind_is_refused(ann: Person, body: bytes) -> None:
    for method, path in (
        ("POST", "/lock"),
        ("POST", "/upload/presign"),
        ("POST", "/copy"),
        ("DELETE", "/delete"),
    ):
        refused(ann.call(method, path, content=body), 400, "validation_error")


def test_a_length_of_any_length_is_no_crash(crib: Crib, ann: Person) -> None:
    long = "9" * 5_000
    sent = Dav(crib, ann).put("long.bin", iter([b"hello"]), X_Expected_Entity_Length=long)
    assert sent.status_code == 413
    begun = ann.client.post(
        f"{BASE}/uploads", headers={"Tus-Resumable": "1.0.0", "Upload-Length": long, "Upload-Metadata": ""}
    )
    assert begun.status_code == 400


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server that takes files of 100,000 bytes."""
    one = Crib.start(tmp_path_factory.mktemp("small"), STORAGE_MAX_BYTES=100_000)
    yield one
    one.close()


def test_files_over_the_cap_are_refused(small: Crib) -> None:
    person = small.person()
    details = refused(person.put("a.txt", b"x" * 100_001), 413, "file_too_large")
    assert details["max_bytes"] == 100_000
    assert person.fetch("a.txt").status_code == 404
    succeeded(person.put("a.txt", b"x" * 100_000), 201)
    address = person.post("/upload/presign", **person.at("b.txt")).json()["url"]
    assert small.client().put(address, content=b"x" * 100_001).status_code == 413
    assert small.client().put(address, content=(b"x" * 60_000 for _ in range(2))).status_code == 413
    assert list(Path(small.folder, "files", "drafts").iterdir()) == []


def test_too_much_is_refused_before_it_is_sent(small: Crib) -> None:
    person = small.person()
    where = urlsplit(small.url)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=10) as raw:
        raw.sendall(
            f"POST {BASE}/upload/proxy HTTP/1.1\r\nHost: x\r\n"
            f"Cookie: access_token={person.client.cookies['access_token']}\r\n"
            "Content-Type: multipart/form-data; boundary=xx\r\nContent-Length: 9000000000\r\n\r\n".encode()
        )
        assert raw.recv(100).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "where", ["in the file", "in a file without a name", "in a second file", "before all"]
)
def test_too_much_is_refused_while_it_comes(small: Crib, where: str) -> None:
    """Of a form that does not say how long it is, wherever in it the bytes are."""
    person = small.person()
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        start = _form_start(person, "endless.bin")
        if where == "in a file without a name":
            start = start.replace(b'filename="h"', b'filename=""')
        if where == "in a second file":
            start += b"x\r\n" + start
        if where != "before all":
            yield start
        while sent < 200 * 2**20:
            sent += 65_536
            yield bytes(65_536)

    headers = {"Content-Type": "multipart/form-data; boundary=xx"}
    try:
        answer = person.call("POST", "/upload/proxy", content=body(), headers=headers)
    except httpx.TransportError:  # it was still sending when the connection was closed
        pass
    else:
        if where == "before all":
            refused(answer, 400, "validation_error")
        else:
            refused(answer, 413, "file_too_large")
    assert sent < 100 * 2**20
    assert person.fetch("endless.bin").status_code == 404
    assert list(Path(small.folder, "files", "drafts").iterdir()) == []


def _form_start(person: Person, path: str) -> bytes:
    form = b"".join(
        f'--xx\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in person.at(path).items()
    )
    return form + b'--xx\r\nContent-Disposition: form-data; name="file"; filename="h"\r\n\r\n'


@pytest.mark.parametrize("told", [-1, -5, -40])
def test_a_form_shorter_than_it_is_is_no_whole_form(small: Crib, told: int) -> None:
    """Fewer bytes announced than the form has: what is cut off is not taken for a file."""
    person = small.person()
    form = _form_start(person, "cut.bin") + b"x" * 1000 + b"\r\n--xx--"
    where = urlsplit(small.url)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=10) as raw:
        raw.sendall(
            f"POST {BASE}/upload/proxy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Cookie: access_token={person.client.cookies['access_token']}\r\n"
            f"Content-Type: multipart/form-data; boundary=xx\r\nContent-Length: {len(form) + told}\r\n\r\n".encode()
            + form
        )
        assert raw.recv(100).startswith(b"HTTP/1.1 400")
    assert person.fetch("cut.bin").status_code == 404


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "9" * 40, "5, 6", "5 6"])
def test_lengths_that_are_none_are_refused(small: Crib, length: str) -> None:
    person = small.person()
    where = urlsplit(small.url)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=10) as raw:
        raw.sendall(
            f"POST {BASE}/upload/proxy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Cookie: access_token={person.client.cookies['access_token']}\r\n"
            f"Content-Type: multipart/form-data; boundary=xx\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        assert raw.recv(100)[:12] in {b"HTTP/1.1 400", b"HTTP/1.1 413"}


@pytest.mark.databases("sqlite")
def test_an_upload_that_breaks_off_leaves_nothing(crib: Crib, ann: Person) -> None:
    where = urlsplit(crib.url)
    form = b"".join(
        f'--xx\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in ann.at("half.txt").items()
    )
    form += b'--xx\r\nContent-Disposition: form-data; name="file"; filename="h"\r\n\r\n' + b"x" * 100_000
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=10) as raw:
        raw.sendall(
            f"POST {BASE}/upload/proxy HTTP/1.1\r\nHost: x\r\n"
            f"Cookie: access_token={ann.client.cookies['access_token']}\r\n"
            "Content-Type: multipart/form-data; boundary=xx\r\nContent-Length: 5000000\r\n\r\n".encode()
        )
        raw.sendall(form)
    assert ann.get("/version").status_code == 200
    assert ann.fetch("half.txt").status_code == 404


def test_the_form_has_limits(ann: Person) -> None:
    long = ann.call(
        "POST", "/upload/proxy", data={**ann.at("a"), "note": "x" * 70_000}, files={"file": ("a", b"", "a/b")}
    )
    refused(long, 400, "validation_error")
    many = ann.call(
        "POST",
        "/upload/proxy",
        data={**ann.at("a"), **{f"f{number}": "x" for number in range(120)}},
        files={"file": ("a", b"", "a/b")},
    )
    refused(many, 400, "validation_error")


def test_hostile_types_are_not_passed_on(ann: Person) -> None:
    ann.stored("a", mime="text/html\tx")
    assert "\t" not in ann.fetch("a").headers["content-type"]
    ann.stored("b", mime="x" * 400)
    assert ann.fetch("b").headers["content-type"] == "application/octet-stream"


def test_a_name_with_everything_in_it_is_offered_safely(ann: Person) -> None:
    name = 'a"; filename=evil.exe; x="\u202e.txt'
    ann.stored("a", filename=name)
    offered = ann.fetch("a").headers["content-disposition"]
    assert offered.count('"') == 2  # one quoted string holds all that is left of it
    assert quote(name, safe="") in offered
