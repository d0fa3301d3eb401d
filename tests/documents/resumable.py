"""A client of resumable uploads (tus 1.0), as plain as it can be."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any

import httpx

from tests.servers.crib import Person

TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = "application/offset+octet-stream"


def encoded(**metadata: str | bytes) -> str:
    """For Upload-Metadata."""
    values = {key: value.encode() if isinstance(value, str) else value for key, value in metadata.items()}
    return ",".join(f"{key} {base64.b64encode(value).decode()}" for key, value in values.items())


def begin(
    person: Person,
    length: int,
    path: str = "a.bin",
    *,
    bucket: str = "users",
    owner: str | None = None,
    content: bytes | None = None,
    headers: dict[str, str] | None = None,
    **metadata: str,
) -> httpx.Response:
    """Creation; with `content`, creation-with-upload."""
    given = TUS | {
        "Upload-Length": str(length),
        "Upload-Metadata": encoded(**{**person.at(path, bucket, owner), **metadata}),
        **({} if content is None else {"Content-Type": OCTETS}),
        **(headers or {}),
    }
    return person.call("POST", "/uploads", headers=given, content=content)


def begun(person: Person, length: int, path: str = "a.bin", **more: Any) -> str:
    """`begin` that must work: the upload's path."""
    answer = begin(person, length, path, **more)
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


def send(
    person: Person,
    upload: str,
    offset: int,
    content: bytes | Iterable[bytes],
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    given = TUS | {"Upload-Offset": str(offset), "Content-Type": OCTETS} | (headers or {})
    return person.client.patch(upload, content=content, headers=given)


def look(person: Person, upload: str) -> httpx.Response:
    return person.client.head(upload, headers=TUS)


def offset_of(person: Person, upload: str) -> int:
    answer = look(person, upload)
    assert answer.status_code == 200, answer.headers
    return int(answer.headers["Upload-Offset"])


def end(person: Person, upload: str) -> httpx.Response:
    return person.client.delete(upload, headers=TUS)


def uploaded(
    person: Person, content: bytes, path: str = "a.bin", *, piece: int = 0, **metadata: Any
) -> httpx.Response:
    """All of it, in pieces: the last answer."""
    upload = begun(person, len(content), path, **metadata)
    answer = None
    for start, part in pieces(content, piece or len(content)):
        answer = send(person, upload, start, part)
    assert answer is not None
    return answer


def pieces(content: bytes, size: int) -> Iterator[tuple[int, bytes]]:
    for start in range(0, len(content), size):
        yield start, content[start : start + size]
