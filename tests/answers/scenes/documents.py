"""Documents in the project's bucket, in people's own, and in the company's: locks, versions, decisions.

Leaves `file`: the id of a file in the project.
"""

from __future__ import annotations

from typing import Any

from tests.answers.play import ANONYMOUS, Answer, Play
from tests.answers.scenes.companies import NOWHERE
from tests.answers.server import ADMIN

BASE = "/api/storage"


def in_project(p: Play, path: str = "docs/a.txt") -> dict[str, str]:
    return {"bucket_type": "projects", "bucket_id": p.made["project"], "logical_path": path}


def in_company(p: Play, path: str) -> dict[str, str]:
    return {"bucket_type": "companies", "bucket_id": p.made["company"], "logical_path": path}


def own(p: Play, name: str, path: str) -> dict[str, str]:
    return {"bucket_type": "users", "bucket_id": p.people[name].uuid, "logical_path": path}


def put(
    p: Play, names: str, place: dict[str, str], content: bytes = b"hello", note: str = "", **more: Any
) -> Answer:
    """An upload as a form."""
    name = place["logical_path"].rpartition("/")[2]
    form = {"data": {**place, **more}, "files": {"file": (name, content, "text/plain")}}
    return p.ask(names, "POST", f"{BASE}/upload/proxy", note or place["logical_path"], **form)


def audit(p: Play, name: str, place: dict[str, str], note: str) -> None:
    """All that is known of a file, its history and its audit trail too."""
    asked = {**place, "include_versions": "1", "include_locks": "1", "include_audit": "1"}
    p.ask(name, "GET", f"{BASE}/metadata", f"audit {note}", params=asked)


def play(p: Play) -> None:
    _system(p)
    _files(p)
    _locks(p)
    _saving_under_a_lock(p)
    _lock_by_generic_routes(p)
    _versions(p)
    _work_copies(p)
    _moving_and_removing(p)
    _looking_around(p)
    _questions(p)


def _system(p: Play) -> None:
    for path in ("/version", "/config", "/buckets"):
        p.ask(f"{ANONYMOUS} stan hank {ADMIN}", "GET", BASE + path)


def _files(p: Play) -> None:
    place = in_project(p)
    made = put(p, f"{ANONYMOUS} stan vera hank mia", place, note="upload")
    p.made["file"] = made.uuid("data", "file_id")
    put(p, "hank", in_company(p, "plan.txt"))
    put(p, "hank", own(p, "hank", "note.txt"))
    put(p, "stan", own(p, "hank", "note.txt"), note="into another's bucket")
    who = f"{ANONYMOUS} stan vera hank {ADMIN}"
    p.ask(who, "GET", f"{BASE}/metadata", "by id", params={"file_id": p.made["file"]})
    by_path = {"bucket": "projects", "path": f"/projects/{p.made['project']}/docs/a.txt"}
    p.ask("hank", "GET", f"{BASE}/metadata", "by path", params=by_path)
    for note, question in {
        "nothing": {},
        "unknown id": {"file_id": NOWHERE},
        "no id": {"file_id": "abc"},
        "unknown path": in_project(p, "none.txt"),
        "upwards": in_project(p, "../x"),
        "no such bucket": {**place, "bucket_type": "secrets"},
        "bad flag": {**place, "include_audit": "perhaps"},
    }.items():
        p.ask("hank", "GET", f"{BASE}/metadata", note, params=question)
    changes = {"tags": {"stage": "draft"}, "description": "About it"}
    p.ask(f"{ANONYMOUS} stan vera hank", "PATCH", f"{BASE}/metadata", params=place, json=changes)
    p.ask("hank", "PATCH", f"{BASE}/metadata", "unknown field", params=place, json={"name": "x"})
    p.ask("hank", "PATCH", f"{BASE}/metadata", "nothing", params=place, json={})
    bucket = {"bucket": "projects", "id": p.made["project"]}
    p.ask(who, "GET", f"{BASE}/list", params=bucket)
    p.ask(
        "hank", "GET", f"{BASE}/list", "filters", params={**bucket, "q": "a", "status": "draft", "limit": 1}
    )
    p.ask("hank", "GET", f"{BASE}/list", "bad status", params={**bucket, "status": "none"})
    p.ask("hank", "GET", f"{BASE}/list", "bad page", params={**bucket, "page": 0})
    p.ask("hank", "GET", f"{BASE}/list", "no bucket")


