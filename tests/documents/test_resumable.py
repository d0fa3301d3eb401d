"""Resumable uploads (tus 1.0): begin, go on, look, end, and the version at the end."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from hashlib import sha256

import pytest

from tests.clock import FakeClock
from tests.documents.envelope import refused
from tests.documents.resumable import TUS, begin, begun, end, look, offset_of, send, uploaded
from tests.servers.crib import Crib, Person

pytestmark = pytest.mark.moves_bytes

MIB = 2**20


def test_what_is_spoken_is_told_to_anybody(crib: Crib) -> None:
    for path in ("/api/storage/uploads", "/api/storage/uploads/" + "0" * 32):
        answer = crib.client().options(path)
        assert answer.status_code == 204
        assert answer.headers["Tus-Resumable"] == "1.0.0"
        assert answer.headers["Tus-Version"] == "1.0.0"
        extensions = answer.headers["Tus-Extension"].split(",")
        assert extensions == [
            *("creation", "creation-with-upload", "expiration", "checksum", "termination", "concatenation")
        ]
        assert int(answer.headers["Tus-Max-Size"]) == crib.app.settings.storage_max_bytes
        assert {"sha1", "sha256"} <= set(answer.headers["Tus-Checksum-Algorithm"].split(","))


def test_an_upload_in_pieces_makes_one_version(crib: Crib, ann: Person) -> None:
    content = bytes(range(256)) * 4096
    upload = begun(
        ann, len(content), "d/ä b.bin", filename="My file.bin", filetype="image/x-odd", changelog="why"
    )
    assert upload.startswith("/api/storage/uploads/")
    assert offset_of(ann, upload) == 0
    for start in range(0, len(content), 300_000):
        assert ann.fetch("d/ä b.bin").status_code == 404
        answer = send(ann, upload, start, content[start : start + 300_000])
        assert answer.status_code == 204, answer.text
        assert answer.headers["Tus-Resumable"] == "1.0.0"
        assert int(answer.headers["Upload-Offset"]) == min(start + 300_000, len(content))
        assert offset_of(ann, upload) == min(start + 300_000, len(content))
    found = ann.metadata("d/ä b.bin", include_versions="1")
    assert found["file"]["filename"] == "My file.bin"
    assert found["file"]["mime_type"] == "image/x-odd"
    (version,) = found["versions"]
    assert version["changelog"] == "why"
    assert answer.headers["X-File-ID"] == found["file"]["id"]
    assert answer.headers["X-Version-ID"] == version["id"]
    assert answer.headers["X-Version-Number"] == "1"
    assert answer.headers["X-Checksum-SHA256"] == sha256(content).hexdigest() == version["checksum"]
    assert ann.fetch("d/ä b.bin").content == content
    seen = look(ann, upload)
    for name in ("X-File-ID", "X-Version-ID", "X-Version-Number", "X-Checksum-SHA256"):
        assert seen.headers[name] == answer.headers[name]
    assert seen.headers["Upload-Offset"] == seen.headers["Upload-Length"] == str(len(content))
    assert uploaded(ann, b"again", "d/ä b.bin").headers["X-Version-Number"] == "2"
    verbs = [
        event["verb"]
        for event in ann.client.get(
            "/api/events", params={"kind": "document", "key": found["file"]["id"], "order": "asc"}
        ).json()["events"]
    ]
    assert verbs == ["uploaded", "uploaded"]
    assert crib.app.settings.storage_upload_hours == 24


def test_one_request_may_do_it_all(ann: Person) -> None:
    answer = begin(ann, 5, "whole.txt", content=b"hello")
    assert answer.status_code == 201
    assert answer.headers["Upload-Offset"] == "5"
    assert answer.headers["X-Version-Number"] == "1"
    assert ann.fetch("whole.txt").content == b"hello"
    assert offset_of(ann, answer.headers["Location"]) == 5


def test_the_first_request_may_bring_a_part(ann: Person) -> None:
    answer = begin(ann, 10, "half.txt", content=b"hello")
    assert answer.status_code == 201
    assert answer.headers["Upload-Offset"] == "5"
    assert "X-Version-ID" not in answer.headers
    assert send(ann, answer.headers["Location"], 5, b"world").headers["X-Version-Number"] == "1"
    assert ann.fetch("half.txt").content == b"helloworld"


def test_nothing_at_all_is_a_document_too(ann: Person) -> None:
    answer = begin(ann, 0, "empty.txt", filename="e.txt")
    assert answer.status_code == 201
    assert answer.headers["Upload-Offset"] == "0"
    assert answer.headers["X-Version-Number"] == "1"
    assert ann.fetch("empty.txt").content == b""
    assert offset_of(ann, answer.headers["Location"]) == 0
    assert send(ann, answer.headers["Location"], 0, b"").status_code == 204


def test_more_than_fits_one_part(ann: Person) -> None:
    content = b"".join(bytes([number]) * MIB for number in range(40))
    answer = uploaded(ann, content, "big.bin")
    assert answer.status_code == 204, answer.text
    assert answer.headers["X-Checksum-SHA256"] == sha256(content).hexdigest()
    assert ann.fetch("big.bin").content == content


def test_the_wrong_place_to_go_on_from(ann: Person) -> None:
    upload = begun(ann, 10)
    assert send(ann, upload, 0, b"hello").status_code == 204
    for offset in (0, 3, 6, 10, 99):
        answer = send(ann, upload, offset, b"x")
        assert refused(answer, 409, "offset_mismatch")["offset"] == 5
        assert answer.headers["Upload-Offset"] == "5"
        assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert send(ann, upload, 5, b"").headers["Upload-Offset"] == "5"
    assert send(ann, upload, 5, b"world").headers["X-Version-Number"] == "1"
    refused(send(ann, upload, 5, b"world"), 409, "offset_mismatch")
    again = send(ann, upload, 10, b"")
    assert again.status_code == 204
    assert again.headers["X-Version-Number"] == "1"
    assert ann.fetch("a.bin").content == b"helloworld"


def test_ending_an_upload(ann: Person) -> None:
    upload = begun(ann, 10)
    send(ann, upload, 0, b"hello")
    assert end(ann, upload).status_code == 204
    assert look(ann, upload).status_code == 404
    refused(send(ann, upload, 5, b"world"), 404, "upload_not_found")
    refused(end(ann, upload), 404, "upload_not_found")
    done = begun(ann, 5, "kept.txt")
    send(ann, done, 0, b"hello")
    assert end(ann, done).status_code == 204
    assert look(ann, done).status_code == 404
    assert ann.fetch("kept.txt").content == b"hello"


def test_what_the_sender_told_is_told_back(ann: Person) -> None:
    answer = begin(ann, 3, relativePath="x/y", odd="\x00\x01")
    seen = look(ann, answer.headers["Location"])
    assert seen.headers["Upload-Length"] == "3"
    assert seen.headers["Cache-Control"] == "no-store"
    assert seen.headers["Upload-Metadata"] == answer.request.headers["Upload-Metadata"]


def test_expiry_is_counted_from_the_last_bytes(crib: Crib, ann: Person, flying_clock: FakeClock) -> None:
    answer = begin(ann, 10)
    upload = answer.headers["Location"]
    first = parsedate_to_datetime(answer.headers["Upload-Expires"])
    assert abs((first - crib.clock()).total_seconds() - 24 * 3600) <= 1
    flying_clock.advance(hours=23)
    later = parsedate_to_datetime(send(ann, upload, 0, b"hello").headers["Upload-Expires"])
    assert abs((later - crib.clock()).total_seconds() - 24 * 3600) <= 1
    flying_clock.advance(hours=23)
    assert send(ann, upload, 5, b"world").headers["X-Version-Number"] == "1"


@pytest.mark.parametrize("method", ["PATCH", "DELETE", "HEAD"])
def test_the_method_may_be_named_in_a_header(ann: Person, method: str) -> None:
    upload = begun(ann, 5)
    headers = {
        **TUS,
        "X-HTTP-Method-Override": method,
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
    }
    answer = ann.client.post(upload, headers=headers, content=b"hello" if method == "PATCH" else b"")
    assert answer.status_code == {"PATCH": 204, "DELETE": 204, "HEAD": 200}[method]
    if method == "DELETE":
        assert look(ann, upload).status_code == 404
    else:
        assert offset_of(ann, upload) == (5 if method == "PATCH" else 0)
