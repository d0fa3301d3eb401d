"""Input nobody sends by mistake."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.documents.people import BASE, Crib, Person, refused, succeeded

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


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server that takes files of 100,000 bytes."""
    one = Crib(tmp_path_factory.mktemp("small"), STORAGE_MAX_BYTES=100_000)
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
