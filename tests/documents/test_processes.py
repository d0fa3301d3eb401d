"""A server as operators run it: killed in the middle of uploads, and watched for the memory it takes."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.conftest import is_full
from tests.servers.crib import BASE, Crib, token
from tests.servers.environment import PLAIN
from tests.servers.process import wait_until
from tests.servers.s3 import S3Server
from tests.servers.toolcrib import ToolcribServer

pytestmark = pytest.mark.databases("sqlite")

Start = Callable[..., ToolcribServer]
MIB = 2**20


def _upload(client: httpx.Client, me: str, path: str, content: bytes) -> httpx.Response:
    place = {"bucket_type": "users", "bucket_id": me, "logical_path": path}
    return client.post(BASE + "/upload/proxy", data=place, files={"file": ("x.bin", content)})


@pytest.mark.timeout(900)
def test_no_acknowledged_version_is_lost_to_a_kill(
    pytestconfig: pytest.Config, server: Start, tmp_path: Path
) -> None:
    folder = tmp_path / "crib"
    crib = server(folder, TRUST_TOKEN_ISSUERS="*", FILES_GRACE_HOURS="1")
    me = str(uuid4())
    cookies = {"access_token": token(me, str(uuid4()))}
    acknowledged: dict[str, tuple[str, str]] = {}  # version id -> path and hash
    random.seed(4)

    def keep_uploading(worker: int) -> None:
        with httpx.Client(base_url=crib.url, cookies=cookies, timeout=30, verify=PLAIN) as client:
            while True:
                content = random.randbytes(random.choice((10, 5_000, 400_000, 3 * MIB)))
                path = f"{worker}/{random.randrange(3)}.bin"
                try:
                    answer = _upload(client, me, path, content)
                except httpx.TransportError:
                    return
                assert answer.status_code == 201, answer.text
                acknowledged[answer.json()["data"]["version_id"]] = (path, sha256(content).hexdigest())

    for _ in range(30 if is_full(pytestconfig) else 8):
        before = len(acknowledged)
        workers = [threading.Thread(target=keep_uploading, args=(number,)) for number in range(3)]
        for worker in workers:
            worker.start()
        wait_until(lambda before=before: len(acknowledged) > before, "an upload", 60)  # type: ignore[misc]
        threading.Event().wait(random.random() * 0.3)
        crib.kill()
        for worker in workers:
            worker.join()
        crib.start()

    crib.stop()
    _check_all(Crib.start(folder, FILES_GRACE_HOURS=1), me, cookies, acknowledged)


def _check_all(
    crib: Crib, me: str, cookies: dict[str, str], acknowledged: dict[str, tuple[str, str]]
) -> None:
    from toolcrib.documents.service.lookup import documents_of  # noqa: PLC0415
    from toolcrib.documents.service.verifying import verify  # noqa: PLC0415
    from toolcrib.kernel.blobs.sweep import sweep  # noqa: PLC0415

    try:
        client = crib.client(cookies=cookies)
        listed = client.get(BASE + "/list", params={"bucket": "users", "id": me, "limit": 100}).json()[
            "files"
        ]
        found: dict[str, tuple[str, str]] = {}
        for file in listed:
            answer = client.get(BASE + "/versions", params={"file_id": file["id"], "limit": 200}).json()
            numbers = [version["version_number"] for version in answer["versions"]]
            assert numbers == list(range(answer["total_count"], 0, -1))[: len(numbers)]
            for version in answer["versions"]:
                found[version["id"]] = (file["logical_path"], version["checksum"])
                place = {"file_id": file["id"], "version_id": version["id"]}
                content = client.get(BASE + "/download/proxy", params=place).content
                assert sha256(content).hexdigest() == version["checksum"]
        assert acknowledged.items() <= found.items()
        kernel = crib.app.kernel
        for _ in range(3):
            crib.clock.advance(hours=2)
            crib.run(sweep(kernel, crib.clock()))
        report = crib.run(verify(documents_of(kernel), hashes=True, now=crib.clock()))
        assert report.is_sound
        assert report.orphans == 0
        assert report.versions == len(found)
        assert list((crib.folder / "files" / "drafts").iterdir()) == []
    finally:
        crib.close()


def _resident(pid: int) -> dict[str, int]:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return {name: int(status.split(f"{name}:")[1].split()[0]) // 1024 for name in ("VmRSS", "VmHWM")}


@pytest.mark.timeout(600)
def test_a_large_upload_takes_no_memory(pytestconfig: pytest.Config, server: Start) -> None:
    size = (512 if is_full(pytestconfig) else 128) * MIB
    crib = server(TRUST_TOKEN_ISSUERS="*")
    me = str(uuid4())
    cookies = {"access_token": token(me, str(uuid4()))}
    client = httpx.Client(base_url=crib.url, cookies=cookies, timeout=120, verify=PLAIN)
    assert _upload(client, me, "warm.bin", b"x" * 8 * MIB).status_code == 201  # what is loaded on first use
    head = b"".join(
        f'--xx\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in {"bucket_type": "users", "bucket_id": me, "logical_path": "big.bin"}.items()
    )
    head += b'--xx\r\nContent-Disposition: form-data; name="file"; filename="big.bin"\r\n\r\n'
    tail = b"\r\n--xx--\r\n"

    def body() -> Iterator[bytes]:
        yield head
        for _ in range(size // MIB):
            yield bytes(MIB)
        yield tail

    before = _resident(crib.pid)["VmRSS"]
    Path(f"/proc/{crib.pid}/clear_refs").write_text("5", encoding="ascii")
    headers = {
        "Content-Type": "multipart/form-data; boundary=xx",
        "Content-Length": str(len(head) + size + len(tail)),
    }
    answer = client.post(BASE + "/upload/proxy", content=body(), headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json()["data"]["size"] == size
    taken = 0
    with client.stream(
        "GET", BASE + "/download/proxy", params={"file_id": answer.json()["data"]["file_id"]}
    ) as got:
        for block in got.iter_bytes():
            taken += len(block)
    assert taken == size
    grown = _resident(crib.pid)["VmHWM"] - before
    print(f"{size // MIB} MiB in and out moved memory by {grown} MiB")
    assert grown < 32
    client.close()


def test_our_s3_addresses_are_signed_as_amazons_own_library_signs_them(
    tmp_path: Path, s3_server: S3Server
) -> None:
    """The S3 of the tests checks no signature, so this compares them."""
    crib = Crib.start(tmp_path, **s3_server.settings())
    try:
        person = crib.person()
        person.stored("ä b.txt", filename="x")
        signed = [
            ("PUT", person.post("/upload/presign", **person.at("c.txt"), expires_in=900).json(), 900),
            ("GET", person.get("/download/presign", **person.at("ä b.txt"), expires_in=7200).json(), 7200),
        ]
        for method, body, seconds in signed:
            assert body["url"].startswith(s3_server.endpoint)
            assert body["object_key"] in body["url"]
            _check_signature(method, body["url"], seconds)
    finally:
        crib.close()


def _check_signature(method: str, url: str, seconds: int) -> None:
    query: dict[str, Any] = dict(httpx.URL(url).params)
    assert query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert query["X-Amz-Expires"] == str(seconds)
    assert query["X-Amz-SignedHeaders"] == "host"
    bare, _, signature = url.rpartition("&X-Amz-Signature=")
    signer = S3SigV4QueryAuth(Credentials("minioadmin", "minioadmin"), "s3", "us-east-1", expires=seconds)
    request = AWSRequest(method, bare, headers={"host": httpx.URL(url).netloc.decode()})
    request.context["timestamp"] = query["X-Amz-Date"]
    canonical = signer.canonical_request(request)
    text = signer.string_to_sign(request, canonical)
    assert signer.signature(text, request) == signature
