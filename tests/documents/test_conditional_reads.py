"""Reading under conditions (RFC 9110, section 13), the same at every door: who fetches a file in parts, or again, never
gets parts of two versions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.documents.webdav import Dav, body_of
from tests.servers.crib import BASE, Crib, Person
from tests.servers.environment import PLAIN

if TYPE_CHECKING:
    from tests.clock import FakeClock

OLD, NEW = b"old content", b"new content!"


class Doors:
    """The ways to read one file of Ann's."""

    def __init__(self, crib: Crib, ann: Person) -> None:
        self.crib, self.ann = crib, ann
        self.versions = [ann.stored("r.bin", OLD)["version_id"]]

    def change(self) -> None:
        self.versions.append(self.ann.stored("r.bin", NEW)["version_id"])

    def read(self, door: str, headers: dict[str, str], method: str = "GET") -> httpx.Response:
        ann, at = self.ann, self.ann.at("r.bin")
        match door:
            case "dav":
                return Dav(self.crib, ann).client.request(method, "/dav/users/me/r.bin", headers=headers)
            case "version":
                at = {**at, "version_id": self.versions[-1]}
            case "signed":
                url = ann.get("/download/presign", **at).json()["url"]
                return httpx.request(method, url, headers=headers, verify=PLAIN)
        return ann.client.request(method, f"{BASE}/download/proxy", params=at, headers=headers)


@pytest.fixture
def doors(crib: Crib, ann: Person) -> Doors:
    return Doors(crib, ann)


def shifted(date: str, seconds: int) -> str:
    return format_datetime(parsedate_to_datetime(date) + timedelta(seconds=seconds), usegmt=True)


ALL = ("rest", "version", "dav", "signed")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_conditions_hold_at_every_door(doors: Doors, method: str) -> None:
    for door in ALL:
        first = doors.read(door, {})
        tag, date = first.headers["etag"], first.headers["last-modified"]
        before, after = shifted(date, -1), shifted(date, 3600)
        for headers, expected in (
            ({"If-Match": tag}, 200),
            ({"If-Match": "*"}, 200),
            ({"If-Match": f'"a,b", "x" ,{tag}'}, 200),
            ({"If-Match": '"other"'}, 412),
            ({"If-Match": f"W/{tag}"}, 412),  # weak tags never match here (13.1.1)
            ({"If-Match": '"other"', "Range": "bytes=0-2"}, 412),
            ({"If-Match": '"other"', "Range": "bytes=999-"}, 412),
            ({"If-Match": tag, "Range": "bytes=0-2"}, 206),
            ({"If-Match": tag, "If-Unmodified-Since": before}, 200),  # the tag decides alone
            ({"If-Unmodified-Since": date}, 200),
            ({"If-Unmodified-Since": before}, 412),
            ({"If-Unmodified-Since": before, "Range": "bytes=3-"}, 412),
            ({"If-Unmodified-Since": "yesterday"}, 200),
            ({"If-None-Match": tag}, 304),
            ({"If-None-Match": f"W/{tag}"}, 304),
            ({"If-None-Match": f'"a,b", {tag}'}, 304),
            ({"If-None-Match": "*"}, 304),
            ({"If-None-Match": '"other"'}, 200),
            ({"If-None-Match": '"other"', "If-Modified-Since": after}, 200),
            ({"If-Modified-Since": date}, 304),
            ({"If-Modified-Since": before}, 200),
            ({"If-Match": '"other"', "If-None-Match": tag}, 412),
            ({"Range": "bytes=0-2", "If-Range": tag}, 206),
            ({"Range": "bytes=0-2", "If-Range": date}, 206),
            ({"Range": "bytes=0-2", "If-Range": before}, 200),
            ({"Range": "bytes=0-2", "If-Range": after}, 200),
            ({"Range": "bytes=0-2", "If-Range": f"W/{tag}"}, 200),
        ):
            answer = doors.read(door, headers, method)
            assert answer.status_code == expected, (door, headers, answer.text)
            if method == "GET" and expected in {200, 206}:
                assert answer.content == (OLD[:3] if expected == 206 else OLD)


@pytest.mark.parametrize("door", ["rest", "dav"])
def test_a_reader_of_parts_never_mixes_two_versions(doors: Doors, door: str, flying_clock: FakeClock) -> None:
    first = doors.read(door, {"Range": "bytes=0-2"})
    tag, date = first.headers["etag"], first.headers["last-modified"]
    flying_clock.advance(seconds=2)
    doors.change()
    rest = {"Range": "bytes=3-"}
    assert doors.read(door, {**rest, "If-Match": tag}).status_code == 412
    assert doors.read(door, {**rest, "If-Unmodified-Since": date}).status_code == 412
    for told in (tag, date):
        whole = doors.read(door, {**rest, "If-Range": told})
        assert (whole.status_code, whole.content) == (200, NEW)


@pytest.mark.parametrize("door", ["rest", "dav"])
def test_a_date_that_two_versions_share_tells_nothing(
    doors: Doors, door: str, flying_clock: FakeClock
) -> None:
    flying_clock.now = flying_clock.now.replace(microsecond=0) + timedelta(seconds=5)
    doors.change()
    date = doors.read(door, {}).headers["last-modified"]
    flying_clock.advance(seconds=0.5)
    doors.change()
    assert doors.read(door, {}).headers["last-modified"] == date
    assert doors.read(door, {"Range": "bytes=3-", "If-Range": date}).status_code == 200


def test_a_refusal_has_the_one_shape(doors: Doors) -> None:
    refusal = doors.read("rest", {"If-Match": '"other"'})
    assert refusal.json()["error"] == "PRECONDITION_FAILED"
    dav = doors.read("dav", {"If-Match": '"other"'})
    assert body_of(dav).findtext("{urn:toolcrib}code") == "precondition_failed"
    assert doors.read("signed", {"If-Match": '"other"'}).json()["code"] == "precondition_failed"


def test_a_list_of_tags_may_come_in_several_lines(doors: Doors) -> None:
    tag = doors.read("dav", {}).headers["etag"]
    lines = [("If-Match", '"a"'), ("If-Match", tag)]
    dav = Dav(doors.crib, doors.ann).client
    assert dav.request("GET", "/dav/users/me/r.bin", headers=lines).status_code == 200
    assert dav.request("PUT", "/dav/users/me/r.bin", headers=lines, content=b"x").status_code == 204


def test_the_if_header_of_webdav_holds_for_reading_too(doors: Doors) -> None:
    tag = doors.read("dav", {}).headers["etag"]
    assert doors.read("dav", {"If": f"([{tag}])"}).status_code == 200
    doors.change()
    assert doors.read("dav", {"If": f"([{tag}])"}).status_code == 412


def test_conditions_of_saving_compare_strongly(doors: Doors) -> None:
    dav = Dav(doors.crib, doors.ann)
    tag = doors.read("dav", {}).headers["etag"]
    past = format_datetime(datetime(2001, 1, 1, tzinfo=UTC), usegmt=True)
    assert dav.put("r.bin", If_Match=f"W/{tag}").status_code == 412
    assert dav.put("r.bin", If_Unmodified_Since=past).status_code == 412
    assert dav.put("r.bin", If_Match=tag, If_Unmodified_Since=past).status_code == 204