def _locks(p: Play) -> None:
    place = in_project(p)
    lock = {**place, "reason": "editing", "expires_in": 3600}
    p.ask(f"{ANONYMOUS} stan vera hank hank mia", "POST", f"{BASE}/lock", json=lock)
    p.ask("hank", "POST", f"{BASE}/lock", "bad type", json={**lock, "lock_type": "none"})
    p.ask("hank", "POST", f"{BASE}/lock", "bad end", json={**lock, "expires_in": 0})
    p.ask("hank", "POST", f"{BASE}/lock", "no file", json=in_project(p, "none.txt"))
    p.ask(f"{ANONYMOUS} stan vera hank", "GET", f"{BASE}/locks")
    p.ask("hank", "GET", f"{BASE}/locks", "of a file", params={"file_id": p.made["file"]})
    p.ask("hank", "GET", f"{BASE}/locks", "one's own", params={"mine": "1", "limit": 1})
    p.ask("hank", "GET", f"{BASE}/locks", "bad", params={"limit": 0})
    p.ask(f"{ANONYMOUS} stan mia hank", "POST", f"{BASE}/lock/renew", json={**place, "expires_in": 7200})
    p.ask("hank", "POST", f"{BASE}/lock/renew", "no end", json=place)
    put(p, "mia", place, b"mine", "under another's lock")
    p.ask("mia", "DELETE", f"{BASE}/delete", "under another's lock", json=place)
    p.ask("mia", "POST", f"{BASE}/move", "under another's lock", json={**place, "target_path": "x.txt"})
    p.ask("mia", "PATCH", f"{BASE}/metadata", "under another's lock", params=place, json={"tags": {}})
    p.ask(f"{ANONYMOUS} stan vera mia", "POST", f"{BASE}/unlock", json=place)
    p.ask("mia", "POST", f"{BASE}/unlock", "force", json={**place, "force": True, "reason": "urgent"})
    p.ask("paul", "POST", f"{BASE}/unlock", "force without reason", json={**place, "force": True})
    p.ask("paul", "POST", f"{BASE}/unlock", "force", json={**place, "force": True, "reason": "urgent"})
    p.ask("hank", "POST", f"{BASE}/unlock", "not locked", json=place)
    p.ask("hank", "POST", f"{BASE}/lock/renew", "not locked", json=place)
    p.ask("hank", "POST", f"{BASE}/lock", "again", json=lock)
    p.ask("hank", "POST", f"{BASE}/unlock", "own", json=place)
    p.ask("hank", "POST", f"{BASE}/lock", "for a second", json={**place, "expires_in": 1})
    p.pause(1.1)
    p.ask("mia", "POST", f"{BASE}/lock", "lapsed", json=place)
    p.ask("mia", "POST", f"{BASE}/unlock", "own", json=place)
    audit(p, "hank", place, "of locks")


def _saving_under_a_lock(p: Play) -> None:
    place = in_project(p, "held.txt")
    put(p, "hank", place)
    fence = str(p.ask("hank", "POST", f"{BASE}/lock", "held", json=place).at("data", "fence"))
    put(p, "hank", place, b"two", "with a fence", fence=fence, base_version="1", changelog="second")
    put(p, "hank", place, b"three", "with an old fence", fence="1")
    put(p, "hank", place, b"three", "on an old version", base_version="1")
    put(p, "hank", place, b"three", "bad fence", fence="x")
    put(p, "hank", place, b"three", "giving it back", fence=fence, release="true")
    put(p, "hank", place, b"four", "after it was given back", fence=fence)
    audit(p, "hank", place, "of saving under a lock")


