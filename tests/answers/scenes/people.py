"""Signing in, accounts, API keys, and the configuration.

The people of the script: olga owns the project and the company, paul administers the project, hank and mia are
members, vera may only look, and stan is a stranger.
"""

from __future__ import annotations

from tests.answers.play import ANONYMOUS, Play
from tests.answers.server import ADMIN, PASSWORD

EVERYBODY = ("olga", "paul", "hank", "mia", "vera", "stan")
NEW_PASSWORD = "another horse battery"


def play(p: Play) -> None:
    p.sign_in(ADMIN)
    for name in EVERYBODY:
        p.new_person(name)
    _signing_in(p)
    _sessions(p)
    _two_steps(p)
    _accounts(p)
    _own_account(p)
    _keys(p)
    _pool_accounts(p)
    _configuration(p)


def _signing_in(p: Play) -> None:
    for note, body in {
        "wrong password": {"username": "hank", "password": "wrong"},
        "unknown": {"username": "nobody", "password": "wrong"},
        "no password": {"username": "hank"},
        "numbers": {"username": 1, "password": 2},
        "long": {"username": "hank", "password": "x" * 2000},
    }.items():
        p.ask(ANONYMOUS, "POST", "/api/login", note, json=body)
        p.ask(ANONYMOUS, "POST", "/api/session", note, json=body)
    p.guest("forger", Authorization="Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJoYW5rIn0.x")
    p.guest("mumbler", Authorization="Nonsense")
    p.guest("stale", **{"X-API-Key": "tck_nothing"})
    who = f"{ANONYMOUS} forger mumbler stale hank {ADMIN}"
    for path in ("/api/whoami", "/api/currentuser", "/api/storage/buckets", "/info/lfs/locks", "/dav/"):
        p.ask(who, "GET", path)
    p.ask(ANONYMOUS, "GET", "/api/auth/providers")
    p.ask(ANONYMOUS, "GET", "/api/auth/oidc/login")
    p.ask(ANONYMOUS, "GET", "/api/auth/oidc/callback")
    p.ask(ANONYMOUS, "POST", "/api/auth/oidc/callback", json={})
    p.ask(ANONYMOUS, "POST", "/api/auth/oidc/callback", "code", json={"code": "c", "state": "s"})


def _sessions(p: Play) -> None:
    body = {"username": "mia", "password": PASSWORD}
    p.guest("browser")
    p.ask(
        "browser",
        "POST",
        "/api/session",
        "another site",
        json=body,
        headers={"Origin": "https://evil.example"},
    )
    p.ask("browser", "POST", "/api/session", json=body)
    p.ask("browser", "GET", "/api/whoami")
    lock = {"asset_path": "cookie.uasset", "branch": "main"}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {}):
        p.ask("browser", "POST", "/api/locks", str(list(headers)), json=lock, headers=headers)
    p.ask("browser", "DELETE", "/api/locks/cookie.uasset")
    change = {"current_password": PASSWORD, "new_password": PASSWORD}
    p.ask("browser", "PUT", "/api/users/me/password", json=change)
    p.ask("browser", "GET", "/api/whoami", "with the new cookie")
    p.ask("browser", "DELETE", "/api/session", "another site", headers={"Origin": "https://evil.example"})
    p.ask("browser", "DELETE", "/api/session")
    p.ask("browser", "GET", "/api/whoami", "signed out")
    p.ask("mia", "GET", "/api/whoami", "token from before the change")
    p.sign_in("mia")


def _two_steps(p: Play) -> None:
    own = "/api/users/me/otp"
    p.ask(f"{ANONYMOUS} stan {ADMIN}", "GET", own)
    p.ask(f"{ANONYMOUS} stan", "POST", own, "wrong password", json={"current_password": "wrong"})
    p.ask(f"{ANONYMOUS} stan", "PUT", own, "not begun", json={"otp": "000000"})
    both = {"current_password": PASSWORD, "otp": "000000"}
    for path in (f"{own}/recovery-codes", f"{own}/disable"):
        p.ask(f"{ANONYMOUS} stan", "POST", path, json=both)
    p.ask(
        ANONYMOUS,
        "POST",
        "/api/login",
        "needless code",
        json={"username": "stan", "password": PASSWORD, "otp": "1"},
    )
    p.ask(ANONYMOUS, "POST", "/api/auth/logout")
    p.ask(ANONYMOUS, "POST", "/api/auth/oidc/backchannel-logout", data={"logout_token": "x"})


