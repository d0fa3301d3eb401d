"""What is asked about the server itself, and addresses that are none."""

from __future__ import annotations

import re

from tests.answers.coverage import operations
from tests.answers.play import ANONYMOUS, Play
from tests.answers.server import ADMIN

HEALTH = ("/health", "/healthz", "/api/health", "/api/healthz", "/api/storage/health")


def play(p: Play) -> None:
    for path in HEALTH:
        p.ask(ANONYMOUS, "GET", path)
        p.ask(ANONYMOUS, "HEAD", path)
        p.ask(ANONYMOUS, "POST", path)
    for path in ("/", "/locks", "/some/page", "/index.html", "/api/docs", "/assets/none.js"):
        p.ask(ANONYMOUS, "GET", path)
        p.ask(ANONYMOUS, "HEAD", path)
        p.ask(ANONYMOUS, "POST", path)
    for path in (
        "/api",
        "/api/",
        "/api/nothing",
        "/api/storage/nothing",
        "/x/info/lfs/nothing",
        "/dav/nothing",
    ):
        for method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS", "TRACE"):
            p.ask(f"{ANONYMOUS} hank", method, path)
    for path in ("/api/locks/", "/api//locks", "/api/currentuser/", "/api/admin/users/", "/api/Locks"):
        p.ask(ADMIN, "GET", path)
    p.ask("hank", "GET", "/api/%00")
    p.ask("hank", "GET", "/api/locks/%ff")
    p.ask("hank", "GET", "/api/whoami", "its own request id", headers={"X-Request-ID": "mine"})
    _description(p)
    _metrics(p)


def _description(p: Play) -> None:
    """Which operations it names; its wording may change from commit to commit."""
    client = p.people[ANONYMOUS].client
    response = client.get("/api/openapi.json")
    p.made["openapi"] = response.json()
    p.steps["site: the operations of /api/openapi.json"] = {
        "status": response.status_code,
        "body": sorted(f"{method} {path}" for method, path in operations(p.made["openapi"])),
    }


def _metrics(p: Play) -> None:
    """The series by name and labels, without their values."""
    response = p.people[ANONYMOUS].client.get("/metrics")
    series = {line.rpartition(" ")[0] for line in response.text.splitlines() if not line.startswith("#")}
    named = {re.sub(r"\{.*", "", each) for each in series if "toolcrib_requests_total" not in each}
    p.steps["site: the series of /metrics"] = {
        "status": response.status_code,
        "headers": {"content-type": response.headers.get("content-type")},
        "body": sorted(named | {each for each in series if "toolcrib_requests_total" in each}),
    }
