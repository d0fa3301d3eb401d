"""Rows that cannot be read: what clients may store is bounded, and one bad row fails no list it is in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from tests.documents.envelope import refused, succeeded
from tests.documents.webdav import Dav, body_of, hrefs
from tests.servers.crib import Crib, Person

BAD = {
    "deep": '{"a":' * 300 + "1" + "}" * 300,
    "cut": '{"a": [1, 2',
    "list": "[1, 2]",
    "number": "7",
    "null": "null",
    "surrogate": '{"a": "\\ud800"}',
    "empty": "",
}


def _nested(levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(levels - 1):
        found = {"a": found}
    return found


TOO_MUCH = {
    "levels": _nested(11),
    "lists": {"a": json.loads("[" * 60 + "]" * 60)},  # the whole body may have 64 levels
    "values": {"a": list(range(500))},
    "bytes": {"a": "x" * 16_384},
}


def _write(crib: Crib, statement: str, **values: Any) -> None:
    """Straight into the database, as no client can."""

    async def write() -> None:
        async with crib.app.kernel.database.write() as session:
            found: Any = await session.execute(text(statement), values)
            assert found.rowcount > 0

    crib.run(write())


def _key(crib: Crib) -> str:
    """The column `key`: a reserved word for MariaDB."""
    return "`key`" if crib.app.kernel.database.dialect in {"mysql", "mariadb"} else "key"


def _describe(person: Person, path: str, **changes: Any) -> Any:
    return person.call("PATCH", "/metadata", params=person.read_at(path), json=changes)


# What may be stored


@pytest.mark.parametrize("tags", TOO_MUCH.values(), ids=TOO_MUCH)
def test_tags_are_bounded_in_depth_number_and_size(ann: Person, tags: dict[str, Any]) -> None:
    ann.stored("a.txt", metadata=json.dumps({"kept": 1}))
    assert "tags" in refused(_describe(ann, "a.txt", tags=tags), 400, "validation_error")
    told = json.dumps(tags)
    assert "metadata" in refused(ann.put("a.txt", metadata=told), 400, "validation_error")
    assert "metadata" in refused(ann.put("new.txt", metadata=told), 400, "validation_error")
    form = [("file", ("a.txt", b"late", "text/plain")), ("metadata", (None, told))]
    form += [(name, (None, value)) for name, value in ann.at("a.txt").items()]
    late = ann.call("POST", "/upload/proxy", files=form)
    assert "metadata" in refused(late, 400, "validation_error")
    found = ann.get("/list", bucket="users", id=ann.uuid, path="").json()["files"]
    assert [(file["logical_path"], file["tags"], file["version"]) for file in found] == [
        ("a.txt", {"kept": 1}, 1)
    ]


def test_tags_up_to_the_bounds_are_kept_and_shown(ann: Person) -> None:
    ann.stored("a.txt")
    for tags in (_nested(10), {"a": list(range(499))}, {"a": "x" * 16_300}):
        succeeded(_describe(ann, "a.txt", tags=tags))
        (file,) = ann.get("/list", bucket="users", id=ann.uuid, path="").json()["files"]
        assert file["tags"] == tags
        assert file["damaged"] is False


def test_many_small_changes_do_not_add_up_to_more(ann: Person) -> None:
    ann.stored("a.txt", metadata=json.dumps({"a": "x" * 9_000}))
    assert "metadata" in refused(
        ann.put("a.txt", metadata=json.dumps({"b": "x" * 9_000})), 400, "validation_error"
    )
    succeeded(_describe(ann, "a.txt", tags={"a": "x" * 14_000}))
    assert "tags" in refused(_describe(ann, "a.txt", description="y" * 4_000), 400, "validation_error")


# What is made of a bad row


@pytest.mark.every_database
def test_one_damaged_row_fails_no_list(crib: Crib, ann: Person) -> None:
    files = {name: ann.stored(f"all/{name}.txt")["file_id"] for name in ("good", *BAD)}
    succeeded(_describe(ann, "all/good.txt", tags={"n": 1}))
    for name in files:
        succeeded(ann.post("/lock", **ann.at(f"all/{name}.txt")))
    for name, bad in BAD.items():
        row = {"bad": bad, "id": files[name]}
        _write(crib, "UPDATE document_files SET tags = :bad WHERE id = :id", **row)
        _write(crib, "UPDATE document_audit SET details = :bad WHERE file_id = :id", **row)
        _write(crib, f"UPDATE claims SET data = :bad WHERE {_key(crib)} = :id", **row)
        _write(crib, f"UPDATE events SET data = :bad WHERE {_key(crib)} = :id", **row)

    with capture_logs() as lines:
        lists = [
            ann.get("/list", bucket="users", id=ann.uuid, path="all").json()["files"],
            ann.get("/folders", bucket="users", id=ann.uuid, path="all").json()["files"],
            ann.get("/search", q="all/").json()["files"],
        ]
        for found in lists:
            assert {file["file_id"]: file["damaged"] for file in found} == {
                file_id: name != "good" for name, file_id in files.items()
            }
            assert [file["tags"] for file in found if file["damaged"]] == [{}] * len(BAD)
            assert [file["tags"] for file in found if not file["damaged"]] == [{"n": 1}]
        for name, file_id in files.items():
            found = ann.metadata(f"all/{name}.txt", include_audit="true", include_locks="true")
            details = [entry["details"] for entry in found["audit_logs"]]
            assert details
            assert all(("damaged" in each) is (name != "good") for each in details)
            page = ann.client.get("/api/events", params={"key": file_id})
            assert page.status_code == 200
            assert [each["data"] == {"damaged": True} for each in page.json()["events"]] == [
                name != "good"
            ] * len(page.json()["events"])
            assert len(ann.client.get("/api/events.csv", params={"key": file_id}).text.splitlines()) > 1
        claims = ann.client.get("/api/claims", params={"limit": 100}).json()["claims"]
        assert {claim["key"]: claim["data"] == {"damaged": True} for claim in claims} == {
            file_id: name != "good" for name, file_id in files.items()
        }
        assert len(ann.get("/locks").json()["data"]["locks"]) == len(files)
        listed = hrefs(Dav(crib, ann)("PROPFIND", "all", Depth="1"))
        assert len(listed) == 1 + len(files)
    logged = [line["row"] for line in lines if line.get("table") == "document_files"]
    assert sorted(logged) == sorted(file_id for name, file_id in files.items() if name != "good")


def test_a_damaged_row_can_be_mended_and_its_lock_given_back(crib: Crib, ann: Person) -> None:
    file_id = ann.stored("a.txt")["file_id"]
    succeeded(ann.post("/lock", **ann.at("a.txt")))
    _write(crib, "UPDATE document_files SET tags = :bad WHERE id = :id", bad=BAD["deep"], id=file_id)
    _write(crib, f"UPDATE claims SET data = :bad WHERE {_key(crib)} = :id", bad=BAD["deep"], id=file_id)
    ann.stored("a.txt", b"next", metadata=json.dumps({"n": 1}))
    file = ann.metadata("a.txt")["file"]
    assert (file["tags"], file["damaged"], file["version"]) == ({"n": 1}, False, 2)
    succeeded(ann.post("/unlock", **ann.at("a.txt")))


# WebDAV: XML


def test_a_damaged_property_fails_only_itself(crib: Crib, ann: Person) -> None:
    dav = Dav(crib, ann)
    names = ("good", "cut", "other", "deep", "entity")
    for name in names:
        assert dav.put(f"{name}.txt").status_code == 201
        assert dav.write(f"{name}.txt", colour="red", size="9").status_code == 207
    bad = {
        "cut": "<x:colour xmlns:x='urn:x'>re",
        "other": "<b/>",
        "deep": "<x:colour xmlns:x='urn:x'>" + "<b>" * 5_000 + "</b>" * 5_000 + "</x:colour>",
        "entity": '<!DOCTYPE a [<!ENTITY b "c">]><x:colour xmlns:x="urn:x">&b;</x:colour>',
    }
    ids = {name: ann.metadata(f"{name}.txt")["file"]["id"] for name in names}
    for name, value in bad.items():
        _write(
            crib,
            "UPDATE document_properties SET value = :value WHERE resource = :id AND name = '{urn:x}colour'",
            value=value,
            id=ids[name],
        )
    _write(
        crib,
        "UPDATE document_properties SET name = :name WHERE resource = :id AND name = '{urn:x}size'",
        name="{urn:x}no name",
        id=ids["cut"],
    )
    asked = b'<D:propfind xmlns:D="DAV:"><D:prop><x:colour xmlns:x="urn:x"/></D:prop></D:propfind>'
    with capture_logs() as lines:
        answers = [dav("PROPFIND", "", Depth="1"), dav("PROPFIND", "", asked, Depth="1")]
        name_only = dav("PROPFIND", "", b'<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>', Depth="1")
    for answer in answers:
        told = {}
        for response in body_of(answer).findall("{DAV:}response"):
            href = response.findtext("{DAV:}href") or ""
            for stat in response.findall("{DAV:}propstat"):
                if stat.find("{DAV:}prop/{urn:x}colour") is not None:
                    told[href.rpartition("/")[2]] = (stat.findtext("{DAV:}status") or "").split()[1]
        told.pop("", None)  # the folder itself has none
        assert told == {f"{name}.txt": "500" if name in bad else "200" for name in names}
    assert len(hrefs(name_only)) == 1 + len(names)
    assert "no name" not in name_only.text
    logged = {line["row"] for line in lines if line["event"] == "damaged_row"}
    assert logged >= {(ids[name], "{urn:x}colour") for name in bad} | {(ids["cut"], "{urn:x}no name")}


def test_a_damaged_lock_is_shown_without_what_its_program_wrote(crib: Crib, ann: Person) -> None:
    dav = Dav(crib, ann)
    for name in ("good", "owner", "token", "shape"):
        dav.put(f"{name}.txt")
        dav.token(f"{name}.txt", owner="the program")
    ids = {name: ann.metadata(f"{name}.txt")["file"]["id"] for name in ("owner", "token", "shape")}

    def spoil(name: str, change: Any) -> None:
        async def read() -> str:
            async with crib.app.kernel.database.read() as session:
                found = await session.execute(
                    text(f"SELECT data FROM claims WHERE {_key(crib)} = :id"), {"id": ids[name]}
                )
                stored: str = found.scalar_one()
                return stored

        data = json.loads(crib.run(read()))
        change(data["private"])
        _write(
            crib,
            f"UPDATE claims SET data = :data WHERE {_key(crib)} = :id",
            data=json.dumps(data),
            id=ids[name],
        )

    spoil("owner", lambda private: private["dav"][0].update(owner="<D:owner"))
    spoil("token", lambda private: private["dav"][0].pop("token"))
    spoil("shape", lambda private: private.update(dav=7))
    answer = dav("PROPFIND", "", Depth="1")
    assert len(hrefs(answer)) == 5
    assert [lock["owner"] for lock in dav.locks("good.txt")] == ["the program"]
    for name in ids:
        assert [lock["owner"] for lock in dav.locks(f"{name}.txt")] == [ann.username]


@pytest.mark.every_database
def test_a_damaged_event_of_another_process_does_not_stop_the_stream(crib: Crib, ann: Person) -> None:
    file_id = ann.stored("a.txt")["file_id"]
    newest = ann.client.get("/api/events", params={"key": file_id}).json()["last_seq"]

    async def append() -> None:
        """What another process commits, this one reads from the log."""
        async with crib.app.kernel.database.write() as session:
            await session.execute(text("UPDATE event_counter SET seq = seq + 1"))
            copied = "actor, verb, kind, scope, digest"
            key = _key(crib)
            await session.execute(
                text(
                    f"INSERT INTO events (seq, at, {copied}, {key}, data) "
                    f"SELECT (SELECT seq FROM event_counter), at, {copied}, {key}, :bad FROM events "
                    f"WHERE {key} = :id ORDER BY seq LIMIT 1"
                ),
                {"bad": BAD["cut"], "id": file_id},
            )

    with ann.client.stream("GET", "/api/events/stream", params={"after": newest}) as stream:
        lines = stream.iter_lines()
        crib.run(append())
        succeeded(ann.post("/lock", **ann.at("a.txt")))
        data = [json.loads(line[6:]) for line in _until(lines, '"acquired"') if line.startswith("data: {")]
    mine = [each["data"] for each in data if each.get("key") == file_id]
    assert mine[0] == {"damaged": True}
    assert len(mine) == 2


def _until(lines: Iterator[str], word: str) -> Iterator[str]:
    for line in lines:
        yield line
        if word in line:
            return
