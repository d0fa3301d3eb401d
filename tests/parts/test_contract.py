"""The parts contract as its clients see it: sections 1 to 6 and 8."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.parts.workshop import KEY, PART

if TYPE_CHECKING:
    from tests.parts.workshop import Workshop

KEYS = {
    *("id", "type", "name", "partId", "material", "materialThickness", "amount", "subsystem", "assigned"),
    *(
        "status",
        "category",
        "notes",
        "file",
        "onshapeUrl",
        "claimedDate",
        "miscInfo",
        "createdAt",
        "updatedAt",
    ),
}


def test_the_key_counts_in_three_places_and_never_as_a_cookie(shop: Workshop) -> None:
    nobody = shop.crib.client()
    missing = nobody.get("/api/parts/")
    assert (missing.status_code, missing.json()["error"]) == (401, "API key required")
    assert isinstance(missing.json()["details"], str)
    wrong = nobody.get("/api/parts/", headers={"X-API-Key": "x" * 40})
    assert (wrong.status_code, wrong.json()["error"]) == (401, "Invalid API key")
    by_cookie = nobody.get("/api/parts/", headers={"Cookie": f"part_mgmt_api_key={KEY}; access_token={KEY}"})
    assert by_cookie.status_code == 401
    signed = shop.crib.person()
    assert signed.client.get("/api/parts/").status_code == 401  # its sign-in is a cookie
    assert nobody.get("/api/parts/", headers={"X-API-Key": KEY}).status_code == 200
    assert nobody.get("/api/parts/", params={"api_key": KEY}).status_code == 200
    assert nobody.get("/api/parts/", params={"api_key": KEY}, headers={"X-API-Key": "no"}).status_code == 401
    added = nobody.post("/api/parts/", json={**PART, "api_key": KEY})
    assert added.status_code == 201
    assert KEY not in added.text
    url = f"/api/parts/{added.json()['id']}"
    assert nobody.put(url, json={"api_key": KEY, "notes": "x"}).json()["notes"] == "x"
    form = nobody.post(f"{url}/upload", data={"api_key": KEY}, files={"file": ("a.pdf", b"%PDF")})
    assert form.status_code == 401
    assert nobody.request("DELETE", url, json={"api_key": KEY}).status_code == 401
    assert nobody.get("/health").status_code == 200


def test_checking_the_key_has_room_for_two_and_limits_wrong_ones(shop: Workshop) -> None:
    for _ in range(10):
        checked = shop.old.get("/api/parts/auth/check")
        assert checked.status_code == 200
    assert checked.json()["status"] == "authenticated"
    assert checked.json()["timestamp"].endswith("+00:00")
    assert checked.headers["cache-control"] == "no-cache, no-store, must-revalidate"
    assert (checked.headers["pragma"], checked.headers["expires"]) == ("no-cache", "0")
    nobody = shop.crib.client(headers={"X-API-Key": "y" * 40})
    answers = [nobody.get("/api/parts/auth/check") for _ in range(12)]
    assert [each.status_code for each in answers] == [401] * 10 + [429] * 2
    limited = answers[-1].json()
    assert limited["error"] == "Rate limited"
    assert isinstance(limited["retry_after"], float)
    assert limited["message"]
    assert answers[-1].headers["retry-after"]
    assert shop.old.get("/api/parts/auth/check").status_code == 200


def test_a_personal_key_gives_its_persons_name_and_rights(shop: Workshop) -> None:
    fay = shop.person(f"fay{uuid4().hex[:6]}")
    own = shop.crib.client(headers={"X-API-Key": shop.key_of(fay, "parts")})
    added = own.post("/api/parts/", json=PART).json()
    own.post(f"/api/parts/{added['id']}/approve")
    assert own.post(f"/api/parts/{added['id']}/assign", json={"assigned": "anybody"}).status_code == 200
    claim = shop.claim(added)
    assert claim is not None
    assert claim["holder"] == fay.username
    reading = shop.crib.client(params={"api_key": shop.key_of(fay, "read")})
    assert reading.get(f"/api/parts/{added['id']}").status_code == 200
    assert reading.post(f"/api/parts/{added['id']}/unclaim").status_code == 403
    assert shop.crib.client(params={"api_key": "tck_nothing"}).get("/api/parts/").status_code == 401
    events = shop.admin.client.get("/api/events", params={"kind": "part", "key": str(added["id"])})
    assert {each["actor"] for each in events.json()["events"]} == {fay.username}


def test_a_part_has_all_keys_and_its_defaults(shop: Workshop) -> None:
    part = shop.part()
    assert set(part) == KEYS
    assert (part["status"], part["category"], part["amount"]) == ("Pending", "review", 1)
    assert len(part["partId"]) == 8
    assert part["createdAt"].endswith("+00:00")
    assert part["assigned"] is part["miscInfo"] is part["claimedDate"] is None
    sent = {
        "part_id": " FR-1 ",
        "material_thickness": "3 mm",
        "onshape_url": 'https://x.com/"a" b',
        "amount": "2",
        "assigned": "",
        "notes": "",
        "id": 1,
        "createdAt": "x",
        "unknown": {"a": 1},
        "file": "../My drawing.pdf",
        "misc_info": {"storage": "Bin", "views": [[1]], "x": None},
    }
    other = shop.part(**sent)
    assert (other["partId"], other["materialThickness"], other["amount"]) == ("FR-1", "3 mm", 2)
    assert other["onshapeUrl"] == "https://x.com/%22a%22%20b"
    assert (other["assigned"], other["notes"], other["file"]) == (None, "", "My_drawing.pdf")
    assert other["miscInfo"] == {"storage": "Bin"}


BAD: list[tuple[dict[str, Any], str, str | None]] = [
    ({"material": " "}, "material", "Material is required"),
    ({"subsystem": None}, "subsystem", "Subsystem is required"),
    ({"material": "", "amount": 0}, "material", None),
    ({"amount": 0}, "amount", "Amount must be greater than 0"),
    ({"amount": "two"}, "amount", "Amount must be a number"),
    ({"amount": True}, "amount", "Amount must be a number"),
    ({"amount": 10**12}, "amount", None),
    ({"miscInfo": [1]}, "misc_info", None),
    ({"miscInfo": {"a": {"b": {"c": 1}}}, "type": "x"}, "misc_info", None),
    ({"miscInfo": {"a": [[1]]}}, "misc_info", None),
    ({"type": "laser"}, "type", None),
    ({"status": "Lost"}, "status", None),
    ({"category": "bin"}, "category", None),
    ({"name": "x" * 201}, "name", None),
    ({"notes": "x" * 20_001}, "notes", None),
    ({"onshapeUrl": "javascript:alert(1)"}, "onshapeUrl", None),
    ({"onshapeUrl": "https://"}, "onshapeUrl", None),
    ({"name": {"a": 1}}, "name", None),
    ({"name": "a\0b"}, "name", None),
]


def test_what_cannot_be_kept_is_refused_with_its_field(shop: Workshop) -> None:
    for fields, field, text in BAD:
        answer = shop.old.post("/api/parts/", json={**PART, **fields})
        assert answer.status_code == 400, fields
        assert (answer.json()["error"], answer.json()["field"]) == ("Validation Error", field), fields
        assert text is None or answer.json()["details"] == text
    for content in (b"", b"{}"):
        empty = shop.old.post("/api/parts/", content=content, headers={"Content-Type": "application/json"})
        assert (empty.status_code, empty.json()["error"]) == (400, "No data provided")
    for content in (b"{", b"[1]", b'"x"'):
        bad = shop.old.post("/api/parts/", content=content, headers={"Content-Type": "application/json"})
        assert bad.status_code == 400
        assert bad.json()["error"]
    part = shop.part(miscInfo={"storage": "a"})
    url = f"/api/parts/{part['id']}"
    for change in ({"material": ""}, {"subsystem": " "}, {"partId": None}, {"amount": 0}, {"type": "laser"}):
        assert shop.old.put(url, json=change).status_code == 400, change
    wrong = shop.old.put(url, json={"miscInfo": 3}).json()
    assert wrong["field"] == "misc_info"
    assert shop.old.put(url, json={}).json()["error"] == "No data provided"
    assert shop.read(part) == part


def test_a_change_touches_only_what_it_names(shop: Workshop) -> None:
    part = shop.part(type="hand", miscInfo={"completedIncorrectly": True, "storage": "a"})
    url = f"/api/parts/{part['id']}"
    changed = shop.old.put(url, json={"status": "", "material_thickness": None, "notes": "n"}).json()
    assert (changed["status"], changed["notes"]) == ("Pending", "n")
    assert shop.old.put(url, json={"miscInfo": {"storage": "b"}}).json()["miscInfo"] == {"storage": "b"}
    again = shop.old.put(url, json={"assigned": "Fay"}).json()
    assert (again["assigned"], again["status"], again["claimedDate"]) == ("Fay", "Pending", None)
    assert [each["name"] for each in again["miscInfo"]["handWorkers"]] == ["Fay"]
    assert shop.claim(part) is not None
    assert shop.old.put(url, json={"assigned": ""}).json()["assigned"] is None
    assert shop.claim(part) is None


def test_a_change_of_what_is_not_known_is_refused(shop: Workshop) -> None:
    part = shop.part()
    url = f"/api/parts/{part['id']}"
    tag = shop.old.get(url).headers["etag"]
    shop.crib.clock.advance(seconds=1)
    assert shop.old.put(url, json={"notes": "a"}, headers={"If-Match": tag}).status_code == 200
    stale = {"expected_updated_at": part["updatedAt"]}
    for late in (
        shop.old.put(url, json={"notes": "b"}, headers={"If-Match": tag}),
        shop.old.put(url, json={"notes": "b", **stale}),
        shop.old.put(url, json={"notes": "b", "expectedUpdatedAt": part["updatedAt"]}),
        shop.old.put(
            url, json={"notes": "b", "expected_updated_at": None, "expectedUpdatedAt": part["updatedAt"]}
        ),
        shop.old.post(f"{url}/assign", json={"assigned": "Fay", **stale}),
        shop.old.post(f"{url}/unclaim", headers={"If-Match": tag}),
        shop.old.delete(url, headers={"If-Match": tag}),
    ):
        assert (late.status_code, late.json()["code"]) == (409, "part_changed")
        assert late.json()["details"]["part"]["notes"] == "a"
    fresh = {"expected_updated_at": shop.read(part)["updatedAt"]}
    assert shop.do(part, "approve", fresh)["status"] == "Reviewed"
    for content in (b"[" * 5_000, b"{", b"\xff"):
        headers = {"Content-Type": "application/json"}
        assert shop.old.post(f"{url}/complete", content=content, headers=headers).status_code == 200


def test_lists_sort_search_and_page(shop: Workshop) -> None:
    mark = uuid4().hex
    ids = [shop.part(name=f"{mark} {number}", notes="50%_done")["id"] for number in range(3)]

    def listed(**query: Any) -> list[int]:
        found = shop.old.get("/api/parts/", params={"search": mark, **query}).json()
        return [part["id"] for part in found["parts"]]

    assert listed(sort_by="name", sort_order="asc") == ids
    assert listed(sort_by="name", sort_order="anything") == ids
    assert listed() == listed(sort_by="nothing") == ids[::-1]
    assert listed(search=mark.upper()) == ids[::-1]
    assert listed(sort_by="id", sort_order="asc", limit=2, offset=1) == ids[1:]
    assert listed(limit="x") == listed(limit=-1, offset=2) == ids[::-1]
    page = shop.old.get("/api/parts", params={"search": mark, "limit": 1, "offset": 5}).json()
    assert page == {"parts": [], "total": 3, "limit": 1, "offset": 5}
    assert shop.old.get("/api/parts/", params={"search": "50%_d"}).json()["total"] >= 3
    assert shop.old.get("/api/parts/", params={"search": "50_"}).json()["total"] == 0
    assert shop.old.get("/api/parts/", params={"category": "nothing"}).json()["parts"] == []
    of_review = shop.old.get("/api/parts/categories/review", params={"category": "cnc", "search": mark})
    assert (of_review.json()["total"], of_review.json()["limit"]) == (3, None)


def test_addresses_that_lead_nowhere(shop: Workshop) -> None:
    for method, path, status, text in (
        ("GET", "/api/parts/999999999", 404, "Part not found"),
        ("GET", f"/api/parts/{10**30}", 404, "Part not found"),
        ("DELETE", "/api/parts/999999999", 404, "Part not found"),
        ("POST", "/api/parts/999999999/assign", 404, "Part not found"),
        ("POST", "/api/parts/999999999/upload", 404, "Part not found"),
        ("GET", "/api/parts/999999999/file", 404, "Part not found"),
        ("GET", "/api/parts/abc", 404, "Not found"),
        ("GET", "/api/parts/1/nothing", 404, "Not found"),
        ("GET", "/api/parts/nothing/at/all", 404, "Not found"),
    ):
        answer = shop.old.request(method, path)
        assert (answer.status_code, answer.json()["error"]) == (status, text), (method, path)
    for method, path, allowed in (
        ("PATCH", "/api/parts/1", {"GET", "PUT", "DELETE"}),
        ("DELETE", "/api/parts/", {"GET", "POST"}),
        ("GET", "/api/parts/1/assign", {"POST"}),
        ("POST", "/api/parts/stats", {"GET"}),
    ):
        answer = shop.old.request(method, path)
        assert answer.status_code == 405, (method, path)
        assert allowed <= set(answer.headers["allow"].replace(" ", "").split(",")), (method, path)


def test_a_part_goes_its_way(shop: Workshop) -> None:
    part = shop.part(type="hand", miscInfo={"storage": "Bin 7"})
    seen = shop.do(part, "approve", {"reviewer": "Rae", "miscInfo": {"note": 1}})
    assert (seen["status"], seen["category"]) == ("Reviewed", "hand")
    assert seen["miscInfo"] == {"storage": "Bin 7", "note": 1, "reviewer": "Rae"}
    missing = shop.try_to(part, "assign", {})
    assert (missing.status_code, missing.json()["error"]) == (400, "Assigned user required")
    seen = shop.do(part, "assign", {"assigned": "Fay"})
    assert (seen["assigned"], seen["status"], seen["category"]) == ("Fay", "In Progress", "hand")
    assert seen["claimedDate"]
    seen = shop.do(part, "assign", {"assigned": "Ben"})
    assert [each["name"] for each in seen["miscInfo"]["handWorkers"]] == ["Fay", "Ben"]
    claim = shop.claim(part)
    assert claim is not None
    assert claim["data"]["assigned"] == "Ben"
    seen = shop.do(part, "unclaim")
    assert (seen["assigned"], seen["claimedDate"], seen["status"]) == (None, None, "Already Started")
    assert shop.claim(part) is None
    assert shop.do(part, "unclaim")["status"] == "Pending"
    shop.do(part, "assign", {"assigned": "Fay"})
    done = shop.do(part, "complete", {"miscInfo": {"storage": "Bin 8"}})
    assert (done["status"], done["category"], done["assigned"]) == ("Completed", "completed", "Fay")
    assert (done["claimedDate"] is not None, done["miscInfo"]["storage"]) == (True, "Bin 8")
    assert shop.claim(part) is None
    assert shop.do(part, "complete")["status"] == "Completed"
    back = shop.do(part, "revert")
    assert (back["status"], back["category"], back["assigned"]) == ("In Progress", "hand", "Fay")
    assert back["claimedDate"] == done["claimedDate"]
    assert back["miscInfo"] == done["miscInfo"]
    assert shop.claim(part) is not None
    not_done = shop.try_to(part, "revert")
    assert (not_done.status_code, not_done.json()["error"]) == (400, "Part is not completed")
    bad = shop.try_to(part, "complete", {"miscInfo": [1]})
    assert (bad.status_code, bad.json()["field"]) == (400, "misc_info")
    body = shop.old.post(
        f"/api/parts/{part['id']}/approve", content=b"no json", headers={"Content-Type": "text/plain"}
    )
    assert body.status_code == 200
    for type_, board, status in (("cnc", "cnc", "In Progress"), ("misc", "misc", "Reviewed")):
        other = shop.part(type=type_)
        assert shop.do(other, "complete")["category"] == "completed"
        reverted = shop.do(other, "revert")
        assert (reverted["category"], reverted["status"]) == (board, status)
    assert shop.do(shop.part(), "approve")["category"] == "hand"


def test_files_are_kept_and_served(shop: Workshop) -> None:
    part = shop.part()
    url = f"/api/parts/{part['id']}"
    assert shop.old.get(f"{url}/download").json()["error"] == "No file associated with this part"
    shop.old.put(url, json={"file": "later.pdf"})
    assert shop.old.get(f"{url}/file").json()["error"] == "File not found on server"
    for files, error in (
        (None, "No file provided"),
        ({"other": ("a.pdf", b"x")}, "No file provided"),
        ({"file": ("a.exe", b"x")}, "Invalid file type"),
        ({"file": ("pdf", b"x")}, "Invalid file type"),
    ):
        answer = shop.old.post(f"{url}/upload", files=files)
        assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.json()["details"] == "Only step, stp, pdf files are allowed"
    nameless = shop.old.post(
        f"{url}/upload",
        content=b'--x\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\n\r\n--x--\r\n',
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert nameless.json()["error"] == "No file selected"
    kept = shop.old.post(f"{url}/upload", files={"file": ("My Part (1).STEP", b"ISO-10303-21;")})
    assert kept.status_code == 201, kept.text
    assert kept.json()["filename"] == "My_Part_1.STEP"
    assert kept.json()["file_path"] == f"{part['id']}/My_Part_1.STEP"
    assert set(kept.json()["conversion"]) == {"success", "error", "gltf_path"}
    assert shop.read(part)["file"] == "My_Part_1.STEP"
    step = shop.old.get(f"{url}/download")
    assert (step.content, step.headers["content-type"]) == (b"ISO-10303-21;", "application/step")
    assert step.headers["content-disposition"] == 'attachment; filename="My_Part_1.STEP"'
    pdf = shop.old.post(f"{url}/upload", files={"file": ("чертёж.pdf", b"%PDF-1.7 drawing")}).json()
    assert pdf == {
        "message": "File uploaded successfully",
        "filename": f"part-{part['id']}.pdf",
        "file_path": f"{part['id']}/part-{part['id']}.pdf",
    }
    shown = shop.old.get(f"{url}/file", headers={"Range": "bytes=0-3"})
    assert (shown.status_code, shown.content) == (206, b"%PDF")
    assert shown.headers["content-disposition"].startswith("inline")
    assert shown.headers["cache-control"] == "private, no-cache"
    assert (shown.headers["x-content-type-options"], "last-modified" in shown.headers) == ("nosniff", True)
    same = shop.old.get(f"{url}/file", headers={"If-None-Match": shown.headers["etag"]})
    assert same.status_code == 304
    shop.old.put(url, json={"file": "My_Part_1.STEP"})
    assert shop.old.get(f"{url}/download").content == b"ISO-10303-21;"
    assert shop.old.delete(url).json() == {"message": "Part deleted successfully"}
    assert shop.old.get(f"{url}/download").status_code == 404


def test_figures_and_the_end_of_everything(shop: Workshop) -> None:
    wrong = shop.old.post("/api/parts/wipe", json={"password": "no"})
    assert (wrong.status_code, wrong.json()["error"]) == (403, "Incorrect password")
    assert shop.old.post("/api/parts/wipe").status_code == 403
    wiped = shop.old.post("/api/parts/wipe", json={"password": KEY})
    assert wiped.status_code == 200
    assert wiped.json()["count"] >= 0
    fay, ben = shop.part(type="hand"), shop.part(type="cnc", amount=3)
    for part in (fay, ben):
        shop.do(part, "assign", {"assigned": "Ben"})
    shop.do(fay, "assign", {"assigned": "Fay"})
    shop.do(fay, "complete")
    shop.do(ben, "complete", {"miscInfo": {"completedIncorrectly": True}})
    shop.part()
    assert shop.old.get("/api/parts/stats").json() == {
        "by_category": {"review": 1, "cnc": 0, "hand": 0, "misc": 0, "completed": 2},
        "by_status": {"pending": 1, "in_progress": 0, "completed": 2},
        "assignment": {"assigned": 2, "unassigned": 1},
        "total": 3,
    }
    board = shop.old.get("/api/parts/leaderboard").json()["leaderboard"]
    assert board == [{"name": "Fay", "score": 1.0}, {"name": "Ben", "score": -0.5}]
    more = shop.old.get("/api/parts/stats/detailed").json()
    assert (more["total_parts"], more["completed_parts"]) == (5, 4)
    assert more["top_contributors"] == [{"name": "Ben", "count": 3}, {"name": "Fay", "count": 1}]
    assert shop.old.post("/api/parts/wipe", json={"password": KEY}).json()["count"] == 3
    assert shop.claim(ben) is None


@pytest.mark.every_database
def test_of_two_who_claim_at_once_the_last_one_has_it(shop: Workshop) -> None:
    part = shop.do(shop.part(), "approve")

    def assign(name: str) -> int:
        return shop.try_to(part, "assign", {"assigned": name}).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(assign, [f"n{number}" for number in range(8)]))
    assert answers == [200] * 8
    claim = shop.claim(part)
    assert claim is not None
    assert claim["data"]["assigned"] == shop.read(part)["assigned"]