def _accounts(p: Play) -> None:
    users = "/api/admin/users"
    for note, body in {
        "taken": {"username": "hank", "password": PASSWORD, "email": "x@example.com"},
        "address taken": {"username": "tom", "password": PASSWORD, "email": "hank@example.com"},
        "short password": {"username": "tom", "password": "short", "email": "tom@example.com"},
        "no address": {"username": "tom", "password": PASSWORD, "email": "nonsense"},
        "bad name": {"username": "a\tb", "password": PASSWORD, "email": "tom@example.com"},
        "flag as text": {
            "username": "tom",
            "password": PASSWORD,
            "email": "t@example.com",
            "is_admin": "yes",
        },
    }.items():
        p.ask(ADMIN, "POST", users, note, json=body)
    tom = p.new_person("tom", is_admin=True)
    one = f"{users}/{tom.number}"
    p.ask(f"{ANONYMOUS} hank {ADMIN}", "GET", users)
    p.ask(f"{ANONYMOUS} hank {ADMIN}", "GET", one)
    p.ask(ADMIN, "GET", f"{users}/999999")
    p.ask(ADMIN, "GET", f"{users}/abc")
    who = f"{ANONYMOUS} hank {ADMIN}"
    p.ask(who, "PUT", f"{one}/email", json={"new_email": "thomas@example.com"})
    p.ask(ADMIN, "PUT", f"{one}/email", "taken", json={"new_email": "hank@example.com"})
    p.ask(who, "PUT", f"{one}/status", json={"is_admin": False})
    p.ask(ADMIN, "PUT", f"{one}/status", "nothing", json={})
    p.ask(ADMIN, "PUT", f"{users}/{p.people[ADMIN].number}/status", "oneself", json={"is_admin": False})
    p.ask(who, "PUT", f"{one}/password", json={"new_password": NEW_PASSWORD})
    p.ask(ADMIN, "PUT", f"{one}/password", "short", json={"new_password": "short"})
    p.ask("tom", "GET", "/api/whoami", "after a reset")
    p.sign_in("tom", NEW_PASSWORD)
    p.ask(f"{ANONYMOUS} hank", "GET", "/api/people")
    p.ask("hank", "GET", "/api/people?q=a")
    p.ask("hank", "GET", "/api/people", "long", params={"q": "x" * 300})
    p.ask(f"{ANONYMOUS} hank", "DELETE", one)
    p.ask(ADMIN, "DELETE", f"{users}/{p.people[ADMIN].number}", "oneself")


def _own_account(p: Play) -> None:
    for note, body in {
        "wrong password": {"new_email": "m@example.com", "current_password": "wrong"},
        "taken": {"new_email": "hank@example.com", "current_password": PASSWORD},
        "nothing": {},
    }.items():
        p.ask("mia", "PUT", "/api/users/me/email", note, json=body)
    body = {"new_email": "mia.b@example.com", "current_password": PASSWORD}
    p.ask(f"{ANONYMOUS} mia", "PUT", "/api/users/me/email", json=body)
    body = {"current_password": "wrong", "new_password": NEW_PASSWORD}
    p.ask(f"{ANONYMOUS} vera", "PUT", "/api/users/me/password", "wrong", json=body)
    p.ask("vera", "PUT", "/api/users/me/password", "short", json={**body, "new_password": "x"})
    p.ask("vera", "PUT", "/api/users/me/password", json={**body, "current_password": PASSWORD})
    p.ask("vera", "GET", "/api/whoami", "after a change of password")
    p.sign_in("vera", NEW_PASSWORD)
    p.ask(ANONYMOUS, "GET", "/api/confirm-email/nonsense")
    p.ask(ANONYMOUS, "GET", "/api/confirm-password/nonsense")


def _keys(p: Play) -> None:
    keys = "/api/users/me/keys"
    made = p.ask(
        f"{ANONYMOUS} hank",
        "POST",
        keys,
        json={"name": "build", "expires_in_days": 30, "scopes": ["read", "locks"]},
    )
    p.ask("hank", "POST", keys, "no name", json={"name": ""})
    p.ask("hank", "POST", keys, "unknown scope", json={"name": "x", "scopes": ["all"]})
    p.ask(f"{ANONYMOUS} hank", "GET", f"{keys}/scopes")
    p.ask("hank", "POST", keys, "too long", json={"name": "x", "expires_in_days": 9999})
    key = made.at("key", missing="tck_")
    p.guest("robot", **{"X-API-Key": key})
    p.guest("bearing robot", Authorization=f"Bearer {key}")
    p.people["robot2"] = p.people["bearing robot"]
    p.ask("robot robot2", "GET", "/api/whoami")
    p.ask("robot", "POST", keys, json={"name": "a key's key"})
    p.ask(f"{ANONYMOUS} hank mia", "GET", keys)
    p.ask(f"{ANONYMOUS} mia", "DELETE", f"{keys}/{made.at('id')}")
    second = p.ask("hank", "POST", keys, "second", json={"name": "second"})
    p.ask("hank", "DELETE", f"{keys}/{second.at('id')}")
    p.ask("hank", "DELETE", f"{keys}/{second.at('id')}")
    p.ask("hank", "DELETE", f"{keys}/abc")


def _pool_accounts(p: Play) -> None:
    who = f"{ANONYMOUS} hank {ADMIN}"
    p.ask(who, "GET", "/api/users")
    p.ask(who, "POST", "/api/users", json={"username": "uma", "password": PASSWORD})
    p.ask(ADMIN, "POST", "/api/users", "taken", json={"username": "uma", "password": PASSWORD})
    p.ask(ADMIN, "POST", "/api/users", "no password", json={"username": "una"})
    p.ask(ADMIN, "POST", "/api/users", "short password", json={"username": "una", "password": "x"})
    p.ask(ADMIN, "DELETE", f"/api/users/{ADMIN}", "oneself")
    p.ask(who, "DELETE", "/api/users/uma")
    p.ask(ADMIN, "DELETE", "/api/users/uma", "gone")


def _configuration(p: Play) -> None:
    who = f"{ANONYMOUS} hank {ADMIN}"
    p.ask(who, "GET", "/api/config/status")
    p.ask(who, "GET", "/api/admin/config")
    p.ask(who, "GET", "/api/admin/config/details")
    p.ask(who, "PUT", "/api/admin/config", json={"auto_release_hours": 48})
    for note, body in {
        "zero": {"auto_release_hours": 0},
        "text": {"auto_release_enabled": "yes"},
        "unknown": {"no_such_key": 1},
    }.items():
        p.ask(ADMIN, "PUT", "/api/admin/config", note, json=body)
    p.ask(ADMIN, "GET", "/api/admin/config", "changed")
    p.ask(who, "POST", "/api/admin/test-email")
    p.ask(who, "GET", "/api/admin/health")
