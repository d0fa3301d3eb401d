"""Parts with real names, on our own routes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

from tests.parts.bench import PART, Bench, approved

if TYPE_CHECKING:
    from tests.parts.workshop import Workshop


@pytest.mark.every_database
def test_of_twenty_who_take_a_part_one_has_it_and_the_others_are_told_who(shop: Workshop) -> None:
    people = [Bench(shop) for _ in range(20)]
    part = approved(people[0])
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda one: one.ask("POST", f"/parts/{part['id']}/take"), people))
    assert sorted(each.status_code for each in answers) == [200] + [409] * 19
    (winner,) = [who.name for who, each in zip(people, answers, strict=True) if each.status_code == 200]
    for each in answers:
        if each.status_code == 409:
            assert each.json()["code"] == "claim_held"
            assert each.json()["details"]["holder"] == winner
    claim = shop.claim(part)
    assert claim is not None
    assert claim["holder"] == winner == people[0].read(part)["assigned"]


def test_taking_over_needs_a_reason_and_tells_the_former_holder(fay: Bench, ben: Bench) -> None:
    part = fay.add(type="hand")
    assert fay.refused(part, "take") == (409, "part_not_approved")
    fay.do(part, "approve")
    assert fay.do(part, "take")["claim"]["holder"] == fay.name
    assert ben.refused(part, "take") == (409, "claim_held")
    assert ben.refused(part, "take", take_over=True) == (400, "reason_needed")
    taken = ben.do(part, "take", take_over=True, reason="Fay is ill.")
    assert (taken["assigned"], taken["claim"]["holder"]) == (ben.name, ben.name)
    events = fay.ok("GET", f"/parts/{part['id']}/history")["events"]
    (over,) = [event["data"] for event in events if event["verb"] == "taken_over"]
    assert (over["from"], over["to"], over["reason"]) == (fay.name, ben.name, "Fay is ill.")
    assert fay.refused(part, "release") == (403, "not_holder")
    assert fay.refused(part, "assign", username=fay.name) == (409, "claim_held")
    assert ben.do(part, "assign", username=fay.name)["claim"]["holder"] == fay.name
    assert ben.refused(part, "assign", username="nobody-at-all") == (403, "access_denied")
    assert fay.refused(part, "assign", username="nobody-at-all") == (400, "unknown_thing")
    left = fay.do(part, "release")
    assert (left["assigned"], left["status"], left["claim"]) == (None, "Already Started", None)
    assert fay.refused(part, "release") == (409, "part_not_taken")


def test_a_change_of_what_somebody_else_changed_is_refused(shop: Workshop, fay: Bench, ben: Bench) -> None:
    part = fay.add()
    shop.crib.clock.advance(seconds=1)
    url = f"/parts/{part['id']}"
    tag = fay.ask("GET", url).headers["etag"]
    ben.ok("PATCH", url, {"notes": "first"})
    for late in (
        fay.ask("PATCH", url, json={"notes": "second"}, headers={"If-Match": tag}),
        fay.ask("PATCH", url, json={"notes": "second", "expected_updated_at": part["updated_at"]}),
        fay.ask("POST", f"{url}/approve", json={"expected_updated_at": part["updated_at"]}),
        fay.ask("DELETE", url, headers={"If-Match": tag}),
    ):
        assert (late.status_code, late.json()["code"]) == (409, "part_changed")
        assert late.json()["details"]["part"]["notes"] == "first"
    now = fay.read(part)
    fresh = {"notes": "second", "expected_updated_at": now["updated_at"]}
    assert fay.ok("PATCH", url, fresh, headers={"If-Match": f'"{now["version"]}"'})["notes"] == "second"
    assert fay.ok("PATCH", url, {"notes": "third"}, headers={"If-Match": "*"})["notes"] == "third"


def test_pieces_are_counted_and_the_last_one_completes_the_part(fay: Bench, ben: Bench) -> None:
    part = approved(fay, amount=5)
    assert fay.refused(part, "count", made=1) == (409, "part_not_taken")
    fay.do(part, "take")
    assert ben.refused(part, "count", made=1) == (403, "not_holder")
    assert fay.refused(part, "count", scrapped=1) == (400, "unknown_reason")
    counted = fay.do(part, "count", made=3, scrapped=1, reason="tool_broke")
    assert counted["quantities"] == {"wanted": 5, "made": 3, "scrapped": 1, "remaining": 2}
    done = fay.do(part, "count", made=2)
    assert (done["category"], done["assigned"], done["claim"]) == ("completed", fay.name, None)
    lines = fay.ok("GET", f"/parts/{part['id']}/counts")["counts"]
    assert [(line["made"], line["scrapped"], line["by"]) for line in lines] == [
        (2, 0, fay.name),
        (3, 1, fay.name),
    ]
    assert fay.refused(part, "done") == (409, "part_completed")
    assert fay.do(part, "revert")["claim"]["holder"] == fay.name
    assert fay.do(part, "done")["quantities"]["remaining"] == 0


def test_a_newer_model_must_be_looked_at_before_the_part_is_done(fay: Bench, ben: Bench) -> None:
    part = fay.add(type="cnc")
    fay.upload(part, "a.step", b"one")
    fay.upload(part, "a.pdf", b"%PDF one")
    seen = ben.do(part, "approve")
    assert (seen["reviewer"], seen["revision_label"]) == (ben.name, "A")
    ben.do(part, "take")
    assert fay.upload(part, "a.step", b"one")["revision"] == 1  # the same content
    newer = fay.upload(part, "a.step", b"two")
    assert (newer["revision"], newer["revision_label"]) == (2, None)
    assert newer["claim"] == {**newer["claim"], "recheck": True, "revision": 1, "holder": ben.name}
    assert ben.refused(part, "done") == (409, "revision_outdated")
    assert ben.refused(part, "count", made=1) == (409, "revision_outdated")
    assert ben.refused(part, "done", override=True) == (400, "reason_needed")
    assert ben.do(part, "recheck")["claim"]["revision"] == 2
    assert fay.do(part, "approve")["revision_label"] == "B"
    fay.upload(part, "a.stp", b"three")
    done = ben.do(part, "done", override=True, reason="Only the colour changed.")
    assert done["category"] == "completed"
    labels = {(file["revision"], file["kind"]): file["label"] for file in done["files"]}
    assert labels == {(1, "step"): "A", (1, "pdf"): "A", (2, "step"): "B", (3, "step"): None}
    first = next(file for file in done["files"] if file["label"] == "A" and file["kind"] == "step")
    url = f"/parts/{part['id']}/files/{first['id']}"
    assert fay.ask("GET", url).content == b"one"
    assert fay.ask("GET", f"/parts/{part['id']}/files/999999").status_code == 404
    shown = fay.ask("GET", url, params={"inline": True})
    assert "frame-ancestors 'self'" in shown.headers["content-security-policy"]


def test_a_part_goes_from_step_to_step(shop: Workshop, fay: Bench) -> None:
    boss = Bench(shop, shop.admin)
    vendor = boss.ok("POST", "/resources", {"kind": "vendor", "name": f"Anodisers {uuid4().hex[:6]}"})
    assert fay.ask("POST", "/resources", json={"kind": "machine", "name": "x"}).status_code == 403
    way = [
        {"process": "turn", "board": "cnc", "person": fay.name},
        {"process": "deburr", "board": "hand"},
        {"process": "anodise", "board": "misc", "resource_id": vendor["id"]},
    ]
    part = fay.do(fay.add(amount=2, steps=way), "approve")
    assert (part["category"], part["step"]["process"], part["step"]["state"]) == ("cnc", "turn", "due")
    assert shop.read(part)["category"] == "cnc"
    assert fay.do(part, "take")["step"]["state"] == "in_progress"
    assert boss.ask("DELETE", f"/resources/{vendor['id']}").json()["code"] == "in_use"
    part = fay.do(part, "count", made=2)
    assert (part["category"], part["assigned"], part["step"]["process"]) == ("hand", None, "deburr")
    assert part["quantities"]["remaining"] == 2
    shop.do(part, "assign", {"assigned": "somebody"})
    assert shop.do(part, "complete")["category"] == "misc"  # the earlier pages finish the step that is due
    part = fay.do(part, "rework", reason="Burrs are left.")
    assert (part["category"], part["rework"]["reason"]) == ("hand", "Burrs are left.")
    assert [step["state"] for step in part["steps"]] == ["done", "due", "waiting"]
    for _ in range(2):
        fay.do(part, "take")
        part = fay.do(part, "done")
    assert (part["category"], part["rework"]) == ("completed", None)
    assert part["steps"][2]["resource"]["name"] == vendor["name"]
    assert [step["finished_by"] for step in part["steps"]] == [fay.name] * 3
    back = fay.do(part, "revert", reason="It is scratched.")
    assert (back["category"], back["assigned"], back["step"]["process"]) == ("misc", fay.name, "anodise")
    kept = [{**way[2], "id": back["step"]["id"]}, {"process": "pack", "board": "hand"}]
    again = fay.ok("PUT", f"/parts/{part['id']}/steps", {"steps": kept})
    assert [(step["process"], step["state"]) for step in again["steps"]] == [
        ("turn", "done"),
        ("deburr", "done"),
        ("anodise", "in_progress"),
        ("pack", "waiting"),
    ]
    assert {"step_done", "rework", "completed", "reverted"} <= set(fay.verbs(part))


def test_what_is_in_the_way_stops_the_work_but_not_the_holder(fay: Bench) -> None:
    part = approved(fay)
    fay.do(part, "take")
    blocked = fay.do(part, "block", reason="No end mill.")
    assert (blocked["blocked"]["reason"], blocked["claim"]["holder"]) == ("No end mill.", fay.name)
    assert fay.refused(part, "done") == (409, "part_blocked")
    assert fay.do(part, "unblock")["blocked"] is None
    assert fay.refused(part, "unblock") == (409, "part_not_blocked")
    assert fay.do(part, "done")["category"] == "completed"


def test_material_is_reserved_and_used_up(shop: Workshop, fay: Bench) -> None:
    boss = Bench(shop, shop.admin)
    sheet = boss.ok("POST", "/materials", {"name": f"Sheet {uuid4().hex[:6]}", "on_hand": 3})
    part = approved(fay, materials=[{"material_id": sheet["id"], "quantity": 2}])
    other = fay.add()
    need = {"materials": [{"material_id": sheet["id"], "quantity": 2}]}
    short = fay.ask("PUT", f"/parts/{other['id']}/materials", json=need)
    assert (short.status_code, short.json()["code"]) == (409, "not_enough_material")
    assert short.json()["details"] == {"material": sheet["name"], "on_hand": 3, "free": 1, "wanted": 2}
    assert fay.ask("PATCH", f"/materials/{sheet['id']}", json={"on_hand": 1}).status_code == 409
    assert fay.ok("PATCH", f"/materials/{sheet['id']}", {"on_hand": 4})["free"] == 2
    assert fay.ask("PATCH", f"/materials/{sheet['id']}", json={"name": "x"}).status_code == 403
    fay.do(part, "take")
    assert fay.do(part, "done")["materials"][0]["state"] == "used"
    (left,) = [each for each in fay.ok("GET", "/materials")["materials"] if each["id"] == sheet["id"]]
    assert (left["on_hand"], left["reserved"], left["free"]) == (2, 0, 2)


def test_a_project_has_its_own_rules(shop: Workshop, fay: Bench, ben: Bench) -> None:
    project = f"p{uuid4().hex[:8]}"
    fay.person.client.post("/api/projects", json={"name": project}).raise_for_status()
    url = f"/api/projects/{project}/members/{ben.name}"
    fay.person.client.put(url, json={"role": "member"}).raise_for_status()
    fay.project = ben.project = project
    query = {"project": project}
    assert ben.ask("PUT", "/settings", json={}, params=query).status_code == 403
    rules = {
        "last_step": "inspected",
        "reviewer_is_not_author": True,
        "scrap_reasons": ["bent"],
        "remind_hours": 2,
        "return_hours": 5,
    }
    assert fay.ok("PUT", "/settings", rules, params=query) == {"project": project, "role": "owner", **rules}
    assert ben.ok("GET", "/settings", params=query)["role"] == "member"
    part = fay.add(type="cnc")
    assert fay.refused(part, "approve") == (409, "reviewer_is_author")
    ben.upload(part, "a.step", b"one")
    assert ben.refused(part, "approve") == (409, "reviewer_is_author")
    assert ben.do(part, "reject", reason="No radius.")["category"] == "review"
    boss = Bench(shop, shop.admin)
    boss.do(part, "approve")
    ben.do(part, "take")
    assert ben.refused(part, "count", scrapped=1, reason="tool_broke") == (400, "unknown_reason")
    assert ben.refused(part, "last-step") == (409, "part_not_completed")
    ben.do(part, "done")
    assert fay.do(part, "last-step")["last_step_done"]["by"] == fay.name
    assert fay.refused(part, "last-step") == (409, "no_last_step")
    idle = boss.do(fay.add(type="cnc"), "approve")
    ben.do(idle, "take")
    kernel = shop.crib.app.kernel
    for hours in (3, 3):
        shop.crib.clock.advance(hours=hours)
        shop.crib.run(kernel.jobs.run_due())
    left = fay.read(idle)
    assert (left["assigned"], left["status"], left["claim"]) == (None, "Already Started", None)
    assert fay.verbs(idle)[-2:] == ["claim_idle", "force_released"]


def test_what_to_make_next(shop: Workshop, fay: Bench, ben: Bench) -> None:
    project = f"p{uuid4().hex[:8]}"
    fay.project = ben.project = project
    soon = (shop.crib.clock() + timedelta(days=1)).isoformat()
    old = approved(fay)
    due = approved(fay, due_at=soon)
    urgent = approved(fay, priority=2)
    planned = approved(fay, steps=[{"process": "turn", "board": "cnc", "person": ben.name}])
    held = fay.do(approved(fay), "take")
    blocked = fay.do(approved(fay, priority=2), "block", reason="No steel.")
    by_hand = fay.do(fay.add(type="hand"), "approve")

    def asked(bench: Bench, **query: Any) -> list[int]:
        found = bench.ok("GET", "/next", params={"project": project, **query})["parts"]
        assert all(part["why"] for part in found)
        return [part["id"] for part in found]

    assert asked(fay) == [part["id"] for part in (held, urgent, due, old, by_hand)]
    assert asked(ben, process="cnc") == [part["id"] for part in (planned, urgent, due, old)]
    assert asked(fay, process="hand") == [by_hand["id"]]
    listed = fay.ok("GET", "/parts", params={"project": project, "blocked": True})
    assert [part["id"] for part in listed["parts"]] == [blocked["id"]]
    mine = fay.ok("GET", "/parts", params={"project": "*", "mine": True})
    assert [part["id"] for part in mine["parts"]] == [held["id"]]
    figures = fay.ok("GET", "/stats", params={"project": project})
    assert (figures["total"], figures["blocked"], figures["assignment"]["assigned"]) == (7, 1, 1)


def test_tables_come_in_whole_or_not_at_all(fay: Bench) -> None:
    fay.project = project = f"p{uuid4().hex[:8]}"
    table = "Part Number,Name,Material,Subsystem,Quantity,Colour\nFR-1,=A1,Steel,Drive,3,red\nFR-2,b,Steel,Arm,,\n"

    def imported(text: str, into: str, **query: Any) -> httpx.Response:
        headers = {"Content-Type": "text/csv"}
        return fay.ask("POST", "/import", content=text, headers=headers, params={"project": into, **query})

    bad = imported(table + "FR-3,c,,Arm,none,\n", project)
    assert (bad.status_code, bad.json()["code"]) == (400, "import_problems")
    assert {(each["line"], each["field"]) for each in bad.json()["details"]["problems"]} == {
        (4, "material"),
        (4, "amount"),
    }
    for nonsense in ("", "a,b\n", '"', "x" * 200_000, "material\n" * 6_000):
        assert imported(nonsense, project).json()["code"] == "import_problems"
    for endless, says in (
        ("name\n" + "\n" * 30_000, "20000 lines"),
        ("name," * 600 + "\n", "500 columns"),
        ("name\n" + "," * 300_000 + "\n", "200000 characters"),
        ("name\n" + '"\n",' * 100_000, "200000 characters"),
        ("name,type\n" + "a,b\n" * 4_000, "100 problems or more"),
    ):
        refused = imported(endless, project).json()
        assert says in refused["msg"]
        assert len(refused["details"]["problems"]) <= 100
    assert imported("x" * 6_000_000, project).status_code == 413
    as_json = {"csv": table, "project": project, "dry_run": True}
    assert fay.ok("POST", "/import", as_json) == {"added": 2, "ids": []}
    assert imported(table, project, dry_run=True).json() == {"added": 2, "ids": []}
    assert fay.ok("GET", "/parts", params={"project": project})["total"] == 0
    assert imported(table, project).json()["added"] == 2
    text = fay.ask("GET", "/export", params={"project": project}).text
    assert "'=A1" in text
    again = f"{project}b"
    assert imported(text, again).json()["added"] == 2
    names = [part["name"] for part in fay.ok("GET", "/parts", params={"project": again})["parts"]]
    assert sorted(names) == ["=A1", "b"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_problems_of_a_table_have_the_lines_of_the_text(fay: Bench, end: str) -> None:
    lines = ["", "name,material,subsystem,amount,notes", "", 'a,Steel,Arm,1,"one', "", 'two"']
    lines += ["b,Steel,Arm,1,", 'c,Steel,Arm,none,"x', 'y"', "d,Steel,Arm,none,"]
    answer = fay.ask("POST", "/import", json={"csv": end.join(lines)})
    problems = answer.json()["details"]["problems"]
    assert [(each["line"], each["field"]) for each in problems] == [(8, "amount"), (10, "amount")]
    fine = fay.ok("POST", "/import", {"csv": end.join(lines[:7]), "dry_run": True})
    assert fine["added"] == 2


DOORS = ("release", "force-release", "transfer")


def test_whichever_way_a_claim_changes_the_part_says_the_same(shop: Workshop, fay: Bench, ben: Bench) -> None:
    for door in DOORS:
        part = approved(fay)
        fence = fay.do(part, "take")["claim"]["fence"]
        client = (shop.admin if door == "force-release" else fay.person).client
        body = {"reason": "Enough."} if door == "force-release" else {"to": ben.name}
        changed = client.post(f"/api/claims/{fence}/{door}", json=None if door == "release" else body)
        assert changed.is_success, (door, changed.text)
        claim, seen = shop.claim(part), fay.read(part)
        if door == "transfer":
            assert claim is not None
            assert (claim["holder"], seen["assigned"], seen["claim"]["holder"]) == (ben.name,) * 3
        else:
            assert (claim, seen["assigned"], seen["status"]) == (None, None, "Already Started")
        assert shop.read(part)["assigned"] == seen["assigned"]
    part = approved(fay)
    fay.do(part, "take", ttl_seconds=60)
    shop.crib.clock.advance(minutes=2)
    assert fay.read(part)["assigned"] is None
    assert shop.read(part)["status"] == "Already Started"
    assert ben.do(part, "take")["assigned"] == ben.name
    fay.person.client.post(
        f"/api/claims/{ben.read(part)['claim']['fence']}/queue", json={}
    ).raise_for_status()
    assert ben.do(part, "release")["assigned"] == fay.name  # whoever waited has it
    ben.person.client.post(
        f"/api/claims/{ben.read(part)['claim']['fence']}/queue", json={}
    ).raise_for_status()
    passed = shop.do(part, "unclaim")
    assert (passed["assigned"], passed["status"]) == (ben.name, "In Progress")
    fay.person.client.post(
        f"/api/claims/{ben.read(part)['claim']['fence']}/queue", json={}
    ).raise_for_status()
    assert ben.do(part, "done")["claim"] is None
    assert shop.claim(part) is None
    part = ben.do(part, "revert")
    people = shop.admin.client.get("/api/admin/users").json()
    (ben_id,) = [each["id"] for each in people if each["username"] == ben.name]
    disabled = shop.admin.client.put(f"/api/admin/users/{ben_id}/status", json={"is_active": False})
    assert disabled.is_success, disabled.text
    assert (shop.claim(part), fay.read(part)["assigned"]) == (None, None)
    fay.do(part, "take")
    fay.ok("DELETE", f"/parts/{part['id']}")
    assert shop.claim(part) is None
    assert fay.ask("GET", f"/parts/{part['id']}").status_code == 404


def test_strangers_see_nothing_and_viewers_change_nothing(shop: Workshop, fay: Bench, ben: Bench) -> None:
    project = f"p{uuid4().hex[:8]}"
    fay.person.client.post("/api/projects", json={"name": project}).raise_for_status()
    fay.project = project
    part = fay.upload(fay.add(), "a.pdf", b"%PDF")
    thing = fay.ok("POST", "/resources", {"kind": "machine", "name": "Mill", "project": project})
    stuff = fay.ok("POST", "/materials", {"name": "Bar", "project": project})
    url, file_url = f"/parts/{part['id']}", f"/parts/{part['id']}/files/{part['files'][0]['id']}"
    reads = [url, f"{url}/counts", f"{url}/history", file_url]
    of_project = ["/parts", "/next", "/settings", "/stats", "/export", "/resources", "/materials"]
    step, reason = {"steps": [{"process": "cut", "board": "cnc"}]}, {"reason": "x"}
    writes: list[tuple[str, str, Any]] = [
        ("PATCH", url, {"notes": "x"}),
        ("DELETE", url, None),
        ("PUT", f"{url}/steps", step),
        ("PUT", f"{url}/materials", {"materials": []}),
        *(("POST", f"{url}/{verb}", {}) for verb in ("approve", "take", "release", "done", "recheck")),
        *(("POST", f"{url}/{verb}", {}) for verb in ("last-step", "revert", "unblock", "count")),
        *(("POST", f"{url}/{verb}", reason) for verb in ("reject", "block", "rework")),
        ("POST", f"{url}/assign", {"username": "x"}),
        ("POST", f"{url}/files", None),
        ("PATCH", f"/resources/{thing['id']}", {"note": "x"}),
        ("DELETE", f"/resources/{thing['id']}", None),
        ("PATCH", f"/materials/{stuff['id']}", {"on_hand": 1}),
        ("DELETE", f"/materials/{stuff['id']}", None),
    ]
    into = [
        ("POST", "/parts", {**PART, "project": project}),
        ("POST", "/import", {"csv": "a,b\n", "project": project}),
        ("POST", "/resources", {"kind": "machine", "name": "y", "project": project}),
        ("POST", "/materials", {"name": "y", "project": project}),
    ]
    nobody = shop.crib.client()
    query = {"project": project}
    everything = [("GET", path, None) for path in [*reads, *of_project]] + writes + into
    for method, path, body in everything:
        asked = nobody.request(method, f"/api/shop{path}", json=body, params=query)
        assert asked.status_code == 401, (method, path)
        stranger = ben.ask(method, path, json=body, params=query)
        assert stranger.status_code == 404, (method, path, stranger.text)
    viewer = f"/api/projects/{project}/members/{ben.name}"
    fay.person.client.put(viewer, json={"role": "viewer"}).raise_for_status()
    for path in [*reads, *of_project]:
        assert ben.ask("GET", path, params=query).status_code == 200, path
    for method, path, body in [*writes, *into, ("PUT", "/settings", {})]:
        refused = ben.ask(method, path, json=body, params=query)
        assert refused.status_code == 403, (method, path, refused.text)
    key = shop.key_of(fay.person, "read")
    reader = shop.crib.client(headers={"X-API-Key": key})
    assert reader.get(f"/api/shop{url}").status_code == 200
    assert reader.post(f"/api/shop{url}/approve", json={}).status_code == 403
    old = shop.crib.client(headers={"X-API-Key": shop.key_of(ben.person, "parts")})
    assert old.get(f"/api/parts/{part['id']}").status_code == 404  # the earlier routes work in one project
