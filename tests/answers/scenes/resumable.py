"""Resumable uploads by the tus protocol."""

from __future__ import annotations

import hashlib
from base64 import b64encode

from tests.answers.play import ANONYMOUS, Play
from tests.answers.scenes.documents import BASE, audit, in_project, put
from tests.answers.server import MAX_BYTES

UPLOADS = f"{BASE}/uploads"
TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = {"Content-Type": "application/offset+octet-stream"}


def _told(**fields: str) -> str:
    return ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in fields.items())


def _begin(p: Play, names: str, path: str, length: int, note: str = "", **more: str) -> str:
    told = {**in_project(p, path), **more}
    headers = {**TUS, "Upload-Length": str(length), "Upload-Metadata": _told(**told)}
    answer = p.ask(names, "POST", UPLOADS, note or path, headers=headers)
    return answer.header("location", f"{UPLOADS}/none")


def _send(p: Play, names: str, upload: str, offset: int, content: bytes, note: str, **more: str) -> None:
    headers = {**TUS, **OCTETS, "Upload-Offset": str(offset), **more}
    p.ask(names, "PATCH", upload, note, content=content, headers=headers)


def play(p: Play) -> None:
    for path in (UPLOADS, f"{UPLOADS}/", f"{UPLOADS}/none"):
        p.ask(f"{ANONYMOUS} hank", "OPTIONS", path)
    _one_upload(p)
    _creation(p)
    _refusals(p)
    _under_locks(p)


def _one_upload(p: Play) -> None:
    upload = _begin(p, f"{ANONYMOUS} stan vera hank", "resumed.bin", 10, "begin", filename="resumed.bin")
    p.ask(f"{ANONYMOUS} stan hank", "HEAD", upload, "begun", headers=TUS)
    _send(p, f"{ANONYMOUS} stan", upload, 0, b"hello", "first")
    _send(p, "hank", upload, 0, b"hello", "first")
    _send(p, "hank", upload, 0, b"hello", "at the wrong place")
    _send(p, "hank", upload, 5, b"world", "other checksum", **{"Upload-Checksum": "sha1 AAAA"})
    digest = b64encode(hashlib.sha256(b"world").digest()).decode()
    _send(p, "hank", upload, 5, b"world!", "too much")
    _send(p, "hank", upload, 5, b"world", "last", **{"Upload-Checksum": f"sha256 {digest}"})
    p.ask("hank", "HEAD", upload, "whole", headers=TUS)
    _send(p, "hank", upload, 10, b"", "after the end")
    audit(p, "hank", in_project(p, "resumed.bin"), "of a resumable upload")
    p.ask("hank", "DELETE", upload, "whole", headers=TUS)
    upload = _begin(p, "hank", "dropped.bin", 10)
    p.ask(f"{ANONYMOUS} stan hank hank", "DELETE", upload, "begun", headers=TUS)
    p.ask("hank", "HEAD", upload, "gone", headers=TUS)


def _creation(p: Play) -> None:
    told = _told(**in_project(p, "at once.bin"), filetype="application/x-thing", changelog="at once")
    headers = {**TUS, **OCTETS, "Upload-Length": "5", "Upload-Metadata": told}
    p.ask("hank", "POST", UPLOADS, "at once", content=b"hello", headers=headers)
    told = _told(**in_project(p, "empty.bin"))
    p.ask(
        "hank", "POST", f"{UPLOADS}/", "empty", headers={**TUS, "Upload-Length": "0", "Upload-Metadata": told}
    )
    p.ask("hank", "POST", UPLOADS, "longer than told", content=b"hello!", headers=headers)
    plain = {**headers, "Content-Type": "text/plain"}
    p.ask("hank", "POST", UPLOADS, "plain text", content=b"hello", headers=plain)


def _refusals(p: Play) -> None:
    told = _told(**in_project(p, "refused.bin"))
    good = {**TUS, "Upload-Length": "5", "Upload-Metadata": told}
    for note, headers in {
        "no version": {"Tus-Resumable": ""},
        "other version": {"Tus-Resumable": "0.2.2"},
        "no length": {"Upload-Length": ""},
        "negative": {"Upload-Length": "-1"},
        "too large": {"Upload-Length": str(MAX_BYTES + 1)},
        "no place": {"Upload-Metadata": ""},
        "no Base64": {"Upload-Metadata": "path ?"},
        "twice": {"Upload-Metadata": "a YQ==,a YQ=="},
        "long": {"Upload-Metadata": "a " + "YWFh" * 9_000},
    }.items():
        p.ask("hank", "POST", UPLOADS, note, headers={**good, **headers})
    p.ask("hank", "PATCH", f"{UPLOADS}/none", "no version")
    p.ask("hank", "PATCH", f"{UPLOADS}/none", "unknown", headers={**TUS, **OCTETS, "Upload-Offset": "0"})
    upload = _begin(p, "hank", "refused.bin", 5)
    p.ask("hank", "PATCH", upload, "no offset", content=b"x", headers={**TUS, **OCTETS})
    p.ask("hank", "PATCH", upload, "plain text", content=b"x", headers={**TUS, "Upload-Offset": "0"})
    p.ask("hank", "POST", upload, "overridden", headers={**TUS, "X-HTTP-Method-Override": "DELETE"})
    p.ask("hank", "GET", upload, headers=TUS)


def _under_locks(p: Play) -> None:
    place = in_project(p, "resumed-held.bin")
    put(p, "mia", place)
    upload = _begin(p, "hank", "resumed-held.bin", 5, "before it is held")
    fence = p.ask("mia", "POST", f"{BASE}/lock", "resumable", json=place).at("data", "fence")
    _begin(p, "hank", "resumed-held.bin", 5, "held")
    _send(p, "hank", upload, 0, b"hello", "held")
    upload = _begin(p, "mia", "resumed-held.bin", 5, "giving it back", fence=str(fence), release="true")
    _send(p, "mia", upload, 0, b"hello", "giving it back")
    upload = _begin(p, "mia", "resumed-held.bin", 5, "an old version", base_version="1")
    _send(p, "mia", upload, 0, b"hello", "an old version")
    upload = _begin(p, "hank", "resumed-held.bin", 6, "to be decided", submit="true")
    _send(p, "hank", upload, 0, b"decide", "to be decided")
    audit(p, "hank", place, "of resumable uploads and locks")
