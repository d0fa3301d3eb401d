"""Asset locks, by their own routes. Leaves `lock` and `taken`: the fences of two of hank's locks in the project."""

from __future__ import annotations

from typing import Any

from tests.answers.play import ANONYMOUS, Play
from tests.answers.scenes.companies import GAME
from tests.answers.server import ADMIN

MAP = "maps/one two.umap"


def play(p: Play) -> None:
    _taking(p)
    _listing(p)
    _keeping(p)
    _many(p)
    _waiting(p)
    _giving_back(p)


def _taking(p: Play) -> None:
    body = {"asset_path": MAP, "branch": "main", "comment": "lighting", "project": GAME, "expires_in": 3600}
    first = p.ask(f"{ANONYMOUS} stan vera hank mia hank", "POST", "/api/locks", json=body)
    p.made["held"] = first.at("details", "fence")
    more = {"asset_path": "rocks/a.uasset", "branch": "feature/x", "project": GAME}
    p.made["lock"] = p.ask("hank", "POST", "/api/locks", "second", json=more).at("lock", "fence")
    p.ask("stan", "POST", "/api/locks", "default project", json={"asset_path": "open.psd", "branch": "main"})
    p.ask("robot", "POST", "/api/locks", "by API key", json={**more, "asset_path": "robot.psd"})
    changes: dict[str, dict[str, Any]] = {
        "no path": {"asset_path": ""},
        "upwards": {"asset_path": "../x"},
        "long path": {"asset_path": "x" * 1025},
        "no branch": {"branch": None},
        "bad project": {"project": "a b"},
        "two ends": {"expires_at": "2099-01-01T00:00:00Z", "expires_in": 5},
        "far end": {"expires_at": "2099-01-01T00:00:00Z"},
        "past end": {"expires_at": "2001-01-01T00:00:00Z"},
        "negative": {"expires_in": -1},
        "long comment": {"comment": "x" * 2001},
        "wait as text": {"wait": "yes"},
    }
    for note, change in changes.items():
        p.ask("hank", "POST", "/api/locks", note, json={**more, "asset_path": "new.psd", **change})
    p.ask("hank", "POST", "/api/locks", "no JSON", content=b"{", headers={"Content-Type": "application/json"})
    p.ask("hank", "POST", "/api/locks", "plain text", content=b'{"asset_path":"t.psd","branch":"b"}')


def _listing(p: Play) -> None:
    who = f"{ANONYMOUS} stan vera hank {ADMIN}"
    found = p.ask(who, "GET", f"/api/locks?project={GAME}")
    for question in (
        "",
        f"?project={GAME}&mine=true",
        f"?project={GAME}&holder=hank",
        f"?project={GAME}&branch=main",
        f"?project={GAME}&prefix=rocks",
        f"?project={GAME}&path={MAP}",
        f"?project={GAME}&q=UMAP",
        f"?project={GAME}&limit=1",
        f"?project={GAME}&limit=0",
        "?cursor=x",
        "?project=unregistered",
    ):
        p.ask("hank", "GET", f"/api/locks{question}")
    same = {"If-None-Match": found.headers.get("etag", "")}
    p.ask(ADMIN, "GET", f"/api/locks?project={GAME}", "unchanged", headers=same)
    p.ask("hank", "GET", f"/api/locks?project={GAME}", "another's tag", headers=same)
    for path in (f"{MAP}?project={GAME}", "open.psd", "rocks/a.uasset", "../x", "none"):
        p.ask(f"{ANONYMOUS} stan hank", "GET", f"/api/locks/{path}")
    p.ask(who, "GET", "/api/lock-history", params={"path": MAP, "project": GAME})
    p.ask("hank", "GET", "/api/lock-history", "one", params={"path": MAP, "project": GAME, "limit": 1})
    p.ask("hank", "GET", "/api/lock-history", "no path")


def _keeping(p: Play) -> None:
    body = {"asset_path": MAP, "project": GAME}
    p.ask(f"{ANONYMOUS} stan mia hank", "POST", "/api/locks/renew", json={**body, "expires_in": 7200})
    p.ask("hank", "POST", "/api/locks/renew", "no end", json=body)
    p.ask("hank", "POST", "/api/locks/renew", "past", json={**body, "expires_at": "2001-01-01T00:00:00"})
    p.ask("hank", "POST", "/api/locks/renew", "none", json={**body, "asset_path": "none"})
    notify = f"/api/locks/path/{MAP}/notify"
    p.ask(f"{ANONYMOUS} stan mia", "POST", notify, json={"message": "please", "project": GAME})
    p.ask("hank", "POST", notify, "oneself", json={"project": GAME})
    p.ask("mia", "POST", "/api/locks/path/open.psd/notify", "no body")
    p.ask("mia", "POST", "/api/locks/path/none/notify")


