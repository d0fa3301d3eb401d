"""Proxy upload (document contract, sections 7, 11 and 16)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.documents.envelope import refused, succeeded
from tests.servers.crib import Crib, Person
from tests.servers.process import wait_until

pytestmark = pytest.mark.moves_bytes


def test_an_upload_is_there_at_once(ann: Person) -> None:
    data = succeeded(ann.put("docs/a.txt", b"hello"), 201)
    assert data["version_number"] == 1
    assert data["size"] == 5
    assert data["filename"] == "a.txt"
    assert data["object_key"]
    assert ann.fetch("docs/a.txt").content == b"hello"
    file = ann.metadata("docs/a.txt")["file"]
    assert file["id"] == data["file_id"]
    assert file["status"] == "validated"
    assert file["size"] == 5
    assert file["mime_type"] == "text/plain"
    assert file["current_version_id"] == data["version_id"]
    version = ann.metadata("docs/a.txt")["current_version"]
    assert version["status"] == "draft"
    assert version["checksum"] == sha256(b"hello").hexdigest()
    assert version["created_by"] == ann.uuid


def test_uploading_again_makes_the_next_version_current(ann: Person) -> None:
    first = ann.stored("a.txt", b"one")
    second = ann.stored("a.txt", b"two!")
    assert second["file_id"] == first["file_id"]
    assert second["version_number"] == 2
    assert second["version_id"] != first["version_id"]
    assert second["object_key"] != first["object_key"]
    assert ann.fetch("a.txt").content == b"two!"
    assert ann.fetch("a.txt", version_id=first["version_id"]).content == b"one"


def test_the_same_content_again_is_a_version_of_its_own(ann: Person) -> None:
    ann.stored("a.txt", b"same")
    again = ann.stored("a.txt", b"same")
    assert again["version_number"] == 2
    assert ann.fetch("a.txt").content == b"same"


@pytest.mark.parametrize("size", [0, 1, 1024 * 1024, 12 * 1024 * 1024 + 1])
def test_any_size_comes_back_exactly(ann: Person, size: int) -> None:
    content = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    assert ann.stored("big.bin", content)["size"] == size
    assert ann.fetch("big.bin").content == content


def test_content_that_looks_like_the_form_around_it_survives(ann: Person) -> None:
    content = (
        b'\r\n--boundary\r\nContent-Disposition: form-data; name="file"\r\n\r\n--boundary--\r\n\r\n--' * 9
    )
    ann.stored("tricky.bin", content)
    assert ann.fetch("tricky.bin").content == content


def test_both_other_spellings_of_the_address_are_understood(ann: Person) -> None:
    file = {"file": ("x.txt", b"A", "text/plain")}
    absolute = {"bucket": "users", "path": f"/users/{ann.uuid}/form/a.txt"}
    succeeded(ann.call("POST", "/upload/proxy", data=absolute, files=file), 201)
    assert ann.fetch("form/a.txt").content == b"A"
    reading = {"bucket": "users", "id": ann.uuid, "path": "form/b.txt"}
    succeeded(ann.call("POST", "/upload/proxy", data=reading, files=file), 201)
    assert ann.fetch("form/b.txt").content == b"A"


def test_a_path_that_repeats_the_owner_is_kept_as_it_is(ann: Person) -> None:
    path = f"{ann.uuid}/workspace/x.txt"
    ann.stored(path)
    assert ann.metadata(path)["file"]["logical_path"] == path


def test_company_buckets_are_for_colleagues(ann: Person, carla: Person) -> None:
    succeeded(ann.put("policy.txt", bucket="companies"), 201)
    assert carla.fetch("policy.txt", bucket="companies").content == b"hello"


def test_unknown_parts_are_ignored_and_metadata_becomes_tags(ann: Person) -> None:
    data = ann.at("tagged.txt") | {"metadata": json.dumps({"project": "x", "n": 1}), "colour": "red"}
    succeeded(ann.call("POST", "/upload/proxy", data=data, files={"file": ("t.txt", b"", "text/plain")}), 201)
    assert ann.metadata("tagged.txt")["file"]["tags"] == {"project": "x", "n": 1}
    not_json = ann.at("plain.txt") | {"metadata": "not json"}
    answer = ann.call("POST", "/upload/proxy", data=not_json, files={"file": ("t.txt", b"", "text/plain")})
    succeeded(answer, 201)


def test_fields_may_follow_the_file(ann: Person, ben: Person) -> None:
    def form(owner: str) -> bytes:
        parts = [
            b'Content-Disposition: form-data; name="file"; filename="late.txt"\r\n\r\nlate',
            b'Content-Disposition: form-data; name="bucket_type"\r\n\r\nusers',
            b'Content-Disposition: form-data; name="bucket_id"\r\n\r\n' + owner.encode(),
            b'Content-Disposition: form-data; name="logical_path"\r\n\r\nlate.txt',
        ]
        return b"".join(b"--xx\r\n" + part + b"\r\n" for part in parts) + b"--xx--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=xx"}
    succeeded(ann.call("POST", "/upload/proxy", content=form(ann.uuid), headers=headers), 201)
    assert ann.fetch("late.txt").content == b"late"
    answer = ann.call("POST", "/upload/proxy", content=form(ben.uuid), headers=headers)
    refused(answer, 403, "access_denied")


@pytest.mark.parametrize("missing", ["bucket_type", "bucket_id", "logical_path"])
@pytest.mark.parametrize("with_file", [True, False])
def test_missing_fields_are_told_first(ann: Person, missing: str, with_file: bool) -> None:
    data = ann.at("a.txt")
    del data[missing]
    files: Any = {"file": ("a.txt", b"x", "text/plain")} if with_file else {"other": (None, b"x")}
    details = refused(ann.call("POST", "/upload/proxy", data=data, files=files), 400, "missing_fields")
    assert missing in details


def test_a_form_without_a_file_is_refused_before_access_is_looked_at(ann: Person) -> None:
    for data in (ann.at("a.txt"), {"bucket_type": "users", "bucket_id": "1", "logical_path": "/a.txt"}):
        answer = ann.call("POST", "/upload/proxy", data=data, files={"note": (None, b"x")})
        refused(answer, 400, "no_file")
        as_field = ann.call("POST", "/upload/proxy", data=data, files={"file": (None, b"x")})
        refused(as_field, 400, "no_file")


def test_a_blank_filename_is_refused(ann: Person) -> None:
    body = (
        b'--xx\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\nx\r\n'
        + b"".join(
            f'--xx\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in ann.at("a.txt").items()
        )
        + b"--xx--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=xx"}
    refused(ann.call("POST", "/upload/proxy", content=body, headers=headers), 400, "empty_filename")


def test_what_is_no_form_is_refused(ann: Person) -> None:
    refused(ann.post("/upload/proxy", **ann.at("a.txt")), 400, "validation_error")
    headers = {"Content-Type": "multipart/form-data; boundary=xx"}
    for body in (
        b"",
        b"--xx\r\n",
        b"rubbish",
        b'--xx\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx',
    ):
        answer = ann.call("POST", "/upload/proxy", content=body, headers=headers)
        assert answer.status_code == 400, answer.text


def test_other_peoples_buckets_are_closed(ann: Person, ben: Person) -> None:
    refused(ann.put("a.txt", owner=ben.uuid), 403, "access_denied")
    refused(ann.put("a.txt", bucket="companies", owner=ben.company), 403, "access_denied")
    refused(ann.put("a.txt", owner="1"), 400, "validation_error")
    refused(ann.put("a.txt", bucket="cellars", owner=ann.uuid), 403, "bucket_not_found")


def test_a_wrong_hash_keeps_nothing(ann: Person) -> None:
    wrong = ann.put("a.txt", b"hello", sha256="0" * 64)
    refused(wrong, 400, "hash_mismatch")
    refused(ann.put("a.txt", b"hello", sha256="short"), 400, "validation_error")
    assert ann.fetch("a.txt").status_code == 404
    succeeded(ann.put("a.txt", b"hello", sha256=sha256(b"hello").hexdigest().upper()), 201)


def test_names_come_back_as_they_were(ann: Person) -> None:
    for name in ("report.pdf", "日本.txt", 'quo"te.txt', "päth with blanks.txt", "a;b.txt"):
        path = f"n/{uuid4().hex}"
        data = succeeded(ann.put(path, filename=name), 201)
        assert data["filename"] == name
    # Folders that a browser or an old program puts before the name are no part of it.
    assert succeeded(ann.put("n/x", filename="../../etc/passwd"), 201)["filename"] == "passwd"
    assert succeeded(ann.put("n/y", filename="C:\\Users\\ann\\r.doc"), 201)["filename"] == "r.doc"


def test_an_unknown_type_is_told_by_the_name(ann: Person) -> None:
    assert ann.stored("x.pdf", mime="application/octet-stream")["mime_type"] == "application/pdf"
    assert (
        ann.stored("x.unheardof", mime="application/octet-stream")["mime_type"] == "application/octet-stream"
    )


@pytest.mark.every_database
def test_a_file_and_a_folder_cannot_share_a_name(ann: Person) -> None:
    ann.stored("plans/a.txt")
    refused(ann.put("plans"), 409, "file_exists")
    refused(ann.put("plans/a.txt/b.txt"), 409, "file_exists")


def test_an_archived_path_comes_back_to_life(ann: Person) -> None:
    data = ann.stored("a.txt", b"one")
    succeeded(ann.call("DELETE", "/delete", json={"file_id": data["file_id"]}))
    again = succeeded(ann.put("a.txt", b"two"), 201)
    assert again["file_id"] == data["file_id"]
    assert again["version_number"] == 2
    assert ann.fetch("a.txt").content == b"two"
    assert ann.metadata("a.txt")["file"]["is_deleted"] is False


def test_a_lock_of_somebody_else_stops_uploads(crib: Crib, ann: Person, carla: Person) -> None:
    held = ann.stored("shared.txt", bucket="companies")
    succeeded(ann.post("/lock", file_id=held["file_id"], reason="editing"))
    details = refused(carla.put("shared.txt", b"mine", bucket="companies"), 409, "file_locked")
    assert details["locked_by"] == ann.uuid
    assert details["holder"] == ann.username
    assert details["comment"] == "editing"
    assert details["url"].startswith(crib.url)
    assert succeeded(ann.put("shared.txt", b"holder's", bucket="companies"), 201)["version_number"] == 2


@pytest.mark.every_database
@pytest.mark.databases("sqlite", "postgresql", "mariadb")
def test_a_lock_taken_while_the_bytes_come_counts(crib: Crib, ann: Person, carla: Person) -> None:
    held = ann.stored("shared.txt", bucket="companies")
    drafts = crib.folder / "files" / "drafts"

    def body() -> Iterator[bytes]:
        for name, value in carla.at("shared.txt", "companies").items():
            yield f'--xx\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        yield b'--xx\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nfirst half'
        wait_until(lambda: any(drafts.iterdir()), "the upload to begin")
        succeeded(ann.post("/lock", file_id=held["file_id"]))
        yield b"second half\r\n--xx--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=xx"}
    answer = carla.call("POST", "/upload/proxy", content=body(), headers=headers)
    assert refused(answer, 409, "file_locked")["locked_by"] == ann.uuid
    assert len(ann.get("/versions", file_id=held["file_id"]).json()["versions"]) == 1


def test_a_refused_upload_leaves_the_connection_usable(ann: Person, ben: Person) -> None:
    for _ in range(3):
        refused(ann.put("a.txt", b"x" * 2_000_000, owner=ben.uuid), 403, "access_denied")
        assert ann.get("/version").status_code == 200


def test_a_field_that_is_no_text_is_refused(ann: Person) -> None:
    data = {"bucket_type": "users", "bucket_id": ann.uuid}
    body = b"".join(
        f'--xx\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in data.items()
    )
    body += b'--xx\r\nContent-Disposition: form-data; name="logical_path"\r\n\r\n\xff\xfe.txt\r\n'
    body += b'--xx\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n--xx--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=xx"}
    answer: httpx.Response = ann.call("POST", "/upload/proxy", content=body, headers=headers)
    refused(answer, 400, "validation_error")
