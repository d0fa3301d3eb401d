"""Claims of any kind, by the generic routes."""

from __future__ import annotations

from tests.answers.play import ANONYMOUS, Play
from tests.answers.scenes.companies import GAME
from tests.answers.server import ADMIN


def play(p: Play) -> None:
    _looking(p)
    _queue(p)
    _verbs(p)


def _taken(p: Play, name: str, path: str, **more: object) -> str:
    body = {"asset_path": path, "branch": "main", "project": GAME, **more}
    return f"/api/claims/{p.ask(name, 'POST', '/api/locks', path, json=body).at('lock', 'fence')}"


def _looking(p: Play) -> None:
    who = f"{ANONYMOUS} stan vera hank paul {ADMIN}"
    found = p.ask(who, "GET", "/api/claims")
    for question in (
        "?kind=asset",
        "?kind=document,asset&limit=1",
        "?kind=none",
        "?holder=hank",
        "?mine=true",
        "?prefix=rocks",
        "?branch=main",
        f"?project={GAME}",
        "?q=rock",
        "?limit=0",
        "?cursor=x",
    ):
        p.ask("hank", "GET", f"/api/claims{question}")
    p.ask(ADMIN, "GET", "/api/claims", "unchanged", headers={"If-None-Match": found.headers.get("etag", "")})
    p.ask(who, "GET", f"/api/claims/{p.made['lock']}")
    p.ask("hank", "GET", "/api/claims/999999999")
    p.ask("hank", "GET", "/api/claims/0")
    p.ask("hank", "GET", "/api/claims/abc")


def _queue(p: Play) -> None:
    one = _taken(p, "hank", "queue.psd")
    body = {"take": True, "comment": "me next", "ttl_seconds": 600}
    p.ask(f"{ANONYMOUS} stan hank mia mia", "POST", f"{one}/queue", json=body)
    p.ask("paul", "POST", f"{one}/queue", "to be told", json={"take": False})
    p.ask("olga", "POST", f"{one}/queue", "defaults", json={})
    p.ask("vera", "POST", f"{one}/queue", "viewer", json={})
    p.ask("olga", "POST", f"{one}/queue", "bad", json={"ttl_seconds": 0})
    p.ask("olga", "POST", "/api/claims/999999999/queue", json={})
    p.ask(f"{ANONYMOUS} stan vera hank", "GET", f"{one}/queue")
    p.ask("hank", "GET", "/api/claims/999999999/queue")
    p.ask(f"{ANONYMOUS} stan olga olga", "DELETE", f"{one}/queue")
    p.ask("hank", "GET", one, "with a queue")
    p.ask("hank", "POST", f"{one}/release", "mia is next")
    p.ask("hank", "POST", f"{one}/release", "late retry")
    p.ask("hank", "GET", f"/api/locks/queue.psd?project={GAME}")


def _verbs(p: Play) -> None:
    one = _taken(p, "hank", "verbs.psd", expires_in=600)
    who = f"{ANONYMOUS} stan vera mia {ADMIN} hank"
    p.ask(who, "POST", f"{one}/renew", json={"ttl_seconds": 1200})
    p.ask("hank", "POST", f"{one}/renew", "no end", json={})
    p.ask(
        "hank",
        "POST",
        f"{one}/renew",
        "two ends",
        json={"ttl_seconds": 5, "expires_at": "2099-01-01T00:00:00Z"},
    )
    p.ask("hank", "POST", f"{one}/renew", "past", json={"expires_at": "2001-01-01T00:00:00Z"})
    p.ask("hank", "POST", f"{one}/renew", "no body")
    p.ask("hank", "POST", "/api/claims/999999999/renew", json={})
    p.ask(f"{ANONYMOUS} stan mia", "POST", f"{one}/transfer", json={"to": "mia"})
    for to in ("nobody", "stan", "vera"):
        p.ask("hank", "POST", f"{one}/transfer", to, json={"to": to})
    two = _moved(p, "hank", one, "hank")
    p.ask("hank", "POST", f"{one}/renew", "handed over", json={})
    three = _moved(p, "hank", two, "mia")
    four = _moved(p, "paul", three, "olga")
    p.ask(f"{ANONYMOUS} stan hank olga", "POST", f"{four}/force-release", json={"reason": "needed"})
    p.ask("paul", "POST", f"{four}/force-release", "no reason", json={})
    p.ask("paul paul", "POST", f"{four}/force-release", json={"reason": "needed"})
    one = _taken(p, "hank", "given back.psd")
    p.ask(f"{ANONYMOUS} stan vera mia {ADMIN} hank hank", "POST", f"{one}/release")


def _moved(p: Play, name: str, claim: str, to: str) -> str:
    answer = p.ask(name, "POST", f"{claim}/transfer", to, json={"to": to, "comment": "yours now"})
    return f"/api/claims/{answer.at('claim', 'fence')}"
