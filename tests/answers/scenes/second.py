"""A server with other settings: a sub-path, other pages' calls, strict rules, and ends that the sweep announces."""

from __future__ import annotations

from tests.answers.play import ANONYMOUS, Play
from tests.answers.scenes.webdav import lockinfo
from tests.answers.server import ADMIN

SETTINGS = {
    "BASE_PATH": "/crib",
    "API_AT_ROOT": "true",
    "CORS_ORIGINS": "https://page.example",
    "FRONTEND_BASE_URL": "https://crib.example/crib",
    "UNKNOWN_PROJECTS": "refuse",
    "PROJECT_CREATION": "admin",
    "JWT_ACCESS_TOKEN_EXPIRES_MINUTES": "60",
    "COOKIE_SECURE": "true",
    "LFS_REDIRECT_URL": "https://lfs.example",
    "LOGIN_RATE": "6/hour",
    "SWEEP_SECONDS": "0.2",
}
BASE = "/api/storage"
FROM = {"Origin": "https://page.example"}


def play(p: Play) -> None:
    p.sign_in(ADMIN)
    for name in ("hank", "mia", "rose", "zoe"):
        p.new_person(name)
    _rules(p)
    _other_pages(p)
    _ends(p)
    _outage(p)
    _too_often(p)


def _rules(p: Play) -> None:
    p.ask("hank", "POST", "/api/projects", json={"name": "mine"})
    project = p.ask(ADMIN, "POST", "/api/projects", json={"name": "game"}).uuid("id")
    for name in ("hank", "mia", "rose", "zoe"):
        p.ask(ADMIN, "PUT", f"/api/projects/{project}/members/{name}", json={"role": "member"})
    p.ask("hank", "GET", "/api/locks?project=unregistered")
    p.ask("hank", "POST", "/api/locks", json={"asset_path": "a.psd", "branch": "main"})
    p.ask("hank", "GET", "/locks?project=game", "API at the root")
    p.ask("hank", "GET", "/locks?project=game", "a page", headers={"Accept": "text/html"})
    p.ask("hank", "POST", "/game/info/lfs/objects/batch", json={"operation": "download", "objects": []})
    p.ask("hank", "PROPFIND", "/dav/users/me/", headers={"Depth": "0"})
    origin = p.server.origin
    for path in ("/api/whoami", "/health", "/crib", "/crib/", "/cribs"):
        p.ask("hank", "GET", origin + path, "outside the sub-path")
    p.ask(ANONYMOUS, "POST", "/api/session", json={"username": "hank", "password": "wrong"})


def _other_pages(p: Play) -> None:
    for origin in ("https://page.example", "https://evil.example"):
        asked = {"Origin": origin, "Access-Control-Request-Method": "PATCH"}
        for path in ("/api/locks", f"{BASE}/uploads"):
            headers = {**asked, "Access-Control-Request-Headers": "authorization,upload-offset"}
            p.ask(ANONYMOUS, "OPTIONS", path, f"before {origin}", headers=headers)
            p.ask("hank", "GET", path, f"from {origin}", headers={"Origin": origin})
    p.ask("hank", "GET", "/api/nothing", "from there", headers=FROM)


def _ends(p: Play) -> None:
    """A lock of each kind, with somebody in line, whose end only the sweep notices."""
    body = {"asset_path": "swept.psd", "branch": "main", "project": "game"}
    p.ask("hank", "POST", "/api/locks", "short", json={**body, "expires_in": 2})
    p.ask("mia", "POST", "/api/locks", "in line", json={**body, "wait": True})
    place = {"bucket_type": "users", "bucket_id": p.people["hank"].uuid, "logical_path": "swept.txt"}
    p.ask("hank", "POST", f"{BASE}/upload/proxy", data=place, files={"file": ("swept.txt", b"x")})
    p.await_event("expired", 1)
    p.ask("hank", "POST", f"{BASE}/lock", json={**place, "expires_in": 1})
    p.await_event("expired", 2)
    p.ask("hank", "GET", "/api/locks?project=game", "after the sweep")
    asked = {**place, "include_locks": "1", "include_audit": "1"}
    p.ask("hank", "GET", f"{BASE}/metadata", "after the sweep", params=asked)
    p.ask(ADMIN, "GET", "/api/events?order=asc&limit=200", "after the sweep")


def _outage(p: Play) -> None:
    """What a program keeps alive outlives a stop of the server; ends that people chose do not."""
    path = f"/dav/users/{p.people['hank'].uuid}/swept.txt"
    p.ask("hank", "LOCK", path, content=lockinfo(), headers={"Depth": "0", "Timeout": "Second-3"})
    body = {"asset_path": "outage.psd", "branch": "main", "project": "game", "expires_in": 3}
    p.ask("hank", "POST", "/api/locks", "outage", json=body)
    before = p.ask(ADMIN, "GET", "/api/events?limit=1", "before the outage").at("last_seq")
    p.server.stop()
    p.pause(3.1)
    p.server.start()
    p.await_event("expired", 3)
    p.ask("hank", "GET", "/api/claims", "after the outage")
    p.ask("hank", "PROPFIND", path, "after the outage", headers={"Depth": "0"})
    p.ask(ADMIN, "GET", f"/api/events?order=asc&after={before}", "after the outage")


def _too_often(p: Play) -> None:
    """Sign-ins run out: those above count too."""
    for _ in range(8):
        p.ask(ANONYMOUS, "POST", "/api/login", "too often", json={"username": "hank", "password": "wrong"})