def _many(p: Play) -> None:
    bulk = "/api/locks/bulk"
    body = {
        "action": "lock",
        "paths": ["b/1.psd", "b/2.psd"],
        "branch": "main",
        "project": GAME,
        "comment": "all",
    }
    p.ask(f"{ANONYMOUS} stan vera mia hank", "POST", bulk, json=body)
    p.ask("hank", "POST", bulk, "some held", json={**body, "paths": ["b/3.psd", "b/1.psd", "b/2.psd"]})
    p.ask("hank", "POST", bulk, "twice", json={**body, "paths": ["b/4.psd", "b/4.psd"]})
    p.ask("hank", "POST", bulk, "bad path", json={**body, "paths": ["b/5.psd", ""]})
    p.ask("hank", "POST", bulk, "no paths", json={**body, "paths": []})
    p.ask("hank", "POST", bulk, "bad action", json={**body, "action": "keep"})
    release = {"action": "release", "paths": ["b/2.psd"], "project": GAME}
    p.ask(f"{ANONYMOUS} stan hank mia", "POST", bulk, "release", json=release)
    p.ask("mia", "POST", bulk, "release again", json=release)
    check = {"paths": [MAP, "b/1.psd", "free.psd"], "project": GAME}
    p.ask(f"{ANONYMOUS} stan vera hank mia", "POST", "/api/locks/check", json=check)
    p.ask("mia", "POST", "/api/locks/check", "none", json={"paths": []})
    p.ask("mia", "POST", "/api/locks/check", "no list", json={"paths": "x"})
    force = {"paths": ["b/1.psd"], "project": GAME, "reason": "on holiday"}
    p.ask(f"{ANONYMOUS} stan hank paul", "POST", "/api/locks/force-release", json=force)
    p.ask(ADMIN, "POST", "/api/locks/force-release", "no reason", json={**force, "reason": " "})
    p.ask(ADMIN, "POST", "/api/locks/force-release", "none", json=force)
    merged = {"branch": "feature/x", "project": GAME}
    for path in ("m/1.psd", "m/2.psd"):
        p.ask(
            "mia",
            "POST",
            "/api/locks",
            "to be merged",
            json={**merged, "asset_path": path, "branch": "merged"},
        )
    p.ask(
        f"{ANONYMOUS} stan vera mia", "POST", "/api/locks/auto-release", json={**merged, "branch": "merged"}
    )
    p.ask("mia", "POST", "/api/locks/auto-release", "nothing", json={**merged, "branch": "none"})


def _waiting(p: Play) -> None:
    body = {"asset_path": "w.psd", "branch": "main", "project": GAME, "comment": "next"}
    p.ask("hank", "POST", "/api/locks", json=body)
    p.ask("stan vera mia mia hank", "POST", "/api/locks", "waiting", json={**body, "wait": True})
    p.ask("paul", "POST", "/api/locks", "waiting with an end", json={**body, "wait": True, "expires_in": 600})
    p.ask("olga", "POST", "/api/locks", "behind others", json=body)
    p.ask("hank", "DELETE", f"/api/locks/w.psd?project={GAME}", "mia is next")
    p.ask("hank", "GET", f"/api/locks/w.psd?project={GAME}")
    p.ask("hank", "DELETE", f"/api/locks/w.psd?project={GAME}", "no longer hank's")
    p.ask("mia", "DELETE", f"/api/locks/w.psd?project={GAME}", "paul is next")
    p.ask("hank", "GET", f"/api/locks/w.psd?project={GAME}")
    p.ask("hank", "GET", "/api/lock-history", params={"path": "w.psd", "project": GAME})


def _giving_back(p: Play) -> None:
    body = {"asset_path": "short.psd", "branch": "main", "project": GAME}
    p.ask("hank", "POST", "/api/locks", "for a moment", json={**body, "expires_in": 2})
    p.ask("mia", "POST", "/api/locks", "for a moment", json={**body, "asset_path": "s2.psd", "expires_in": 2})
    p.ask("paul", "POST", "/api/locks", "in line", json={**body, "asset_path": "s2.psd", "wait": True})
    p.pause(2.1)
    p.ask("hank", "GET", f"/api/locks/short.psd?project={GAME}", "lapsed")
    p.ask("hank", "POST", "/api/locks/renew", "lapsed", json=body)
    p.ask("mia", "POST", "/api/locks", "lapsed", json=body)
    p.ask(
        "hank", "POST", "/api/locks", "lapsed, with somebody in line", json={**body, "asset_path": "s2.psd"}
    )
    p.ask("hank", "GET", "/api/lock-history", "lapsed", params={"path": "short.psd", "project": GAME})
    p.ask("hank", "GET", "/api/lock-history", "passed on", params={"path": "s2.psd", "project": GAME})
    p.ask("mia", "DELETE", f"/api/locks/short.psd?project={GAME}")
    path = f"/api/locks/{MAP}?project={GAME}"
    p.ask(f"{ANONYMOUS} stan mia {ADMIN} hank hank", "DELETE", path)
    taken = p.ask("hank", "POST", "/api/locks", "again", json={**body, "asset_path": MAP, "comment": "kept"})
    p.made["taken"] = taken.at("lock", "fence")
