"""Git LFS: locks and objects, below the default project and below a named one."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Any

from tests.answers.play import ANONYMOUS, Answer, Play
from tests.answers.scenes.companies import GAME
from tests.answers.server import ADMIN, MAX_BYTES, PASSWORD

MEDIA = {"Accept": "application/vnd.git-lfs+json", "Content-Type": "application/vnd.git-lfs+json"}
CONTENT = b"a large file"
OID = hashlib.sha256(CONTENT).hexdigest()


def play(p: Play) -> None:
    basic = b64encode(f"hank:{PASSWORD}".encode()).decode()
    p.guest("git", Authorization=f"Basic {basic}")
    p.guest("git-wrong", Authorization=f"Basic {b64encode(b'hank:wrong').decode()}")
    for base in ("/info/lfs", f"/{GAME}.git/info/lfs"):
        _locks(p, base)
        _objects(p, base)
    _ask(p, "hank", "GET", f"/{GAME}/info/lfs/locks", "without .git")
    _ask(p, "hank", "GET", "/a b.git/info/lfs/locks", "no project")
    _ask(p, "stan", "GET", "/unregistered/deep.git/info/lfs/locks", "unregistered")
    _ask(p, f"{ANONYMOUS} hank", "GET", "/info/lfs/nothing")
    _ask(p, "hank", "PATCH", "/info/lfs/locks")


def _ask(p: Play, names: str, method: str, path: str, note: str = "", **sent: Any) -> Answer:
    headers = {**MEDIA, **sent.pop("headers", {})}
    return p.ask(names, method, path, note, headers=headers, **sent)


def _locks(p: Play, base: str) -> None:
    body = {"path": "art/one.psd", "ref": {"name": "refs/heads/main"}}
    locks = f"{base}/locks"
    made = _ask(p, "mia", "POST", locks, "first", json={**body, "path": "art/two.psd"})
    _ask(p, f"{ANONYMOUS} git-wrong stan vera git hank mia", "POST", locks, json=body)
    _ask(p, "hank", "POST", locks, "bad path", json={"path": "../x"})
    _ask(p, "hank", "POST", locks, "no JSON", content=b"{")
    _ask(p, "hank", "POST", locks, "no body")
    for question in (
        "",
        "?path=art/one.psd",
        "?id=1",
        "?id=abc",
        "?limit=1",
        "?cursor=x",
        "?refspec=refs/heads/main",
    ):
        _ask(p, f"{ANONYMOUS} stan hank" if not question else "hank", "GET", f"{locks}{question}")
    _ask(
        p, f"{ANONYMOUS} stan vera git", "POST", f"{locks}/verify", json={"ref": {"name": "refs/heads/main"}}
    )
    _ask(p, "git", "POST", f"{locks}/verify", "one", json={"limit": 1})
    _ask(p, "git", "POST", f"{locks}/verify", "bad", json={"limit": -1})
    _ask(p, "git", "POST", f"{locks}/verify", "no body")
    one = f"{locks}/{made.at('lock', 'id')}/unlock"
    _ask(p, f"{ANONYMOUS} stan vera hank", "POST", one, json={})
    _ask(p, "hank", "POST", one, "force without authority", json={"force": True})
    _ask(p, "hank", "POST", one, "force as text", json={"force": "yes"})
    _ask(p, "mia mia", "POST", one, json={"ref": {"name": "refs/heads/main"}})
    own = _ask(p, "mia", "POST", locks, "third", json={**body, "path": "art/three.psd"})
    _ask(p, ADMIN, "POST", f"{locks}/{own.at('lock', 'id')}/unlock", "by force", json={"force": True})
    _ask(p, "hank", "POST", f"{locks}/999999999/unlock", json={})
    _ask(p, "hank", "POST", f"{locks}/abc/unlock", json={})


def _objects(p: Play, base: str) -> None:
    batch = f"{base}/objects/batch"
    one = f"{base}/objects/{OID}"
    upload = {"operation": "upload", "transfers": ["basic"], "objects": [{"oid": OID, "size": len(CONTENT)}]}
    download = {**upload, "operation": "download"}
    _ask(p, "hank", "GET", one, "before it is there")
    _ask(p, "hank", "POST", batch, "download of nothing", json=download)
    told = _ask(p, f"{ANONYMOUS} stan vera git", "POST", batch, json=upload)
    changes: dict[str, dict[str, Any]] = {
        "bad name": {"objects": [{"oid": "x", "size": 1}]},
        "too large": {"objects": [{"oid": "0" * 64, "size": MAX_BYTES + 1}]},
        "other hash": {"hash_algo": "sha512"},
        "other transfer": {"transfers": ["tus"]},
        "too many": {"objects": [{"oid": OID, "size": 1}] * 1001},
        "no objects": {"objects": None},
        "bad operation": {"operation": "delete"},
    }
    for note, change in changes.items():
        _ask(p, "hank", "POST", batch, note, json={**upload, **change})
    ticket = told.at("objects", 0, "actions", "upload", "header", "Authorization", missing="none")
    p.guest("ticket", Authorization=ticket)
    p.guest("forged", Authorization="LFS-Ticket e30=.0")
    octets = {"Content-Type": "application/octet-stream"}
    put: dict[str, Any] = {"headers": octets, "content": CONTENT}
    _ask(p, f"{ANONYMOUS} forged stan vera", "PUT", one, **put)
    _ask(p, "ticket", "PUT", one, "other bytes", headers=octets, content=b"another fil")
    _ask(p, "hank", "PUT", one, "wrong content", headers=octets, content=b"b large file")
    _ask(p, "hank", "PUT", f"{base}/objects/abc", "bad name", **put)
    _ask(p, "ticket hank", "PUT", one, **put)
    verify = {"oid": OID, "size": len(CONTENT)}
    _ask(p, f"{ANONYMOUS} forged stan ticket hank", "POST", f"{one}/verify", json=verify)
    _ask(p, "hank", "POST", f"{one}/verify", "other size", json={**verify, "size": 1})
    _ask(p, "hank", "POST", f"{base}/objects/{'0' * 64}/verify", "none", json=verify)
    _ask(p, "git", "POST", batch, "upload of what is there", json=upload)
    told = _ask(p, f"{ANONYMOUS} stan vera", "POST", batch, "download", json=download)
    ticket = told.at("objects", 0, "actions", "download", "header", "Authorization", missing="none")
    p.guest("fetcher", Authorization=ticket)
    _ask(p, "vera", "POST", batch, "other size", json={**download, "objects": [{"oid": OID, "size": 1}]})
    _ask(p, f"{ANONYMOUS} forged stan ticket fetcher vera", "GET", one)
    _ask(p, "vera", "HEAD", one)
    _ask(p, "vera", "GET", one, "part", headers={"Range": "bytes=2-6"})
    _ask(p, "vera", "GET", one, "beyond", headers={"Range": "bytes=99-"})
    _ask(p, "vera", "GET", f"{base}/objects/{'0' * 64}", "none")
