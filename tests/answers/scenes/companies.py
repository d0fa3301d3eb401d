"""Companies and projects. Leaves `company`, `project` (an id) and the project's name GAME."""

from __future__ import annotations

from tests.answers.play import ANONYMOUS, Play
from tests.answers.server import ADMIN

GAME = "game"
NOWHERE = "00000000-0000-4000-8000-000000000000"


def play(p: Play) -> None:
    _companies(p)
    _projects(p)


def _companies(p: Play) -> None:
    made = p.ask(f"{ANONYMOUS} olga {ADMIN}", "POST", "/api/companies", json={"name": "Acme"})
    p.ask(ADMIN, "POST", "/api/companies", "taken", json={"name": "Acme"})
    p.ask(ADMIN, "POST", "/api/companies", "no name", json={"name": ""})
    company = p.made["company"] = made.uuid("id")
    one = f"/api/companies/{company}"
    p.ask(f"{ANONYMOUS} hank {ADMIN}", "PUT", f"{one}/members/olga", json={"role": "owner"})
    for name in ("paul", "hank", "mia", "vera"):
        p.ask("olga", "PUT", f"{one}/members/{name}", json={"role": "member"})
    p.ask("olga", "PUT", f"{one}/members/nobody", json={"role": "member"})
    p.ask("olga", "PUT", f"{one}/members/hank", "no role", json={"role": "king"})
    p.ask("hank", "PUT", f"{one}/members/hank", "oneself", json={"role": "owner"})
    other = p.ask(ADMIN, "POST", "/api/companies", "other", json={"name": "Other"})
    body = {"company_id": other.uuid("id"), "role": "member"}
    p.ask(
        f"{ANONYMOUS} hank {ADMIN}", "PUT", f"/api/admin/users/{p.people['stan'].number}/company", json=body
    )
    p.ask(ADMIN, "PUT", f"/api/admin/users/{p.people['stan'].number}/company", json={"company_id": NOWHERE})
    who = f"{ANONYMOUS} stan hank olga {ADMIN}"
    p.ask(who, "GET", "/api/companies")
    p.ask(who, "GET", one)
    p.ask(who, "GET", f"{one}/members")
    p.ask(ADMIN, "GET", f"/api/companies/{NOWHERE}", "none")
    p.ask(ADMIN, "GET", "/api/companies/abc")
    p.ask(f"{ANONYMOUS} stan hank olga", "PATCH", one, json={"name": "Acme & Sons"})
    p.ask("olga", "PATCH", one, "taken", json={"name": "Other"})
    p.ask(f"{ANONYMOUS} stan hank olga", "DELETE", f"{one}/members/vera")
    p.ask("olga", "DELETE", f"{one}/members/vera", "gone")
    p.ask("olga", "PUT", f"{one}/members/vera", json={"role": "member"})
    third = p.ask(ADMIN, "POST", "/api/companies", "third", json={"name": "Third"}).uuid("id")
    p.ask(f"{ANONYMOUS} olga", "DELETE", f"/api/companies/{third}")
    p.ask(ADMIN, "DELETE", one, "with people")
    p.ask(ADMIN, "DELETE", f"/api/companies/{third}")
    p.ask(ADMIN, "DELETE", f"/api/companies/{third}", "gone")


def _projects(p: Play) -> None:
    body = {"name": GAME, "company_id": p.made["company"]}
    made = p.ask(f"{ANONYMOUS} olga", "POST", "/api/projects", json=body)
    p.ask("stan", "POST", "/api/projects", "taken", json={"name": GAME})
    p.ask("stan", "POST", "/api/projects", "another's company", json={**body, "name": "stolen"})
    p.ask("stan", "POST", "/api/projects", "bad name", json={"name": "a b"})
    project = p.made["project"] = made.uuid("id")
    one = f"/api/projects/{project}"
    for name, role in (("paul", "admin"), ("hank", "member"), ("mia", "member"), ("vera", "viewer")):
        p.ask("olga", "PUT", f"{one}/members/{name}", json={"role": role})
    p.ask(f"{ANONYMOUS} stan hank paul", "PUT", f"{one}/members/stan", json={"role": "owner"})
    p.ask("olga", "PUT", f"{one}/members/nobody", json={"role": "member"})
    p.ask("olga", "PUT", f"{one}/members/hank", "no role", json={"role": "king"})
    who = f"{ANONYMOUS} stan vera hank olga {ADMIN}"
    p.ask(who, "GET", "/api/projects")
    p.ask(who, "GET", one)
    p.ask(who, "GET", f"{one}/members")
    p.ask("olga", "PUT", f"{one}/members/stan", json={"role": "viewer"})
    p.ask(f"{ANONYMOUS} hank stan", "DELETE", f"{one}/members/stan")
    p.ask("olga", "DELETE", f"{one}/members/olga", "the last owner")
    p.ask("olga", "DELETE", f"{one}/members/nobody")
    second = p.ask("stan", "POST", "/api/projects", "second", json={"name": "second/part"}).uuid("id")
    p.ask(f"{ANONYMOUS} hank stan", "DELETE", f"/api/projects/{second}")
    p.ask("stan", "DELETE", f"/api/projects/{second}", "gone")
    p.ask("stan", "GET", "/api/projects/abc")
    p.ask("hank", "DELETE", one, "by a member")
