"""Checksums that clients announce in headers, and encoded bodies: checked at every door that takes content."""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64encode
from collections.abc import Callable

import httpx
import pytest

from tests.documents.envelope import refused
from tests.documents.resumable import begin, begun, offset_of, send
from tests.documents.webdav import Dav, body_of
from tests.servers.crib import Crib, Person
from tests.servers.environment import PLAIN

CONTENT = b"123456789"
OTHER = b"987654321"
# The check value of CRC-32C for these nine digits, from the catalogue of CRCs.
CRC32C = bytes.fromhex("e3069283")

Door = Callable[[dict[str, str]], httpx.Response]
DOORS = ("form", "part", "signed", "dav", "tus", "tus-create")


def text(digest: bytes) -> str:
    return b64encode(digest).decode()


def announcing(content: bytes, crc32c: bytes) -> list[dict[str, str]]:
    """Every way to announce the checksum of `content`."""
    md5, sha1, sha256, sha512 = (
        hashlib.new(name, content).digest() for name in ("md5", "sha1", "sha256", "sha512")
    )
    crc32 = zlib.crc32(content).to_bytes(4, "big")
    return [
        {"Content-MD5": text(md5)},
        {"x-amz-content-sha256": sha256.hex()},
        {"x-amz-checksum-crc32": text(crc32)},
        {"x-amz-checksum-crc32c": text(crc32c)},
        {"x-amz-checksum-sha1": text(sha1)},
        {"x-amz-checksum-sha256": text(sha256)},
        {"Digest": f"SHA-256={text(sha256)}"},
        {"Digest": f"unknown=1234,MD5={text(md5)}, sha={text(sha1)}"},
        {"Content-Digest": f"sha-256=:{text(sha256)}:"},
        {"Repr-Digest": f"id-x=:AAAA:, sha-512=:{text(sha512)}:"},
        {"OC-Checksum": f"SHA1:{sha1.hex()}"},
        {"OC-Checksum": f"MD5:{md5.hex()} ADLER32:{zlib.adler32(content):08x}"},
        {"Digest": ",".join([f"MD5={text(md5)}"] * 20)},
    ]


def doors(crib: Crib, ann: Person, name: str) -> Door:
    """One door, which takes CONTENT for `c.bin`."""
    match name:
        case "form":
            boundary, fields = "xyz", ann.at("c.bin")
            lines = [
                f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
                for key, value in fields.items()
            ]
            lines.append(
                f"--{boundary}\r\nContent-Disposition: form-data; name=file; filename=c.bin\r\n\r\n"
                f"{CONTENT.decode()}\r\n--{boundary}--\r\nand an epilogue"
            )
            whole = "".join(lines).encode()
            kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
            return lambda headers: ann.call("POST", "/upload/proxy", content=whole, headers=kind | headers)
        case "part":
            return lambda headers: ann.call(
                "POST",
                "/upload/proxy",
                data=ann.at("c.bin"),
                files={"file": ("c.bin", CONTENT, "text/plain", headers)},
            )
        case "signed":
            url = ann.post("/upload/presign", **ann.at("c.bin")).json()["url"]
            return lambda headers: httpx.put(url, content=CONTENT, headers=headers, verify=PLAIN)
        case "dav":
            return lambda headers: Dav(crib, ann).put("c.bin", CONTENT, **headers)
        case "tus":
            upload = begun(ann, len(CONTENT), "c.bin")
            return lambda headers: send(ann, upload, offset_of(ann, upload), CONTENT, headers)
    return lambda headers: begin(ann, len(CONTENT), "c.bin", content=CONTENT, headers=headers)


def is_stored(ann: Person) -> bool:
    return ann.fetch("c.bin").status_code == 200


@pytest.mark.parametrize("name", DOORS)
def test_announced_checksums_are_checked(crib: Crib, ann: Person, name: str) -> None:
    door = doors(crib, ann, name)
    for headers in announcing(OTHER, bytes(4)):
        answer = door(headers)
        assert answer.status_code == 400, (headers, answer.text)
        if name == "dav":
            assert body_of(answer).findtext("{urn:toolcrib}code") == "hash_mismatch"
        else:
            assert "hash_mismatch" in answer.text
        assert not is_stored(ann)
    for headers in (
        {"Content-MD5": "not base64"},
        {"Content-MD5": text(b"short")},
        {"x-amz-content-sha256": "abc"},
        {"x-amz-checksum-crc64nvme": text(bytes(8))},
        {"x-amz-checksum-sha256": text(b"short")},
        {"Digest": "SHA-256"},
        {"Content-Digest": "sha-256=:AAAA:"},
        {"OC-Checksum": "SHA3:00"},
        {"OC-Checksum": "SHA1:xy"},
        {"Digest": f"md5={text(bytes(16))}, md5={text(bytes([1] * 16))}"},
        {"Content-MD5": text(bytes(16)), "Content-Digest": f"md5=:{text(bytes([1] * 16))}:"},
    ):
        answer = door(headers)
        assert answer.status_code == 400, (headers, answer.text)
        assert "invalid_checksum" in answer.text
        assert not is_stored(ann)
    for headers in (
        {"Content-Encoding": "aws-chunked"},
        {"Content-Encoding": "gzip"},
        {"Content-Encoding": "identity, aws-chunked"},
        {"x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
        {
            "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "x-amz-trailer": "x-amz-checksum-crc32",
        },
    ):
        answer = door(headers)
        assert answer.status_code == 415, (headers, answer.text)
        assert not is_stored(ann)
    answer = door({"Content-Range": "bytes 0-4/10"})
    assert answer.status_code == 400, answer.text
    assert not is_stored(ann)
    content = CONTENT
    if name == "form":  # there the headers are about the whole body
        request = door({}).request
        content = request.content
        assert ann.call("DELETE", "/delete", json={**ann.at("c.bin"), "physical": True}).is_success
    right = announcing(content, CRC32C)
    if name == "form":
        right = [headers for headers in right if "x-amz-checksum-crc32c" not in headers]
    every = {header: value for headers in right for header, value in headers.items()}
    # The parts of a form have few headers each.
    for headers in right if name == "part" else [{**every, "Content-Encoding": "identity"}]:
        answer = door({**headers, "x-amz-checksum-algorithm": "CRC32"})
        assert answer.is_success, answer.text
    if name == "signed":
        key = answer.request.url.path.removeprefix("/api/files/")
        assert ann.post("/upload/confirm", object_key=key).is_success
    assert ann.fetch("c.bin").content == CONTENT


def test_a_body_that_breaks_its_checksum_leaves_a_resumable_upload_as_it_was(ann: Person) -> None:
    upload = begun(ann, len(CONTENT), "c.bin")
    assert send(ann, upload, 0, CONTENT[:4]).status_code == 204
    wrong = {"Content-MD5": text(hashlib.md5(OTHER).digest())}
    refused(send(ann, upload, 4, CONTENT[4:], wrong), 400, "hash_mismatch")
    assert offset_of(ann, upload) == 4
    right = {"Content-MD5": text(hashlib.md5(CONTENT[4:]).digest())}
    assert send(ann, upload, 4, CONTENT[4:], right).status_code == 204
    assert ann.fetch("c.bin").content == CONTENT
