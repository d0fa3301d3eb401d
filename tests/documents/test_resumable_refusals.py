"""Who may not, and what is no upload: hostile headers, strangers, sizes; and where Location leads."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

import httpx
import pytest

from tests.documents.envelope import refused
from tests.documents.resumable import OCTETS, TUS, begin, begun, encoded, end, look, offset_of, send, uploaded
from tests.servers.crib import BASE, Crib, Person

GIB = 2**30


def _begin_raw(person: Person, metadata: str | bytes, length: str = "5", **headers: str) -> httpx.Response:
    raw = metadata if isinstance(metadata, bytes) else metadata.encode()
    given = [(b"Upload-Metadata", raw), *((name.encode(), value.encode()) for name, value in headers.items())]
    given += [(name.encode(), value.encode()) for name, value in TUS.items()]
    return person.call("POST", "/uploads", headers=[*given, (b"Upload-Length", length.encode())])


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


# Who


def test_nobody_else_learns_of_an_upload(crib: Crib, ann: Person, ben: Person, carla: Person) -> None:
    upload = begun(ann, 10, bucket="companies")
    send(ann, upload, 0, b"hello")
    for other in (ben, carla, crib.admin()):
        for address in (
            upload,
            f"{BASE}/uploads/{uuid4().hex}",
            f"{BASE}/uploads/x%00y",
            f"{BASE}/uploads/..",
        ):
            answers = [look(other, address), send(other, address, 5, b"world"), end(other, address)]
            assert [answer.status_code for answer in answers] == [404, 404, 404], address
        refused(send(other, upload, 5, b"world"), 404, "upload_not_found")
    assert offset_of(ann, upload) == 5


def test_nobody_at_all_is_asked_to_sign_in(crib: Crib, ann: Person) -> None:
    upload = begun(ann, 10)
    nobody = crib.client()
    for address in (upload, f"{BASE}/uploads/{uuid4().hex}"):
        given = {**TUS, "Upload-Offset": "0", "Content-Type": OCTETS}
        assert nobody.head(address, headers=TUS).status_code == 401
        assert nobody.delete(address, headers=TUS).status_code == 401
        refused(nobody.patch(address, headers=given, content=b"x"), 401, "missing_jwt_token")
        refused(
            nobody.post(address, headers={**given, "X-HTTP-Method-Override": "PATCH"}),
            401,
            "missing_jwt_token",
        )
    given = {**TUS, "Upload-Length": "3", "Upload-Metadata": encoded(**ann.at("a"))}
    refused(nobody.post(f"{BASE}/uploads", headers=given), 401, "missing_jwt_token")
    assert offset_of(ann, upload) == 0


def test_a_place_of_others(ann: Person, ben: Person) -> None:
    refused(begin(ben, 3, owner=ann.uuid), 403, "access_denied")
    refused(begin(ben, 3, bucket="companies", owner=ann.company), 403, "access_denied")
    refused(begin(ben, 3, owner=ann.uuid, content=b"abc"), 403, "access_denied")
    refused(begin(ann, 3, bucket_type="cellars"), 403, "bucket_not_found")


def test_a_page_of_another_site_cannot_ride_on_the_cookie(ann: Person) -> None:
    upload = begun(ann, 5)
    answer = send(ann, upload, 0, b"hello", {"Origin": "https://evil.example"})
    refused(answer, 403, "cross_site_write")
    answer = ann.client.get(upload, headers={**TUS, "X-HTTP-Method-Override": "DELETE"})
    assert answer.status_code == 405
    assert offset_of(ann, upload) == 0


# What


@pytest.mark.parametrize("version", [None, "0.2.2", "1.0", "2.0.0"])
def test_another_version_of_the_protocol(ann: Person, version: str | None) -> None:
    upload = begun(ann, 5)
    given = {"Upload-Offset": "0", "Content-Type": OCTETS} | ({"Tus-Resumable": version} if version else {})
    for method in ("HEAD", "PATCH", "DELETE", "POST"):
        address = f"{BASE}/uploads" if method == "POST" else upload
        answer = ann.client.request(
            method, address, headers=given, content=b"hello" if method == "PATCH" else b""
        )
        assert answer.status_code == 412
        assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
        if method != "HEAD":
            refused(answer, 412, "tus_version_unsupported")
    assert offset_of(ann, upload) == 0


@pytest.mark.parametrize(
    "kind", ["", "application/octet-stream", "text/html", "multipart/form-data; boundary=x"]
)
def test_a_body_of_another_type(ann: Person, kind: str) -> None:
    upload = begun(ann, 5)
    refused(send(ann, upload, 0, b"hello", {"Content-Type": kind}), 415, "unsupported_media_type")
    refused(begin(ann, 5, headers={"Content-Type": kind}, content=b"hello"), 415, "unsupported_media_type")
    assert offset_of(ann, upload) == 0


@pytest.mark.parametrize("length", ["", "-1", "1e3", "0x10", "ten", "9" * 19, "1 2", "5.0"])
def test_a_length_or_offset_that_is_no_number(ann: Person, length: str) -> None:
    refused(_begin_raw(ann, encoded(**ann.at("a")), length), 400, "validation_error")
    upload = begun(ann, 5)
    refused(send(ann, upload, 0, b"hello", {"Upload-Offset": length}), 400, "validation_error")
    assert offset_of(ann, upload) == 0


def test_no_length_no_offset_no_method(ann: Person) -> None:
    told = {"Upload-Metadata": encoded(**ann.at("a"))}
    refused(ann.call("POST", "/uploads", headers=TUS | told), 400, "validation_error")
    deferred = TUS | told | {"Upload-Defer-Length": "1"}
    refused(ann.call("POST", "/uploads", headers=deferred), 400, "validation_error")
    partial = TUS | {"Upload-Concat": "partial"}
    refused(ann.call("POST", "/uploads", headers=partial), 400, "validation_error")
    upload = begun(ann, 5)
    refused(ann.client.patch(upload, headers=TUS | {"Content-Type": OCTETS}), 400, "validation_error")
    refused(ann.client.post(upload, headers=TUS), 400, "validation_error")
    refused(ann.client.put(upload, headers=TUS), 405, "method_not_allowed")


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "logical_path",
        "logical_path ###",
        "logical_path YQ",  # padding is missing
        f"{{at}},filename {_b64(b'a')},filename {_b64(b'b')}",
        f"{{at}},logical_path {_b64(b'b')}",
        f"{{at}},other {_b64(b'a')},other {_b64(b'b')}",
        "{at},",
        ",{at}",
        "{at},,x YQ==",
        "{at},x YQ== YQ==",
        "{at},x not-base64",
        f"{{at}},changelog {_b64(b'x' * 4001)}",
        f"{{at}},changelog {_b64(b'a' + bytes(1))}",
        f"{{at}},changelog {_b64(bytes([255, 254]))}",
        f"{{at}},filename {_b64(bytes([255]))}",
        f"{{at}},sha256 {_b64(b'abc')}",
        f"{{at}},fence {_b64(b'one')}",
        f"{{at}},base_version {_b64(b'-1')}",
        f"{{at}},base_version {_b64('١'.encode())}",
        f"{{at}},release {_b64(b'perhaps')}",
        f"{{at}},padding {_b64(b'x' * 40_000)}",
    ],
)
def test_metadata_that_cannot_be_read(ann: Person, metadata: str) -> None:
    answer = _begin_raw(ann, metadata.replace("{at}", encoded(**ann.at("a.bin"))))
    refused(answer, 400, "validation_error")
    assert answer.headers["Tus-Resumable"] == "1.0.0"


def test_metadata_that_is_not_even_ascii(ann: Person) -> None:
    at = encoded(**ann.at("a.bin")).encode()
    for more in (b",\xff YQ==", b",x \xff\xfe", b",\xc3\xa4 YQ=="):
        refused(_begin_raw(ann, at + more), 400, "validation_error")


@pytest.mark.parametrize(
    "path",
    [
        *(
            "../../etc/passwd",
            "a/../b",
            "..",
            ".",
            "a/%2e%2e/b",
            "%252e%252e/b",
            "a\\..\\b",
            "a/./b",
            " ",
            "/",
        ),
        *("a\0b", "a\nb", "x" * 300, "/".join(["y" * 200] * 6)),
    ],
)
def test_paths_that_lead_nowhere(ann: Person, path: str) -> None:
    refused(begin(ann, 3, path), 400, "validation_error")
    answer = _begin_raw(ann, encoded(bucket="users", path=f"/users/{ann.uuid}/{path}".encode()))
    assert answer.status_code in {400, 201}, answer.text
    assert answer.status_code == 400 or path == " ", path


def test_a_path_that_is_not_utf8_or_no_owner(ann: Person) -> None:
    at = {name: value.encode() for name, value in ann.at("a").items()}
    refused(_begin_raw(ann, encoded(**{**at, "logical_path": b"a\xff"})), 400, "validation_error")
    refused(_begin_raw(ann, encoded(**{**at, "bucket_id": b"1234"})), 400, "validation_error")
    for name in at:
        missing = {key: value for key, value in at.items() if key != name}
        refused(_begin_raw(ann, encoded(**missing)), 400, "validation_error")


def test_the_absolute_address_and_a_name_with_a_path(ann: Person) -> None:
    metadata = encoded(
        bucket="users", path=f"/users/{ann.uuid}/d/x.bin", filename="..\\..\\evil/name.txt", odd=""
    )
    answer = _begin_raw(ann, metadata + ",flag", "2")
    assert answer.status_code == 201, answer.text
    assert send(ann, answer.headers["Location"], 0, b"ok").headers["X-Version-Number"] == "1"
    found = ann.metadata("d/x.bin")["file"]
    assert found["filename"] == "name.txt"
    assert found["mime_type"] == "text/plain"


def test_unknown_metadata_may_be_any_bytes(ann: Person) -> None:
    assert (
        _begin_raw(ann, encoded(**ann.at("a")) + f",thumbnail {_b64(bytes(range(256)))}").status_code == 201
    )


# How much


@pytest.fixture(scope="module")
def small_crib(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crib]:
    one = Crib.start(tmp_path_factory.mktemp("small"), STORAGE_MAX_BYTES=1000, BASE_PATH="/tools/crib")
    yield one
    one.close()


def test_more_than_the_cap_is_refused_before_its_bytes(small_crib: Crib) -> None:
    person = small_crib.person()
    given = {"headers": {**TUS, "Upload-Length": "1001", "Upload-Metadata": encoded(**person.at("a"))}}
    answer = person.client.post(small_crib.url + BASE + "/uploads", **given)  # type: ignore[arg-type]
    assert refused(answer, 413, "file_too_large")["max_bytes"] == 1000
    options = small_crib.client().options(small_crib.url + BASE + "/uploads")
    assert options.headers["Tus-Max-Size"] == "1000"


def test_a_body_that_is_too_long_is_refused_unread(crib: Crib, ann: Person) -> None:
    """Over a bare socket: the answer comes although no byte of the body does."""
    upload = begun(ann, 10)
    at = encoded(**ann.at("b"))
    for line, more in (
        (f"PATCH {upload}", "Upload-Offset: 0\r\n"),
        (f"POST {BASE}/uploads", f"Upload-Length: {100 * GIB}\r\nUpload-Metadata: {at}\r\n"),
        (f"PATCH {BASE}/uploads/{'0' * 32}", "Upload-Offset: 0\r\n"),
    ):
        where = urlsplit(crib.url)
        with socket.create_connection((where.hostname, where.port), timeout=20) as line_to_server:
            line_to_server.sendall(
                f"{line} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nContent-Type: {OCTETS}\r\n{more}"
                f"Cookie: access_token={ann.client.cookies['access_token']}\r\n"
                f"Content-Length: {50 * GIB}\r\n\r\n".encode()
            )
            answer = b""
            while piece := line_to_server.recv(65536):  # to the end: the connection is closed
                answer += piece
        status = 404 if "0" * 32 in line else 413
        assert answer.startswith(f"HTTP/1.1 {status}".encode()), answer
        assert b"connection: close" in answer.lower()
    assert offset_of(ann, upload) == 0


def test_more_than_was_announced(ann: Person) -> None:
    upload = begun(ann, 10)
    refused(send(ann, upload, 0, b"x" * 11), 413, "file_too_large")
    refused(send(ann, upload, 0, iter([b"x" * 6, b"x" * 5])), 413, "file_too_large")
    refused(begin(ann, 3, content=b"x" * 4), 413, "file_too_large")
    refused(begin(ann, 0, content=b"x"), 413, "file_too_large")
    assert offset_of(ann, upload) == 0
    assert send(ann, upload, 0, iter([b"hello", b"world"])).headers["X-Version-Number"] == "1"
    refused(send(ann, upload, 10, b"x"), 413, "file_too_large")
    assert ann.fetch("a.bin").content == b"helloworld"


# Where


def _walk(crib: Crib, address: str, **headers: str) -> str:
    """Begin at `address`, follow Location as clients do, and end it there: what Location said."""
    person = crib.person()
    person.client.headers.update(headers)
    given = {**TUS, "Upload-Length": "5", "Upload-Metadata": encoded(**person.at("a"))}
    answer = person.client.post(address, headers=given)
    assert answer.status_code == 201, answer.text
    location = answer.headers["Location"]
    upload = urljoin(address, location)
    assert send(person, upload, 0, b"hello").headers["X-Version-Number"] == "1"
    return str(location)


def test_location_is_right_below_a_base_path(small_crib: Crib) -> None:
    assert _walk(small_crib, small_crib.url + BASE + "/uploads").startswith(
        "/tools/crib/api/storage/uploads/"
    )
    assert _walk(small_crib, small_crib.url + BASE + "/uploads/").startswith(
        "/tools/crib/api/storage/uploads/"
    )


def test_location_is_right_where_a_proxy_strips_the_prefix(tmp_path: Path) -> None:
    crib = Crib.start(tmp_path, API_AT_ROOT=True, FRONTEND_BASE_URL="https://public.example/")
    try:
        headers = {"Host": "internal.example", "X-Forwarded-Proto": "https"}
        assert _walk(crib, crib.url + "/storage/uploads", **headers).startswith("/api/storage/uploads/")
    finally:
        crib.close()


def test_pages_of_listed_origins_may_upload(tmp_path: Path) -> None:
    origin = "http://localhost:5173"
    crib = Crib.start(tmp_path, CORS_ORIGINS=origin)
    try:
        person = crib.person()
        for method in ("POST", "PATCH", "HEAD", "DELETE"):
            answer = crib.client().options(
                BASE + "/uploads",
                headers={
                    "Origin": origin,
                    "Access-Control-Request-Method": method,
                    "Access-Control-Request-Headers": "authorization,content-type,tus-resumable,upload-length,"
                    "upload-offset,upload-metadata,upload-checksum,x-http-method-override,x-requested-with",
                },
            )
            assert answer.status_code == 200, answer.text
            assert answer.headers["Access-Control-Allow-Origin"] == origin
        answer = begin(person, 5, content=b"hello", headers={"Origin": origin})
        shown = {name.strip().lower() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
        assert {"location", "upload-offset", "upload-expires", "tus-resumable", "x-version-id"} <= shown
        assert answer.status_code == 201
    finally:
        crib.close()


def test_a_document_of_the_widest_metadata(ann: Person) -> None:
    path = "/".join(["ß" * 120] * 4)
    answer = uploaded(ann, b"x", path, changelog="變" * 4000, filename="名" * 80)
    assert answer.headers["X-Version-Number"] == "1"
    assert ann.fetch(path).content == b"x"
