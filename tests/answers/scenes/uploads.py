"""Bytes of documents: forms, presigned addresses, downloads."""

from __future__ import annotations

from typing import Any

from tests.answers.play import ANONYMOUS, Play
from tests.answers.scenes.companies import NOWHERE
from tests.answers.scenes.documents import BASE, in_project, own, put
from tests.answers.server import MAX_BYTES


def play(p: Play) -> None:
    _forms(p)
    _presigned(p)
    _downloads(p)


def _forms(p: Play) -> None:
    place = in_project(p, "form.txt")
    file = {"file": ("form.txt", b"hello", "text/plain")}
    form = f"{BASE}/upload/proxy"
    forms: dict[str, dict[str, Any]] = {
        "no file": {"data": place},
        "no name": {"data": place, "files": {"file": ("", b"x", "text/plain")}},
        "no place": {"files": file},
        "no bucket id": {"data": {**place, "bucket_id": ""}, "files": file},
        "upwards": {"data": {**place, "logical_path": "../x"}, "files": file},
        "bad hash": {"data": {**place, "sha256": "x"}, "files": file},
        "other hash": {"data": {**place, "sha256": "0" * 64}, "files": file},
        "bad flag": {"data": {**place, "release": "perhaps"}, "files": file},
        "JSON": {"json": place},
        "plain text": {"content": b"x", "headers": {"Content-Type": "text/plain"}},
    }
    for note, sent in forms.items():
        p.ask("hank", "POST", form, note, **sent)
    put(p, "hank", place, b"x" * (MAX_BYTES + 1), "too large")
    put(p, "hank", place, b"x" * (3 * MAX_BYTES), "far too large")
    put(p, "hank", place, b"", "empty")
    put(p, "hank", place, b"hello", "tags", metadata='{"k": "v"}', changelog="first")
    put(p, "hank", in_project(p, "form.txt/below"), note="below a file")


def _presigned(p: Play) -> None:
    place = in_project(p, "signed.txt")
    who = f"{ANONYMOUS} stan vera hank"
    made = p.ask(who, "POST", f"{BASE}/upload/presign", json={**place, "size": 5})
    p.ask("hank", "POST", f"{BASE}/upload/presign", "too large", json={**place, "size": MAX_BYTES + 1})
    p.ask("hank", "POST", f"{BASE}/upload/presign", "too long", json={**place, "expires_in": 999_999})
    p.ask("hank", "POST", f"{BASE}/upload/presign", "nothing", json={})
    url = str(made.at("url", missing="/api/files/none"))
    key = made.at("object_key")
    confirm = {"object_key": key, "changelog": "signed"}
    p.ask("hank", "POST", f"{BASE}/upload/confirm", "before it was sent", json=confirm)
    p.ask(ANONYMOUS, "PUT", url.partition("?")[0], "unsigned", content=b"hello")
    p.ask(ANONYMOUS, "GET", url, "to read", content=b"hello")
    p.ask(ANONYMOUS, "PUT", url, "too large", content=b"x" * (MAX_BYTES + 1))
    p.ask(ANONYMOUS, "PUT", url, content=b"hello")
    p.ask(ANONYMOUS, "PUT", url, "again", content=b"hello")
    p.ask(f"{ANONYMOUS} stan mia", "POST", f"{BASE}/upload/confirm", json=confirm)
    p.ask("hank", "POST", f"{BASE}/upload/confirm", "other size", json={**confirm, "size": 4})
    p.ask("hank", "POST", f"{BASE}/upload/confirm", "other hash", json={**confirm, "sha256": "0" * 64})
    p.ask("hank hank", "POST", f"{BASE}/upload/confirm", json=confirm)
    held = in_project(p, "signed-held.txt")
    made = p.ask("hank", "POST", f"{BASE}/upload/presign", "held", json=held)
    p.ask(ANONYMOUS, "PUT", str(made.at("url", missing="/api/files/none")), "held", content=b"hello")
    put(p, "mia", held)
    p.ask("mia", "POST", f"{BASE}/lock", "held", json=held)
    key = made.at("object_key")
    p.ask("hank", "POST", f"{BASE}/upload/confirm", "held", json={"object_key": key})
    p.ask("hank", "POST", f"{BASE}/upload/presign", "held now", json=held)
    p.ask("mia", "POST", f"{BASE}/unlock", "held", json=held)


def _downloads(p: Play) -> None:
    place = in_project(p, "docs/a.txt")
    proxy = f"{BASE}/download/proxy"
    who = f"{ANONYMOUS} stan vera hank"
    p.ask(who, "GET", proxy, params=place)
    p.ask(who, "HEAD", proxy, params=place)
    p.ask("vera", "GET", proxy, "inline", params={**place, "inline": "1"})
    p.ask("vera", "GET", proxy, "part", params=place, headers={"Range": "bytes=1-3"})
    p.ask("vera", "GET", proxy, "beyond", params=place, headers={"Range": "bytes=99-"})
    found = p.ask("vera", "GET", proxy, "again", params=place)
    same = {"If-None-Match": found.headers.get("etag", "")}
    p.ask("vera", "GET", proxy, "unchanged", params=place, headers=same)
    p.ask("vera", "GET", proxy, "unknown version", params={**place, "version_id": NOWHERE})
    p.ask("vera", "GET", proxy, "bad version", params={**place, "version_id": "x"})
    p.ask("vera", "GET", proxy, "none", params=in_project(p, "none.txt"))
    presign = f"{BASE}/download/presign"
    p.ask(who, "GET", presign, params=place)
    p.ask("vera", "GET", presign, "bad end", params={**place, "expires_in": 0})
    made = p.ask(who, "POST", presign, json={**place, "expires_in": 60})
    url = str(made.at("url", missing="/api/files/none"))
    for method in ("GET", "HEAD", "PUT"):
        p.ask(ANONYMOUS, method, url, "signed for reading")
    p.ask(ANONYMOUS, "GET", f"{url}0", "forged")
    p.ask(ANONYMOUS, "GET", url, "part", headers={"Range": "bytes=0-1"})
    p.ask("hank", "POST", presign, "for a second", json={**place, "expires_in": 1})
    put(p, "hank", own(p, "hank", "page.html"), b"<script>alert(1)</script>")
    p.ask("hank", "GET", proxy, "a page inline", params={**own(p, "hank", "page.html"), "inline": "1"})
