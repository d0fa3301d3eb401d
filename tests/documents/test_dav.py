"""Files and folders over WebDAV (RFC 4918)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.documents.webdav import Dav, body_of, hrefs, numbers, slowly
from tests.servers.crib import BASE, Crib, Person

pytestmark = pytest.mark.moves_bytes

HARD_NAMES = [
    "a b.txt",
    "50%.txt",
    "a#b.txt",
    "what?.txt",
    "a;b&c=d+e.txt",
    "Zeichnung Ä €.txt",
    "日本.txt",
    "x%20y.txt",
]


@pytest.fixture
def dav(crib: Crib, ann: Person) -> Dav:
    return Dav(crib, ann)


def test_the_root_lists_what_one_has(crib: Crib, ann: Person, ben: Person, dav: Dav) -> None:
    project = crib.project(ann)
    hidden = crib.project(ben)
    assert hrefs(dav("PROPFIND", "/", Depth="1")) == [
        "/dav/",
        "/dav/companies/",
        "/dav/projects/",
        "/dav/users/",
    ]
    assert hrefs(dav("PROPFIND", "/users/", Depth="1")) == ["/dav/users/", "/dav/users/me/"]
    assert f"/dav/companies/{ann.company}/" in hrefs(dav("PROPFIND", "/companies/", Depth="1"))
    projects = hrefs(dav("PROPFIND", "/projects/", Depth="1"))
    assert f"/dav/projects/{project}/" in projects
    assert f"/dav/projects/{hidden}/" not in projects


def test_a_project_answers_to_its_name(crib: Crib, ann: Person, ben: Person, dav: Dav) -> None:
    project = crib.project(ann)
    name = next(each["name"] for each in ann.client.get("/api/projects").json() if each["id"] == project)
    assert dav.put(f"/projects/{name}/a.txt").status_code == 201
    assert dav.text(f"/projects/{project}/a.txt") == b"hello"
    assert dav.properties(f"/projects/{project}/")["{DAV:}displayname"] == name
    other = Dav(crib, ben)
    assert other("GET", f"/projects/{project}/a.txt").status_code == 403
    assert other("GET", f"/projects/{uuid4()}/a.txt").status_code in {403, 404}
    for method in ("GET", "PUT", "PROPFIND", "MKCOL", "LOCK"):
        refused, none = (other(method, f"/projects/{way}/a.txt", b"") for way in (name, f"no-{name}"))
        assert refused.status_code == none.status_code == 403
        assert project not in refused.text
        assert refused.text == none.text.replace(f"no-{name}", name)


def test_put_makes_versions_that_rest_shows(ann: Person, dav: Dav) -> None:
    first = dav.put("a.txt", b"one")
    assert (first.status_code, first.headers["ETag"]) == (201, dav.properties("a.txt")["{DAV:}getetag"])
    second = dav.put("a.txt", b"two")
    assert second.status_code == 204
    assert second.headers["ETag"] != first.headers["ETag"]
    assert numbers(ann, "a.txt") == [2, 1]
    assert ann.fetch("a.txt").content == b"two"
    details = ann.metadata("a.txt", include_audit="true")
    assert details["file"]["mime_type"] == "text/plain"
    assert {"upload"} <= {line["action"] for line in details["audit_logs"]}


def test_get_and_head_speak_of_the_version(dav: Dav) -> None:
    tag = dav.put("a.txt", b"0123456789").headers["ETag"]
    got = dav("GET", "a.txt")
    assert (got.content, got.headers["ETag"], got.headers["Accept-Ranges"]) == (b"0123456789", tag, "bytes")
    assert got.headers["Last-Modified"].endswith("GMT")
    assert dav("HEAD", "a.txt").headers["Content-Length"] == "10"
    part = dav("GET", "a.txt", Range="bytes=2-4")
    assert (part.status_code, part.content) == (206, b"234")
    assert part.headers["Content-Range"] == "bytes 2-4/10"
    assert dav("GET", "a.txt", Range="bytes=20-").status_code == 416
    assert dav("GET", "a.txt", If_None_Match=tag).status_code == 304
    assert dav("GET", "none.txt").status_code == 404


@pytest.mark.parametrize("name", HARD_NAMES)
def test_names_survive_the_way_there_and_back(ann: Person, dav: Dav, name: str) -> None:
    folder = uuid4().hex
    assert dav("MKCOL", folder).status_code == 201
    assert dav.put(f"{folder}/{name}", name.encode()).status_code == 201
    listed = hrefs(dav("PROPFIND", folder, Depth="1"))
    assert len(listed) == 2
    assert dav.client.get(listed[1]).content == name.encode()
    assert ann.fetch(f"{folder}/{name}").content == name.encode()
    assert dav.send("MOVE", f"{folder}/{name}", f"{folder}/2 {name}").status_code == 201
    assert dav.text(f"{folder}/2 {name}") == name.encode()
    assert dav("GET", f"{folder}/{name}").status_code == 404
    assert dav("DELETE", f"{folder}/2 {name}").status_code == 204


def test_conditional_puts(dav: Dav) -> None:
    tag = dav.put("a.txt", If_None_Match="*").headers["ETag"]
    assert dav.put("a.txt", If_None_Match="*").status_code == 412
    assert dav.put("a.txt", If_Match='"other"').status_code == 412
    assert dav.put("a.txt", If=f"([{tag}])").status_code == 204
    assert dav.put("a.txt", If=f"([{tag}])").status_code == 412
    assert dav.put("new.txt", If_Match="*").status_code == 412
    there = f"http://{dav.client.base_url.netloc.decode()}{dav.url('a.txt')}"
    assert dav.put("new.txt", If=f"<{there}> ([{tag}])").status_code == 412
    now = dav.properties("a.txt")["{DAV:}getetag"]
    assert dav.put("new.txt", If=f"<{there}> ([{now}])").status_code == 201


@pytest.mark.parametrize("date", ["Sun, 06 Nov 99999 08:49:37 GMT", "Sun, 99 Nov 1994 08:49:37 GMT", "soon"])
def test_a_date_that_is_none_is_no_condition(dav: Dav, date: str) -> None:
    dav.put("a.txt")
    assert dav("PROPFIND", "a.txt", Depth="0", If_Modified_Since=date).status_code == 207
    assert dav.put("a.txt", If_Unmodified_Since=date).status_code == 204


@pytest.mark.every_database
@pytest.mark.databases("sqlite", "postgresql", "mariadb")
def test_conditions_hold_until_the_bytes_are_there(crib: Crib, ann: Person, dav: Dav) -> None:
    dav.put("a.txt", b"one")
    far = "Fri, 31 Dec 2100 00:00:00 GMT"

    def meanwhile(path: str) -> Iterator[bytes]:
        return slowly(crib, lambda: ann.stored(path, b"meanwhile"))

    for header, value in (
        ("If_Match", '"{}"'),
        ("If", '(["{}"])'),
        ("If_Unmodified_Since", far),
    ):
        version = dav.put("a.txt", b"one").headers["ETag"].strip('"')
        answer = dav.put("a.txt", meanwhile("a.txt"), **{header: value.format(version)})
        assert answer.status_code == 412, header
        assert dav.text("a.txt") == b"meanwhile"
    assert dav.put("new.txt", meanwhile("new.txt"), If_None_Match="*").status_code == 412
    assert dav.text("new.txt") == b"meanwhile"
    assert len(hrefs(dav("PROPFIND", "", Depth="1"))) == 3  # and no drafts


def test_folders_are_the_same_as_over_rest(ann: Person, dav: Dav) -> None:
    assert dav("MKCOL", "d").status_code == 201
    assert dav("MKCOL", "d").status_code == 405
    assert dav("MKCOL", "none/d").status_code == 409
    assert dav.put("none/a.txt").status_code == 409
    ann.stored("d/e/a.txt")
    browsed = ann.get("/folders", bucket="users", id=ann.uuid, path="").json()
    assert [each["name"] for each in browsed["folders"]] == ["d"]
    assert hrefs(dav("PROPFIND", "d", Depth="1")) == ["/dav/users/me/d/", "/dav/users/me/d/e/"]
    assert dav("PROPFIND", "d", Depth="infinity").status_code == 403
    assert "propfind-finite-depth" in dav("PROPFIND", "d").text
    assert dav("PUT", "d").status_code == 405
    assert dav("MKCOL", "x", b"<x/>").status_code == 415


def test_delete_archives(ann: Person, dav: Dav) -> None:
    dav("MKCOL", "d")
    dav.put("d/a.txt")
    ann.stored("d/e/b.txt")
    assert dav("DELETE", "d/a.txt").status_code == 204
    assert ann.metadata("d/a.txt")["file"]["status"] == "archived"
    assert dav("DELETE", "d").status_code == 204
    assert ann.metadata("d/e/b.txt")["file"]["status"] == "archived"
    assert dav("PROPFIND", "d", Depth="0").status_code == 404
    assert dav("DELETE", "d").status_code == 404
    assert dav("DELETE", "").status_code == 403
    assert dav("MKCOL", "d").status_code == 201
    assert dav.put("d/a.txt", b"again").status_code == 201
    assert numbers(ann, "d/a.txt") == [2, 1]


@pytest.mark.parametrize("name", [".~lock.a.odt#", "~$a.docx", ".DS_Store", "._a.txt"])
def test_what_programs_leave_for_a_moment_leaves_nothing_behind(ann: Person, dav: Dav, name: str) -> None:
    assert dav.put(name, b"").status_code == 201
    assert dav.put(name, b"x").status_code == 204
    assert dav("DELETE", name).status_code == 204
    assert ann.call("GET", "/metadata", params=ann.read_at(name)).status_code == 404


def test_an_empty_put_before_the_real_one_does_no_harm(ann: Person, dav: Dav) -> None:
    assert dav.put("a.bin", b"").status_code == 201
    assert dav.text("a.bin") == b""
    assert dav.put("a.bin", b"content").status_code == 204
    assert ann.fetch("a.bin").content == b"content"


def test_move_keeps_the_file_and_its_history(ann: Person, dav: Dav) -> None:
    before = ann.stored("a.txt", b"one")["file_id"]
    ann.stored("a.txt", b"two")
    dav("MKCOL", "d")
    assert dav.send("MOVE", "a.txt", "d/b.txt").status_code == 201
    assert ann.metadata("d/b.txt")["file"]["id"] == before
    assert numbers(ann, "d/b.txt") == [2, 1]
    assert dav("GET", "a.txt").status_code == 404
    assert dav.send("MOVE", "d", "e").status_code == 201
    assert dav.text("e/b.txt") == b"two"


def test_what_is_moved_or_copied_over_keeps_its_history(ann: Person, dav: Dav) -> None:
    """Many programs save into a new file and move it over the old one."""
    kept = ann.stored("a.txt", b"one")["file_id"]
    dav.put("a.tmp", b"two")
    assert dav.send("MOVE", "a.tmp", "a.txt", Overwrite="F").status_code == 412
    assert dav.send("MOVE", "a.tmp", "a.txt").status_code == 204
    dav.put("other.txt", b"three")
    assert dav.send("COPY", "other.txt", "a.txt", Overwrite="T").status_code == 204
    assert ann.metadata("a.txt")["file"]["id"] == kept
    assert numbers(ann, "a.txt") == [3, 2, 1]
    assert dav.text("a.txt") == b"three"
    assert dav.text("other.txt") == b"three"
    assert dav("GET", "a.tmp").status_code == 404


def test_trees_are_copied_with_what_is_written_on_them(dav: Dav) -> None:
    for folder in ("t", "t/u"):
        assert dav("MKCOL", folder).status_code == 201
    dav.put("t/a.txt", b"a")
    dav.put("t/u/b.txt", b"b")
    dav.write("t/u/b.txt", colour="red")
    dav.write("t/u", shape="round")
    assert dav.send("COPY", "t", "v").status_code == 201
    assert (dav.text("v/a.txt"), dav.text("v/u/b.txt")) == (b"a", b"b")
    assert dav.properties("v/u/b.txt")["{urn:x}colour"] == "red"
    assert dav.properties("v/u")["{urn:x}shape"] == "round"
    dav.put("v/more.txt")
    assert dav.send("COPY", "t", "v", Overwrite="T").status_code == 204
    assert dav("GET", "v/more.txt").status_code == 404
    assert dav.send("COPY", "t", "w", Depth="0").status_code == 201
    assert hrefs(dav("PROPFIND", "w", Depth="1")) == ["/dav/users/me/w/"]
    for target in ("t", "t/u/x", "."):
        assert dav.send("MOVE", "t", target).status_code in {400, 403}
    assert dav.send("COPY", "t", "none/x").status_code == 409
    elsewhere = "http://elsewhere.example/dav/users/me/x"
    assert dav("COPY", "t", Destination=elsewhere).status_code == 502
    assert dav("COPY", "t").status_code == 400


def test_files_go_from_bucket_to_bucket(ann: Person, dav: Dav) -> None:
    dav("MKCOL", "out")
    dav.put("out/a.txt", b"a")
    dav.write("out/a.txt", colour="red")
    shared = f"/companies/{ann.company}/in-{uuid4().hex}"
    assert dav.send("MOVE", "out", shared).status_code == 201
    assert dav.text(f"{shared}/a.txt") == b"a"
    assert dav.properties(f"{shared}/a.txt")["{urn:x}colour"] == "red"
    assert dav("PROPFIND", "out", Depth="0").status_code == 404
    assert dav.send("MOVE", f"{shared}/a.txt", "back.txt").status_code == 201
    assert dav.text("back.txt") == b"a"


def test_written_properties_go_where_the_file_goes(ann: Person, dav: Dav) -> None:
    dav.put("a.txt")
    dav("MKCOL", "d")
    assert "200 OK" in dav.write("a.txt", colour="<b>red</b> &amp; blue", size="3").text
    assert "200 OK" in dav.write("a.txt", size=None).text
    assert dav.send("MOVE", "a.txt", "d/b.txt").status_code == 201
    found = dav("PROPFIND", "d/b.txt", Depth="0").content
    assert b"red</" in found
    assert b"size" not in found.replace(b"getcontent", b"")
    assert dav.send("MOVE", "d", "e").status_code == 201
    assert "{urn:x}colour" in dav.properties("e/b.txt")
    ann.call("DELETE", "/delete", json={**ann.at("e/b.txt"), "physical": True})
    assert dav.put("e/b.txt").status_code == 201
    assert "{urn:x}colour" not in dav.properties("e/b.txt")


def test_properties_change_together_or_not_at_all(dav: Dav) -> None:
    dav.put("a.txt")
    body = (
        "<D:propertyupdate xmlns:D='DAV:' xmlns:x='urn:x'><D:set><D:prop><x:y>1</x:y></D:prop></D:set>"
        "<D:set><D:prop><D:getetag>mine</D:getetag></D:prop></D:set></D:propertyupdate>"
    )
    refused = dav("PROPPATCH", "a.txt", body.encode())
    assert refused.status_code == 207
    assert "403" in refused.text
    assert "424" in refused.text
    assert "{urn:x}y" not in dav.properties("a.txt")
    assert dav.write("a.txt", big="x" * 70_000).status_code == 507


def test_a_file_carries_only_so_much(dav: Dav) -> None:
    dav.put("a.txt")
    for number in range(3):
        assert "200 OK" in dav.write("a.txt", **{f"p{number}": "x" * 20_000}).text
    assert dav.write("a.txt", p3="x" * 20_000).status_code == 507
    assert dav.write("a.txt", p0="y", p3="x" * 20_000).status_code == 207
    names = {name for name in dav.properties("a.txt") if "urn:x" in name}
    assert names == {f"{{urn:x}}p{number}" for number in range(4)}


@pytest.mark.every_database
def test_nothing_is_written_on_what_went_meanwhile(crib: Crib, ann: Person, dav: Dav) -> None:
    """Seen by one request, and removed by another before the first writes."""
    from toolcrib.documents.caller import Caller  # noqa: PLC0415 - loads the whole server
    from toolcrib.documents.errors import FileNotFound  # noqa: PLC0415
    from toolcrib.documents.paths import Bucket, Place  # noqa: PLC0415
    from toolcrib.documents.service.folders import folder_at  # noqa: PLC0415
    from toolcrib.documents.service.lookup import at, documents_of  # noqa: PLC0415
    from toolcrib.documents.service.properties import write_properties  # noqa: PLC0415
    from toolcrib.kernel.identity.principal import Principal  # noqa: PLC0415

    docs = documents_of(crib.app.kernel)
    caller = Caller(Principal(0, ann.uuid, ann.username, is_admin=False))
    changes = {"{urn:x}colour": "<colour xmlns='urn:x'/>"}

    async def seen(path: str) -> tuple[Any, Any]:
        async with docs.kernel.database.read() as session:
            place = Place(Bucket("users", ann.uuid), path)
            return await at(session, place), await folder_at(session, place)

    dav.put("a.txt")
    dav("MKCOL", "d")
    for path in ("a.txt", "d"):
        place = Place(Bucket("users", ann.uuid), path)
        file, folder = crib.run(seen(path))
        resource = (file or folder).id
        assert dav("DELETE", path).status_code == 204
        late = write_properties(docs, caller, place, file, resource, changes, now=crib.clock())
        with pytest.raises(FileNotFound):
            crib.run(late)


def test_named_properties_are_answered_for_all_members(dav: Dav) -> None:
    dav("MKCOL", "d")
    for name in ("d/a.txt", "d/b.txt"):
        dav.put(name)
        dav.write(name, colour="red", size="3")
    body = b"<propfind xmlns='DAV:'><prop><getetag/><colour xmlns='urn:x'/><none xmlns='urn:x'/></prop></propfind>"
    found = dav("PROPFIND", "d", body, Depth="1")
    assert found.text.count(">red<") == 2
    assert found.text.count("none") == 3
    assert ">3<" not in found.text


def test_propname_lists_names_without_values(dav: Dav) -> None:
    dav.put("a.txt")
    dav.write("a.txt", colour="red")
    found = dav("PROPFIND", "a.txt", b"<propfind xmlns='DAV:'><propname/></propfind>", Depth="0")
    names = {each.tag: each.text for each in body_of(found).iter() if each.text is None}
    assert {"{DAV:}getetag", "{urn:x}colour", "{DAV:}lockdiscovery"} <= names.keys()
    assert "red" not in found.text


def test_options_tell_windows_and_finder_what_they_want_to_know(dav: Dav) -> None:
    dav.put("a.txt")
    for path in ("/", "/users/", "", "a.txt", "new.txt"):
        answer = dav("OPTIONS", path)
        assert answer.status_code == 200
        assert answer.headers["DAV"] == "1, 2"
        assert answer.headers["MS-Author-Via"] == "DAV"
    assert {"PUT", "LOCK", "PROPFIND"} <= set(dav("OPTIONS", "a.txt").headers["Allow"].split(", "))
    assert dav("POST", "a.txt").status_code == 405


def test_a_file_may_come_in_pieces_of_unknown_number(dav: Dav) -> None:
    """Finder does not say how long a file is."""
    assert dav.put("a.bin", iter([b"one", b"two"]), X_Expected_Entity_Length="6").status_code == 201
    assert dav.text("a.bin") == b"onetwo"
    assert dav.put("a.bin", b"x", Content_Range="bytes 0-0/1").status_code == 400


def test_the_page_shows_what_webdav_did(ann: Person, dav: Dav) -> None:
    dav("MKCOL", "d")
    dav.put("d/a.txt")
    dav.send("MOVE", "d/a.txt", "b.txt")
    dav("DELETE", "b.txt")
    events = ann.client.get("/api/events", params={"limit": 20}).json()["events"]
    assert {"folder_made", "uploaded", "moved", "archived"} <= {each["verb"] for each in events}
    assert ann.client.get(BASE + "/list", params={"bucket": "users", "id": ann.uuid}).json()["files"] == []


TIMES = ("Win32CreationTime", "Win32LastAccessTime", "Win32LastModifiedTime", "Win32FileAttributes")


def set_times(dav: Dav, path: str) -> None:
    """What Windows sets after each save, and a property of somebody's own."""
    props = "".join(f"<Z:{name}>Thu, 01 Jan 2026 10:00:00 GMT</Z:{name}>" for name in TIMES)
    body = (
        "<D:propertyupdate xmlns:D='DAV:' xmlns:Z='urn:schemas-microsoft-com:'>"
        f"<D:set><D:prop>{props}<x:colour xmlns:x='urn:x'>red</x:colour></D:prop></D:set></D:propertyupdate>"
    )
    assert dav("PROPPATCH", path, body.encode()).status_code == 207


