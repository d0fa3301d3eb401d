"""Accounts and projects that go while something is held, and the log of all that was done."""

from __future__ import annotations

from tests.answers.play import ANONYMOUS, Play
from tests.answers.scenes.companies import GAME
from tests.answers.server import ADMIN


def play(p: Play) -> None:
    _people_go(p)
    _projects_go(p)
    _log(p)


def _people_go(p: Play) -> None:
    project = p.made["project"]
    for name in ("ida", "ned"):
        person = p.new_person(name)
        p.ask("olga", "PUT", f"/api/projects/{project}/members/{name}", json={"role": "member"})
        body = {"asset_path": f"{name}.psd", "branch": "main", "project": GAME}
        p.ask(name, "POST", "/api/locks", json=body)
        p.ask("mia", "POST", "/api/locks", f"behind {name}", json={**body, "wait": True})
        place = {"bucket_type": "projects", "bucket_id": project, "logical_path": f"{name}.txt"}
        p.ask(name, "POST", "/api/storage/upload/proxy", data=place, files={"file": (f"{name}.txt", b"x")})
        p.ask(name, "POST", "/api/storage/lock", json=place)
        p.ask(
            name, "POST", "/api/locks", "in line", json={**body, "asset_path": "rocks/a.uasset", "wait": True}
        )
        if name == "ida":
            p.ask(ADMIN, "PUT", f"/api/admin/users/{person.number}/status", "ida", json={"is_active": False})
        else:
            p.ask(ADMIN, "DELETE", f"/api/admin/users/{person.number}", "ned")
        p.ask(name, "GET", "/api/whoami", "no longer")
        p.ask(ANONYMOUS, "POST", "/api/login", f"{name} again", json={"username": name, "password": "x"})
        p.ask("mia", "GET", f"/api/locks/{name}.psd?project={GAME}")
        where = {**place, "include_locks": "1", "include_audit": "1"}
        p.ask("mia", "GET", "/api/storage/metadata", f"{name}'s file", params=where)
    p.ask("hank", "POST", f"/api/claims/{p.made['lock']}/release", "ida and ned were in line")
    p.ask("mia", "GET", f"/api/locks/rocks/a.uasset?project={GAME}")
    p.ask("olga", "DELETE", f"/api/projects/{project}/members/mia", "who holds something")
    p.ask("mia", "GET", f"/api/locks?project={GAME}", "no longer a member")
    p.ask("olga", "GET", f"/api/locks?project={GAME}", "after the member left")
    p.ask("olga", "PUT", f"/api/projects/{project}/members/mia", json={"role": "member"})


def _projects_go(p: Play) -> None:
    made = p.ask("olga", "POST", "/api/projects", "short-lived", json={"name": "short"}).uuid("id")
    p.ask("olga", "POST", "/api/locks", json={"asset_path": "a.psd", "branch": "main", "project": "short"})
    p.ask("olga", "DELETE", f"/api/projects/{made}", "with a lock")
    p.ask("olga", "DELETE", "/api/locks/a.psd?project=short")
    p.ask("olga", "DELETE", f"/api/projects/{made}", "short-lived")
    p.ask("olga", "GET", "/api/locks?project=short")
    p.ask(ADMIN, "GET", "/api/claims", "at the end")
    p.ask(ADMIN, "GET", "/api/admin/health", "at the end")


def _log(p: Play) -> None:
    p.ask(f"{ANONYMOUS} stan vera", "GET", "/api/events?limit=20")
    for question in (
        "?kind=asset&limit=5",
        "?actor=hank&limit=5",
        "?verb=acquired,released&limit=5",
        "?key=rocks/a.uasset",
        "?prefix=art&limit=5",
        "?scope=project:game&limit=5&order=asc",
        "?limit=0",
        "?order=up",
        "?after=x",
        "?since=nonsense",
    ):
        p.ask("hank", "GET", f"/api/events{question}")
    p.ask(f"{ANONYMOUS} stan", "GET", "/api/events/archived")
    p.ask("hank", "GET", "/api/events/archived?cursor=x")
    p.ask(f"{ANONYMOUS} stan", "GET", "/api/events.csv")
    p.ask(ADMIN, "GET", "/api/events.csv?kind=asset&actor=hank")
    p.ask("hank", "GET", "/api/events.csv?after=x")
    last = p.ask(ADMIN, "GET", "/api/events?limit=1").at("last_seq")
    p.stream("stan", "/api/events/stream", "event: hello")
    p.stream(ADMIN, f"/api/events/stream?after={max(int(last) - 60, 0)}", f"id: {last}")
    p.ask("hank", "GET", "/api/events/stream", "bad id", headers={"Last-Event-ID": "x"})
    after: object = 0
    while after is not None:  # all of it, in pages
        page = p.ask(ADMIN, "GET", f"/api/events?order=asc&limit=200&after={after}", "the whole log")
        after = page.at("next_after", missing=None)