def _lock_by_generic_routes(p: Play) -> None:
    """The document kind's own record of what the generic routes did to its claims."""
    place = in_project(p, "generic.txt")
    put(p, "hank", place)

    def taken(note: str) -> str:
        answer = p.ask("hank", "POST", f"{BASE}/lock", note, json={**place, "expires_in": 3600})
        return f"/api/claims/{answer.at('data', 'fence')}"

    one = taken("generic release")
    p.ask(f"{ANONYMOUS} stan vera hank paul", "GET", one)
    p.ask("hank", "POST", f"{one}/renew", json={"ttl_seconds": 7200})
    p.ask(f"{ANONYMOUS} stan vera mia hank", "POST", f"{one}/release")
    one = taken("generic force-release")
    p.ask("stan hank paul", "POST", f"{one}/force-release", json={"reason": "needed"})
    one = taken("generic transfer")
    for to in ("stan", "vera", "mia"):
        moved = p.ask("hank", "POST", f"{one}/transfer", to, json={"to": to})
    put(p, "hank", place, b"two", "after a transfer")
    put(p, "mia", place, b"two", "by the new holder")
    p.ask("mia", "POST", f"/api/claims/{moved.at('claim', 'fence')}/release")
    one = taken("generic queue")
    p.ask("stan vera mia", "POST", f"{one}/queue", json={"take": True, "ttl_seconds": 600})
    p.ask("hank", "POST", f"{BASE}/unlock", "mia is next", json=place)
    p.ask("hank", "GET", f"{BASE}/locks", "mia's turn", params=place)
    p.ask("mia", "POST", f"{BASE}/unlock", "her turn", json=place)
    audit(p, "hank", place, "of generic routes")
    p.ask("hank", "GET", "/api/claims?kind=document", "documents")


def _versions(p: Play) -> None:
    place = in_project(p, "approved.txt")
    made = put(p, "hank", place)
    file_id, first = made.uuid("data", "file_id"), made.uuid("data", "version_id")
    commit = f"{BASE}/versions/commit"

    def submitted(note: str) -> str:
        key = put(p, "hank", own(p, "hank", f"{note}.bin"), note.encode(), f"scratch {note}").at(
            "data", "object_key"
        )
        body = {"file_id": file_id, "object_key": key, "changelog": note}
        return p.ask(f"{ANONYMOUS} stan hank", "POST", commit, note, json=body).uuid("data", "version_id")

    waiting = submitted("better")
    p.ask("hank", "POST", commit, "unknown object", json={"file_id": file_id, "object_key": "none"})
    p.ask("hank", "POST", commit, "nothing", json={})
    p.ask(f"{ANONYMOUS} stan hank paul {ADMIN}", "GET", f"{BASE}/versions/waiting")
    one = f"{BASE}/versions/{waiting}"
    p.ask(f"{ANONYMOUS} stan vera hank", "POST", f"{one}/approve", json={"comment": "good"})
    p.ask("paul paul", "POST", f"{one}/approve", json={"comment": "good"})
    one = f"{BASE}/versions/{submitted('worse')}"
    p.ask(f"{ANONYMOUS} stan hank paul paul", "POST", f"{one}/reject", json={"comment": "bad"})
    one = f"{BASE}/versions/{submitted('locked')}"
    p.ask("mia", "POST", f"{BASE}/lock", "approved", json=place)
    p.ask("paul", "POST", f"{one}/approve", "under another's lock", json={})
    p.ask("mia", "POST", f"{BASE}/unlock", "approved", json=place)
    p.ask(f"{ANONYMOUS} stan vera hank", "POST", f"{BASE}/versions/{first}/restore")
    for verb in ("approve", "reject", "restore"):
        p.ask("paul", "POST", f"{BASE}/versions/{NOWHERE}/{verb}", "unknown")
        p.ask("paul", "POST", f"{BASE}/versions/abc/{verb}", "no id")
    p.ask(f"{ANONYMOUS} stan vera hank", "GET", f"{BASE}/versions", params={"file_id": file_id})
    p.ask("hank", "GET", f"{BASE}/versions", "approved", params={"file_id": file_id, "status": "approved"})
    p.ask("hank", "GET", f"{BASE}/versions", "bad status", params={"file_id": file_id, "status": "x"})
    audit(p, "hank", place, "of decisions")


def _work_copies(p: Play) -> None:
    place = in_project(p, "worked.txt")
    put(p, "mia", place)
    sides = {
        **{f"source_{name}": value for name, value in _short(place).items()},
        **{f"target_{name}": value for name, value in _short(own(p, "hank", "copies/")).items()},
    }
    p.ask(f"{ANONYMOUS} stan hank mia", "POST", f"{BASE}/copy", "work copy", json=sides)
    p.ask("hank", "GET", f"{BASE}/locks", "of the source", params=place)
    put(p, "hank", own(p, "hank", "copies/worked.txt"), b"worked on")
    back = {
        **{f"source_{name}": value for name, value in _short(own(p, "hank", "copies/worked.txt")).items()},
        **{f"target_{name}": value for name, value in _short(place).items()},
        "changelog": "worked on",
    }
    p.ask(f"{ANONYMOUS} stan mia hank", "POST", f"{BASE}/versions/commit", "work copy", json=back)
    found = p.ask("paul", "GET", f"{BASE}/versions/waiting", "work copy")
    p.ask("paul", "POST", f"{BASE}/versions/{found.uuid('waiting', 0, 'version', 'id')}/approve", "work copy")
    audit(p, "mia", place, "of a work copy")
    plain = {**sides, "source_path": "docs/a.txt", "target_path": "named/", "new_filename": "b.txt"}
    p.ask("hank", "POST", f"{BASE}/copy", "all versions", json={**plain, "copy_versions": True})
    p.ask("hank", "POST", f"{BASE}/copy", "bad name", json={**plain, "new_filename": "a/b"})
    p.ask("hank", "POST", f"{BASE}/copy", "no source", json={**plain, "source_path": "none.txt"})
    p.ask("hank", "POST", f"{BASE}/copy", "nothing", json={})