def told_times(dav: Dav, path: str) -> set[str]:
    found = dav.properties(path)
    assert found["{urn:x}colour"] == "red"
    return {name for name in TIMES if f"{{urn:schemas-microsoft-com:}}{name}" in found}


def test_times_that_windows_sets_end_with_their_version(ann: Person, dav: Dav) -> None:
    """Whatever makes the next version."""
    first = ann.stored("w.txt", b"one")
    set_times(dav, "w.txt")
    assert told_times(dav, "w.txt") == set(TIMES)

    def direct() -> None:
        key = ann.sent(b"direct", "w.txt")
        assert ann.post("/upload/confirm", object_key=key).status_code == 201

    def moved_over() -> None:
        dav.put("w.tmp", b"moved")
        dav.write("w.tmp", colour="red")
        assert dav.send("MOVE", "w.tmp", "w.txt").status_code == 204

    for change in (
        lambda: dav.put("w.txt", b"two"),
        lambda: ann.stored("w.txt", b"three"),
        direct,
        moved_over,
        lambda: ann.post(f"/versions/{first['version_id']}/restore"),
    ):
        set_times(dav, "w.txt")
        change()
        assert told_times(dav, "w.txt") == set(), change
    set_times(dav, "w.txt")
    assert dav.send("MOVE", "w.txt", "same.txt").status_code == 201
    assert told_times(dav, "same.txt") == set(TIMES)  # the content is the same


