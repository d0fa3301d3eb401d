"""Downloads through the server (document contract, section 8; RFC 9110 and RFC 6266)."""

from __future__ import annotations

from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.documents.envelope import refused
from tests.servers.crib import BASE, Person

pytestmark = pytest.mark.moves_bytes

CONTENT = bytes(range(256)) * 40


def test_a_download_says_what_it_is(ann: Person) -> None:
    data = ann.stored("r.bin", CONTENT, mime="application/x-thing", filename="report.bin")
    answer = ann.fetch("r.bin")
    assert answer.content == CONTENT
    assert answer.headers["content-type"] == "application/x-thing"
    assert answer.headers["content-disposition"] == 'attachment; filename="report.bin"'
    assert answer.headers["x-file-id"] == data["file_id"]
    assert answer.headers["x-version-id"] == data["version_id"]
    assert int(answer.headers["content-length"]) == len(CONTENT)
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_every_address_form_finds_the_file(ann: Person) -> None:
    data = ann.stored("d/a.txt", b"found")
    for params in (
        ann.at("d/a.txt"),
        ann.read_at("d/a.txt"),
        {"bucket": "users", "path": f"/users/{ann.uuid}/d/a.txt"},
        {"bucket": "users", "id": ann.uuid, "path": "d//a.txt"},
        {"bucket_type": "users", "bucket_id": ann.uuid.upper(), "logical_path": "/d/a.txt"},
        {"file_id": data["file_id"]},
    ):
        assert ann.call("GET", "/download/proxy", params=params).content == b"found", params


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        *(
            ("bytes=0-9", 0, 10),
            ("bytes=100-", 100, None),
            ("bytes=-7", -7, None),
            ("bytes=0-99999999", 0, None),
        ),
        *(
            (f"bytes=0-{'9' * 5_000}", 0, None),
            (f"bytes={'0' * 5_000}7-9", 7, 10),
            (f"bytes=-{'9' * 5_000}", 0, None),
        ),
    ],
)
def test_parts_can_be_fetched(ann: Person, wanted: str, start: int, end: int | None) -> None:
    ann.stored("r.bin", CONTENT)
    answer = ann.call("GET", "/download/proxy", params=ann.at("r.bin"), headers={"Range": wanted})
    assert answer.status_code == 206
    part = CONTENT[start:end]
    assert answer.content == part
    first = start % len(CONTENT)
    assert answer.headers["content-range"] == f"bytes {first}-{first + len(part) - 1}/{len(CONTENT)}"
    assert int(answer.headers["content-length"]) == len(part)