def _short(place: dict[str, str]) -> dict[str, str]:
    return {"bucket": place["bucket_type"], "id": place["bucket_id"], "path": place["logical_path"]}


def _moving_and_removing(p: Play) -> None:
    place = in_project(p, "moved.txt")
    put(p, "mia", place)
    who = f"{ANONYMOUS} stan vera hank"
    p.ask(who, "POST", f"{BASE}/move", json={**place, "target_path": "away/moved.txt"})
    p.ask("hank", "POST", f"{BASE}/move", "gone", json={**place, "target_path": "x.txt"})
    place = in_project(p, "away/moved.txt")
    p.ask("hank", "POST", f"{BASE}/move", "onto another", json={**place, "target_path": "docs/a.txt"})
    p.ask("hank", "POST", f"{BASE}/move", "no target", json=place)
    p.ask("hank", "POST", f"{BASE}/lock", "to be archived", json=place)
    p.ask(f"{ANONYMOUS} stan vera mia hank hank", "DELETE", f"{BASE}/delete", json={**place, "reason": "old"})
    p.ask("hank", "GET", f"{BASE}/download/proxy", "archived", params=place)
    p.ask("hank", "POST", f"{BASE}/lock", "archived", json=place)
    audit(p, "hank", place, "of what was archived")
    p.ask(f"{ANONYMOUS} stan vera hank hank", "POST", f"{BASE}/restore", json=place)
    p.ask("mia", "POST", f"{BASE}/lock", "to be destroyed", json=place)
    destroy = {**place, "physical": True}
    p.ask(f"{ANONYMOUS} stan hank paul", "DELETE", f"{BASE}/delete", "physical", json=destroy)
    p.ask(
        "paul",
        "DELETE",
        f"{BASE}/delete",
        "physical, by force",
        json={**destroy, "force": True, "reason": "x"},
    )
    p.ask("paul", "GET", f"{BASE}/metadata", "destroyed", params=place)
    p.ask("hank", "DELETE", f"{BASE}/delete", "nothing", json={})


def _looking_around(p: Play) -> None:
    who = f"{ANONYMOUS} stan vera hank {ADMIN}"
    p.ask(who, "GET", f"{BASE}/buckets", "with files")
    p.ask(who, "GET", f"{BASE}/search?q=a.txt")
    p.ask("hank", "GET", f"{BASE}/search", "bad limit", params={"q": "a", "limit": 99})
    p.ask(f"{ANONYMOUS} hank {ADMIN}", "POST", f"{BASE}/verify")
    p.ask(ADMIN, "POST", f"{BASE}/verify", "hashes", json={"hashes": True})
    p.ask(ADMIN, "POST", f"{BASE}/verify", "bad", json={"hashes": "yes"})


def _questions(p: Play) -> None:
    """The questions of other services."""
    for base in ("", "/api"):
        one = f"{base}/check-file-access"
        for action in ("read", "write", "delete", "lock", "validate"):
            asked = {"project_id": p.made["project"], "action": action}
            p.ask(f"{ANONYMOUS} stan vera hank paul {ADMIN}", "POST", one, action, json=asked)
        p.ask("hank", "POST", one, "unknown project", json={"project_id": "abc", "action": "read"})
        p.ask("hank", "POST", one, "unknown action", json={**asked, "action": "eat"})
        p.ask(f"{ANONYMOUS} stan hank", "POST", f"{one}/batch", json={"checks": [asked, asked]})
        p.ask("hank", "POST", f"{one}/batch", "too many", json={"checks": [asked] * 1001})