def test_times_that_windows_sets_end_with_an_approval(crib: Crib, ann: Person, carla: Person) -> None:
    file_id = ann.stored("a.txt", b"one", bucket="companies")["file_id"]
    dav = Dav(crib, ann, "companies")
    set_times(dav, "a.txt")
    waiting = ann.committed(file_id)
    assert told_times(dav, "a.txt") == set(TIMES)
    assert carla.post(f"/versions/{waiting}/approve").status_code == 200
    assert told_times(dav, "a.txt") == set()


def test_a_file_has_no_members_at_any_depth(dav: Dav) -> None:
    dav("MKCOL", "d")
    dav.put("d/a.txt")
    client = dav.client
    for headers in ({}, {"Depth": "infinity"}, {"Depth": "Infinity"}, {"Depth": "1"}, {"Depth": "0"}):
        found = client.request("PROPFIND", dav.url("d/a.txt"), headers=headers)
        assert hrefs(found) == [dav.url("d/a.txt")], headers
    # Of a folder, no Depth means infinity (RFC 4918, 9.1), which is refused.
    for headers in ({}, {"Depth": "infinity"}):
        refusal = client.request("PROPFIND", dav.url("d"), headers=headers)
        assert refusal.status_code == 403
        assert body_of(refusal).find("{DAV:}propfind-finite-depth") is not None
    assert client.request("PROPFIND", dav.url("d/a.txt"), headers={"Depth": "2"}).status_code == 400