@pytest.mark.parametrize("start", ["99999", "9" * 5_000])
def test_a_range_outside_the_file_is_refused(ann: Person, start: str) -> None:
    ann.stored("r.bin", CONTENT)
    answer = ann.call("GET", "/download/proxy", params=ann.at("r.bin"), headers={"Range": f"bytes={start}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(CONTENT)}"


def test_a_part_of_an_older_version_is_not_mixed_with_the_new(ann: Person) -> None:
    ann.stored("r.bin", b"old content")
    tag = ann.fetch("r.bin").headers["etag"]
    asked = {"Range": "bytes=0-2", "If-Range": tag}
    params = ann.at("r.bin")
    assert ann.call("GET", "/download/proxy", params=params, headers=asked).status_code == 206
    ann.stored("r.bin", b"new content")
    changed = ann.call("GET", "/download/proxy", params=params, headers=asked)
    assert changed.status_code == 200
    assert changed.content == b"new content"


def test_what_the_client_has_is_not_sent_again(ann: Person) -> None:
    ann.stored("r.bin", b"x")
    tag = ann.fetch("r.bin").headers["etag"]
    again = ann.call("GET", "/download/proxy", params=ann.at("r.bin"), headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert again.content == b""


def test_head_tells_without_sending(ann: Person) -> None:
    ann.stored("r.bin", CONTENT)
    answer = ann.call("HEAD", "/download/proxy", params=ann.at("r.bin"))
    assert answer.status_code == 200
    assert answer.content == b""
    assert int(answer.headers["content-length"]) == len(CONTENT)
    assert answer.headers["etag"]
    assert ann.call("HEAD", "/download/proxy", params=ann.at("missing.bin")).status_code == 404


def test_names_in_any_script_are_offered_for_saving(ann: Person) -> None:
    ann.stored("j", b"x", filename="日本 #1.txt")
    offered = ann.fetch("j").headers["content-disposition"]
    assert f"filename*=UTF-8''{quote('日本 #1.txt', safe='')}" in offered
    assert offered.isascii()


@pytest.mark.parametrize("mime", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml"])
@pytest.mark.parametrize("inline", ["true", "false"])
def test_nothing_that_can_run_is_shown_from_our_origin(ann: Person, mime: str, inline: str) -> None:
    ann.stored("evil", b"<script>alert(1)</script>", mime=mime, filename="evil.html")
    answer = ann.fetch("evil", inline=inline)
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-security-policy"].startswith("sandbox;")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_pictures_and_pdf_may_be_shown(ann: Person) -> None:
    ann.stored("p", b"%PDF-", mime="application/pdf", filename="p.pdf")
    assert ann.fetch("p", inline="true").headers["content-disposition"].startswith("inline")
    assert ann.fetch("p").headers["content-disposition"].startswith("attachment")


def test_what_is_not_there_is_not_found(ann: Person) -> None:
    refused(ann.fetch("missing.txt"), 404, "file_not_found")
    data = ann.stored("a.txt")
    other = ann.stored("b.txt")
    refused(ann.fetch("a.txt", version_id=str(uuid4())), 404, "version_not_found")
    refused(ann.fetch("a.txt", version_id=other["version_id"]), 404, "version_not_found")
    ann.call("DELETE", "/delete", json={"file_id": data["file_id"]})
    refused(ann.fetch("a.txt"), 404, "file_not_found")
    nil = "00000000-0000-0000-0000-000000000001"
    refused(ann.call("GET", "/download/proxy", params={"file_id": nil}), 404, "file_not_found")


def test_malformed_requests_are_told_so(ann: Person) -> None:
    place = ann.at("a.txt")
    for broken in (
        {},
        {**place, "bucket_id": "nobody"},
        {**place, "logical_path": "../a.txt"},
        {**place, "logical_path": ""},
        {**place, "version_id": "one"},
        {**place, "inline": "perhaps"},
        {"file_id": "one"},
        {"bucket": "users", "path": f"/companies/{ann.uuid}/a.txt"},
        {"bucket": "users", "path": f"/users/{ann.uuid}"},
    ):
        answer = ann.call("GET", "/download/proxy", params=broken)
        details = refused(answer, 400, "validation_error")
        assert any(isinstance(value, list) for value in details.values()), details


def test_strangers_are_told_nothing(ann: Person, ben: Person) -> None:
    ann.stored("secret.txt")
    for path in ("secret.txt", "not-there.txt"):
        params = ben.at(path, owner=ann.uuid)
        refused(ben.call("GET", "/download/proxy", params=params), 403, "access_denied")
        refused(ben.call("GET", "/download/presign", params=params), 403, "access_denied")
    refused(
        ben.call("GET", "/download/proxy", params={**ben.at("a"), "bucket_type": "x"}),
        403,
        "bucket_not_found",
    )


def test_a_download_is_remembered_once(ann: Person) -> None:
    data = ann.stored("a.bin", CONTENT)
    ann.fetch("a.bin")
    for start in (0, 100, 200):
        ann.client.get(
            f"{BASE}/download/proxy",
            params=ann.at("a.bin"),
            headers={"Range": f"bytes={start}-{start + 99}"},
        )
    audit = ann.metadata("a.bin", include_audit="true")["audit_logs"]
    downloads = [entry for entry in audit if entry["action"] == "download"]
    assert len(downloads) == 2
    assert downloads[0]["version_id"] == data["version_id"]
