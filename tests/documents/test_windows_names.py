"""Names that Windows cannot keep are refused, warned of or allowed, as each project says, wherever a name arises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import httpx
import pytest

from tests.documents.envelope import refused, succeeded
from tests.documents.resumable import begin
from tests.documents.webdav import Dav
from tests.servers.crib import Crib, Person
from tests.servers.environment import PLAIN
from toolcrib.documents.service import arrivals
from toolcrib.documents.service.lookup import documents_of

pytestmark = pytest.mark.databases("sqlite")

BAD = (
    "CON",
    "nul.txt",
    "Com1.tar.gz",
    "LPT9",
    "com².log",
    "aux .x",
    "a:b",
    "what?.txt",
    "a<b",
    'say "hi"',
    "a|b",
    "*.doc",
    "dot.",
    "blank ",
)
GOOD = ("CONSOLE", "com10", "COM", "lpt.txt", "nul-x", ".hidden", "a b", "é~$")
LOCK = b"""<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>
<D:locktype><D:write/></D:locktype></D:lockinfo>"""


class Project:
    """A registered project of `ann`, and every door through which a name can arise in it."""

    def __init__(self, crib: Crib, ann: Person) -> None:
        made = ann.client.post("/api/projects", json={"name": f"p{uuid4().hex[:12]}"}).json()
        self.crib, self.ann, self.id, self.made = crib, ann, made["id"], made
        self.dav = Dav(crib, ann)
        self.dav.home = f"/projects/{made['name']}"
        crib.clock.advance(seconds=2)  # rights are read once a second

    def says(self, policy: str) -> None:
        answer = self.ann.client.patch(f"/api/projects/{self.id}", json={"windows_names": policy})
        assert (answer.status_code, answer.json()["windows_names"]) == (200, policy)
        self.crib.clock.advance(seconds=2)

    def at(self, path: str) -> dict[str, str]:
        return self.ann.at(path, "projects", self.id)

    def put(self, path: str, content: bytes = b"x") -> httpx.Response:
        return self.ann.put(path, content, bucket="projects", owner=self.id, filename="x")

    def stored(self, path: str) -> str:
        answer = self.put(path)
        assert answer.status_code in {200, 201}, answer.text
        return str(answer.json()["data"]["file_id"])

    def doors(self) -> dict[str, Callable[[str], httpx.Response]]:
        """Calls that each make something called `name` in a folder of their own."""
        ann, dav = self.ann, self.dav
        self.stored("source/file.txt")
        self.stored("whole/inside.txt")
        dav("MKCOL", "dav").raise_for_status()

        def moved(name: str) -> httpx.Response:
            self.stored("moving/file.txt")
            return ann.post("/move", **self.at("moving/file.txt"), target_path=f"m/{name}")

        def folder_moved(name: str) -> httpx.Response:
            self.stored("mf/inside.txt")
            return ann.post("/folders/move", **self.at("mf"), target_path=f"moved/{name}")

        def copied(name: str) -> httpx.Response:
            source = {"source_bucket": "projects", "source_id": self.id, "source_path": "source/file.txt"}
            target = {"target_bucket": "projects", "target_id": self.id, "target_path": f"c/{name}"}
            return ann.post("/copy", **source, **target)

        def dav_moved(name: str) -> httpx.Response:
            self.stored("moving/file.txt")
            return dav.send("MOVE", "moving/file.txt", f"dav-m/{name}")

        for folder in ("dav-m", "dav-c", "dav-cf"):
            dav("MKCOL", folder).raise_for_status()
        return {
            "proxy": lambda name: self.put(f"p/{name}"),
            "below": lambda name: self.put(f"b/{name}/file.txt"),
            "presign": lambda name: ann.post(
                "/upload/presign", **self.at(f"s/{name}"), content_type="text/plain"
            ),
            "tus": lambda name: begin(ann, 3, f"t/{name}", bucket="projects", owner=self.id, content=b"abc"),
            "folder": lambda name: ann.post("/folders", **self.at(f"f/{name}")),
            "move": moved,
            "folder move": folder_moved,
            "copy": copied,
            "dav put": lambda name: dav.put(f"dav/{name}"),
            "dav mkcol": lambda name: dav("MKCOL", f"whole/{name}"),
            "dav lock": lambda name: dav("LOCK", f"source/{name}", LOCK),
            "dav move": dav_moved,
            "dav copy": lambda name: dav.send("COPY", "source/file.txt", f"dav-c/{name}"),
            "dav folder copy": lambda name: dav.send("COPY", "whole", f"dav-cf/{name}"),
        }


@pytest.fixture
def project(crib: Crib, ann: Person) -> Iterator[Project]:
    before = crib.clock.now
    yield Project(crib, ann)
    crib.clock.now = before


def warnings_of(answer: httpx.Response) -> str:
    told = unquote(answer.headers.get("Toolcrib-Warning", ""))
    if told and answer.headers.get("content-type") == "application/json":
        assert ", ".join(answer.json()["warnings"]) == told
    return told


def test_a_project_refuses_them_at_every_door(project: Project) -> None:
    assert project.made["windows_names"] == "warn"
    project.says("refuse")
    for door, call in project.doors().items():
        for name in BAD if door == "proxy" else BAD[:2] + BAD[-2:]:
            answer = call(name)
            assert answer.status_code == 400, (door, name, answer.text)
            assert b"name_not_for_windows" in answer.content, (door, name, answer.text)
        answer = call("good.txt")
        assert answer.is_success, (door, answer.text)
        assert not warnings_of(answer)
        if door != "presign":  # nothing is there yet
            answer = call("GOOD.txt")
            assert answer.status_code == 409, (door, answer.text)
            assert b"name_clash" in answer.content, door
    for name in GOOD:
        assert project.put(f"names/{name}").status_code == 201, name
    for name in (".DS_Store", "~$plan?.docx", "~$PLAN?.docx"):  # programs' litter
        assert project.dav.put(f"names/{name}").status_code == 201, name


def test_a_project_may_warn_instead_or_allow_them(project: Project) -> None:
    project.says("warn")
    for door, call in project.doors().items():
        answer = call("a:b")
        assert answer.is_success, (door, answer.text)
        assert "a:b" in warnings_of(answer), door
        if door != "presign":
            assert "upper and lower case" in warnings_of(call("A-b")) + warnings_of(call("a-B")), door
    again = project.put("p/a:b", b"the next version")
    assert (again.status_code, warnings_of(again)) == (201, "")  # it has its name already
    project.says("allow")
    answer = project.put("NUL/CON")
    assert (answer.status_code, warnings_of(answer)) == (201, "")


def test_what_appears_at_an_upload_address_is_checked_when_it_arrives(project: Project) -> None:
    ann = project.ann
    project.says("allow")
    addresses = {
        path: ann.post("/upload/presign", **project.at(path)).json()
        for path in ("up/aux.txt", "up/a:b/deep.txt", "up/plan.txt", "up/PLAN.txt", "up/warned.", "UP/x.txt")
    }

    def send(path: str) -> httpx.Response:
        answer = httpx.put(addresses[path]["url"], content=b"x", verify=PLAIN)
        assert answer.status_code == 200, answer.text
        return answer

    def there() -> set[str]:
        listed = ann.get("/list", bucket="projects", id=project.id).json()["files"]
        return {file["logical_path"] for file in listed}

    project.says("refuse")
    assert not warnings_of(send("up/plan.txt"))
    for path in ("up/aux.txt", "up/a:b/deep.txt", "up/PLAN.txt", "UP/x.txt"):
        assert "does not appear" in warnings_of(send(path)), path
    project.crib.run(arrivals.sweep(documents_of(project.crib.app.kernel), project.crib.clock()))
    assert there() == {"up/plan.txt"}
    for path, status, word in (
        ("up/aux.txt", 400, "name_not_for_windows"),
        ("up/PLAN.txt", 409, "name_clash"),
    ):
        refused(ann.post("/upload/confirm", object_key=addresses[path]["object_key"]), status, word)
    project.says("warn")
    assert "it ends with a dot" in warnings_of(send("up/warned."))
    assert there() >= {"up/plan.txt", "up/warned."}
    for path in ("up/aux.txt", "up/PLAN.txt"):  # what waited can still be confirmed
        answer = ann.post("/upload/confirm", object_key=addresses[path]["object_key"])
        assert answer.status_code == 201, answer.text
        assert warnings_of(answer)


def test_what_has_such_a_name_keeps_working(project: Project) -> None:
    project.says("allow")
    ann, dav = project.ann, project.dav
    for path in ("aux/CON", "same.txt", "Same.txt", "gone:"):
        project.stored(path)
    gone = project.stored("gone:")
    clash = project.stored("case.txt")
    for path in ("gone:", "case.txt"):
        succeeded(ann.call("DELETE", "/delete", json=project.at(path)))
    project.stored("CASE.txt")
    project.says("refuse")
    for path in ("aux/CON", "same.txt"):
        assert project.put(path, b"two").status_code == 201
        token = dav.token(path)
        assert dav.put(path, b"three", If=f"(<{token}>)").status_code == 204
        assert dav.unlock(path, token).status_code == 204
        assert dav.text(path) == b"three"
    assert project.put("aux/new.txt").status_code == 201
    # A program saves by renaming.
    assert dav.put("aux/tmp1", b"saved").status_code == 201
    assert dav.send("MOVE", "aux/CON", "aux/tmp2").status_code == 201
    assert dav.send("MOVE", "aux/tmp1", "aux/CON").is_success
    assert dav.text("aux/CON") == b"saved"
    assert dav.put("over.txt").status_code == 201
    assert dav.send("COPY", "over.txt", "aux/CON", Overwrite="T").status_code == 204
    # Another case of its own name, and a place elsewhere.
    assert dav.send("MOVE", "over.txt", "OVER.txt").status_code == 201
    succeeded(ann.post("/move", **project.at("aux/CON"), target_path="elsewhere/CON"))
    succeeded(ann.post("/folders/move", **project.at("elsewhere"), target_path="Elsewhere"))
    assert project.put("elsewhere/x").status_code == 409
    # What is restored gets its name anew.
    refused(ann.post("/restore", file_id=gone), 400, "name_not_for_windows")
    assert ann.post("/restore", file_id=clash).json()["data"]["path"].endswith("/case (restored).txt")


def test_only_who_rules_a_project_says_what_it_does(project: Project, ben: Person, crib: Crib) -> None:
    address = f"/api/projects/{project.id}"
    assert ben.client.patch(address, json={"windows_names": "allow"}).status_code == 404
    assert crib.client().patch(address, json={"windows_names": "allow"}).status_code == 401
    member = {"role": "member"}
    assert project.ann.client.put(f"{address}/members/{ben.username}", json=member).is_success
    crib.clock.advance(seconds=2)
    assert ben.client.patch(address, json={"windows_names": "allow"}).status_code == 403
    assert project.ann.client.patch(address, json={"windows_names": "never"}).status_code == 400
    both: dict[str, Any] = project.ann.client.patch(address, json={"case_clashes": "warn"}).json()
    assert (both["case_clashes"], both["windows_names"]) == ("warn", "warn")


def test_elsewhere_people_are_warned(ann: Person) -> None:
    top = uuid4().hex
    answer = ann.put(f"{top}/a:b", filename="x")
    assert (answer.status_code, "a:b" in warnings_of(answer)) == (201, True)
