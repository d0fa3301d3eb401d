"""Who gets in over WebDAV, and what nobody may send."""

from __future__ import annotations

import resource
import socket
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from tests.documents.webdav import Dav, body_of, hrefs, message
from tests.servers.crib import Crib, Person, token
from tests.servers.environment import PASSWORD

LOCKINFO = (
    b"<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>"
)
UPDATE = b"<propertyupdate xmlns='DAV:'><set><prop><a xmlns='urn:x'>1</a></prop></set></propertyupdate>"


def everything(client: httpx.Client, url: str, elsewhere: str) -> dict[str, httpx.Response]:
    """Every method at one address; COPY and MOVE to `elsewhere`."""
    away = {"Destination": elsewhere}
    return {
        "OPTIONS": client.request("OPTIONS", url),
        "GET": client.get(url),
        "HEAD": client.head(url),
        "PROPFIND": client.request("PROPFIND", url, headers={"Depth": "0"}),
        "PROPPATCH": client.request("PROPPATCH", url, content=UPDATE),
        "PUT": client.put(url, content=b"theirs"),
        "MKCOL": client.request("MKCOL", url + "-new"),
        "COPY": client.request("COPY", url, headers=away),
        "MOVE": client.request("MOVE", url, headers=away),
        "LOCK": client.request("LOCK", url, content=LOCKINFO, headers={"Depth": "0"}),
        "UNLOCK": client.request("UNLOCK", url, headers={"Lock-Token": f"<opaquelocktoken:{uuid4()}>"}),
        "DELETE": client.request("DELETE", url),
    }


def test_nobody_gets_in_without_a_credential(crib: Crib, ann: Person) -> None:
    ann.stored("a.txt")
    nobody = crib.client()
    for url in ("/dav/", "/dav/users/me/", f"/dav/users/{ann.uuid}/a.txt", "/dav/users/me/none.txt"):
        for method, answer in everything(nobody, url, f"{crib.url}/dav/users/me/b").items():
            assert answer.status_code == 401, method
            assert answer.headers["WWW-Authenticate"].startswith('Basic realm="')
    assert nobody.request("PROPFIND", "/dav/", auth=("ann", "wrong")).status_code == 401


def test_a_stranger_is_refused_on_every_method_and_learns_nothing(
    crib: Crib, ann: Person, ben: Person
) -> None:
    ann.stored("a.txt")
    project = crib.project(ann)
    ann.stored("a.txt", bucket="projects", owner=project)
    ann.stored("a.txt", bucket="companies")
    stranger = Dav(crib, ben).client
    elsewhere = f"{crib.url}/dav/users/me/stolen-{uuid4().hex}"
    homes = (f"users/{ann.uuid}", f"projects/{project}", f"companies/{ann.company}")
    for home in homes:
        there = everything(stranger, f"/dav/{home}/a.txt", elsewhere)
        nothing = everything(stranger, f"/dav/{home}/none.txt", elsewhere)
        for method in there:
            assert there[method].status_code == 403, (home, method)
            assert nothing[method].status_code == 403, (home, method)
            assert there[method].text.replace("a.txt", "") == nothing[method].text.replace("none.txt", "")
        # Nor may they put anything there.
        mine = Dav(crib, ben)
        mine.put("mine.txt")
        for method in ("COPY", "MOVE"):
            answer = mine("PROPFIND", "mine.txt", Depth="0")
            assert answer.status_code == 207
            answer = mine(method, "mine.txt", Destination=f"{crib.url}/dav/{home}/b.txt")
            assert answer.status_code == 403
    assert ann.fetch("a.txt").content == b"hello"


def test_what_a_viewer_may_do(crib: Crib, ann: Person, carla: Person) -> None:
    project = crib.project(ann, viewer=carla)
    ann.stored("a.txt", bucket="projects", owner=project)
    viewer = Dav(crib, carla).client
    url = f"/dav/projects/{project}/a.txt"
    away = f"{crib.url}/dav/projects/{project}/b.txt"
    statuses = {method: answer.status_code for method, answer in everything(viewer, url, away).items()}
    assert statuses.pop("UNLOCK") == 409  # no such token
    assert statuses == {
        **{"OPTIONS": 200, "GET": 200, "HEAD": 200, "PROPFIND": 207},
        **dict.fromkeys(("PROPPATCH", "PUT", "MKCOL", "COPY", "MOVE", "LOCK", "DELETE"), 403),
    }
    taken = viewer.request("COPY", url, headers={"Destination": f"{crib.url}/dav/users/me/a.txt"})
    assert taken.status_code == 201


def test_basic_takes_the_password_or_a_key(crib: Crib) -> None:
    admin = crib.admin()
    name = f"u{uuid4().hex[:8]}"
    made = {"username": name, "password": PASSWORD, "email": f"{name}@example.com"}
    assert admin.client.post("/api/admin/users", json=made).status_code == 201
    client = crib.client()
    body = {"name": "dav", "scopes": ["documents"]}
    secret = client.post("/api/users/me/keys", json=body, auth=(name, PASSWORD)).json()["key"]
    for auth in ((name, PASSWORD), (name, secret)):
        answer = client.put(f"/dav/users/me/{uuid4().hex}", content=b"x", auth=auth)
        assert answer.status_code == 201
    assert client.get("/dav/", auth=(name, secret[:-1] + "!")).status_code == 401


def test_a_cookie_counts_for_nothing(crib: Crib, ann: Person) -> None:
    """So no page of another site can have a browser write here."""
    assert ann.client.get("/api/currentuser").status_code == 200
    assert ann.client.get("/dav/users/me/").status_code == 401
    assert ann.client.put("/dav/users/me/a.txt", content=b"x").status_code == 401


def test_another_services_token_must_name_the_company(crib: Crib) -> None:
    bearer = {"Authorization": f"Bearer {token(str(uuid4()), None)}"}
    assert crib.client(headers=bearer).get("/dav/").status_code == 401


def test_wrong_passwords_are_counted(tmp_path: Path) -> None:
    crib = Crib.start(tmp_path, LOGIN_RATE="3/minute")
    try:
        statuses = [
            crib.client().request("PROPFIND", "/dav/", auth=("admin", f"wrong{number}")).status_code
            for number in range(5)
        ]
        assert statuses[:3] == [401, 401, 401]
        assert statuses[-1] == 429
    finally:
        crib.close()


# What nobody may send

HOSTILE = [
    "..",
    "../a",
    "%2e%2e/a",
    "%2e%2e%2fa",
    "..%2fa",
    "a/../../b",
    "a%2fb",
    "%252e%252e/a",
    "..%5ca",
    "a%5cb",
    "a%00",
    "a%0ab",
    "%07",
    "a%7f",
    "%ff%fe",
    "%c0%ae%c0%ae/a",
    "a/%20/b",
    "x" * 256,
    "%C3%BC" * 128,
    "/".join(["x" * 100] * 11),
    "x" * 9000,
]


def raw(crib: Crib, person: Person, method: str, target: str, *lines: str, body: bytes = b"") -> int:
    """One request exactly as written: its status."""
    parts = urlsplit(crib.url)
    bearer = person.client.cookies["access_token"]
    head = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}", f"Authorization: Bearer {bearer}"]
    head += [f"Content-Length: {len(body)}", "Connection: close", *lines, "", ""]
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as connection:
        connection.sendall("\r\n".join(head).encode("latin-1") + body)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    assert b"Traceback" not in answer
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_refused(crib: Crib, ann: Person, name: str) -> None:
    Dav(crib, ann).put("good.txt")
    for method in ("PUT", "GET", "MKCOL", "PROPFIND", "DELETE"):
        assert raw(crib, ann, method, f"/dav/users/me/{name}") == (404 if name == "a%0ab" else 400), method
    locked = raw(crib, ann, "LOCK", f"/dav/users/me/{name}", "Depth: 0", body=LOCKINFO)
    assert locked == (404 if name == "a%0ab" else 400)
    for method in ("COPY", "MOVE"):
        where = f"Destination: {crib.url}/dav/users/me/{name}"
        assert raw(crib, ann, method, "/dav/users/me/good.txt", where) == 400, method
    assert hrefs(Dav(crib, ann)("PROPFIND", "", Depth="1"))[1:] == ["/dav/users/me/good.txt"]


BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<propfind xmlns="DAV:"><prop><a>&c;</a></prop></propfind>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<propertyupdate xmlns="DAV:"><set><prop><b xmlns="urn:x">&a;</b></prop></set></propertyupdate>"""
DEEP = b"<a xmlns='urn:x'>" * 5_000 + b"</a>" * 5_000


def test_hostile_xml_is_refused(crib: Crib, ann: Person) -> None:
    dav = Dav(crib, ann)
    dav.put("a.txt")
    update = b"<propertyupdate xmlns='DAV:'><set><prop>%s</prop></set></propertyupdate>" % DEEP
    owner = LOCKINFO.replace(b"</lockinfo>", b"<owner>%s</owner></lockinfo>" % DEEP)
    for method, body in (
        ("PROPFIND", BOMB),
        ("PROPFIND", b"no xml"),
        ("PROPFIND", b"<propfind xmlns='DAV:'>" + DEEP + b"</propfind>"),
        ("PROPFIND", b"<x/>"),
        ("PROPPATCH", OUTSIDE),
        ("PROPPATCH", update),
        ("PROPPATCH", b"<x/>"),
        ("LOCK", BOMB),
        ("LOCK", owner),
        ("LOCK", b"<lockinfo xmlns='DAV:'/>"),
    ):
        answer = dav(method, "a.txt", body, Depth="0")
        assert answer.status_code == 400, (method, body[:60], answer.text)
        assert "passwd" not in answer.text
        assert "Error" not in answer.text
    too_large = dav("PROPFIND", "a.txt", b"<propfind xmlns='DAV:'>" + b" " * 2**21 + b"</propfind>")
    assert too_large.status_code == 413
    assert dav.text("a.txt") == b"hello"


def test_small_xml_that_grows_large_is_refused(crib: Crib, ann: Person) -> None:
    """A tree holds the whole namespace in every name."""
    dav = Dav(crib, ann)
    dav.put("a.txt")
    namespace = "urn:" + "x" * 2_000
    many = "<x/>" * 2_500
    attributes = " ".join(f"a{number}=''" for number in range(2_500))
    for method, inside in (("PROPFIND", "propfind"), ("PROPPATCH", "propertyupdate"), ("LOCK", "lockinfo")):
        for body in (
            f"<{inside} xmlns='DAV:' xmlns:a='{namespace}'><prop><a:x/></prop></{inside}>",
            f"<{inside} xmlns='DAV:'><prop/><other>{many}</other></{inside}>",
            f"<{inside} xmlns='DAV:'><other {attributes}/></{inside}>",
        ):
            answer = dav(method, "a.txt", body.encode(), Depth="0")
            assert answer.status_code == 400, (method, answer.text)
            assert "body: " in message(answer)


def test_requests_that_ask_for_too_much_are_refused(crib: Crib, ann: Person) -> None:
    dav = Dav(crib, ann)
    dav.put("a.txt")
    names = "".join(f"<x{number}/>" for number in range(2_000))
    asked = f"<propfind xmlns='DAV:'><prop>{names}</prop></propfind>"
    assert dav("PROPFIND", "a.txt", asked.encode(), Depth="0").status_code == 400
    names = "".join(f"<x{number:0900}/>" for number in range(100))
    asked = f"<propfind xmlns='DAV:'><prop>{names}</prop></propfind>"
    assert dav("PROPFIND", "", asked.encode(), Depth="1").status_code == 400
    assert dav.write("a.txt", **{f"x{number}": "1" for number in range(300)}).status_code == 507
    assert dav.put("a.txt", If="<" * 20_000).status_code == 400
    assert dav.put("a.txt", If="(" * 8_000).status_code == 400


def test_a_file_over_the_cap_is_refused_before_its_bytes(tmp_path: Path) -> None:
    crib = Crib.start(tmp_path, STORAGE_MAX_BYTES=1000)
    try:
        person = crib.person()
        head = "Expect: 100-continue"
        assert raw(crib, person, "PUT", "/dav/users/me/a.bin", head, body=b"x" * 1001) == 413
        dav = Dav(crib, person)
        assert dav.put("a.bin", iter([b"x" * 900, b"x" * 900])).status_code == 413
        assert dav.put("a.bin", iter([b"x"]), X_Expected_Entity_Length="5000").status_code == 413
        assert dav("GET", "a.bin").status_code == 404
        assert dav.put("a.bin", b"x" * 1000).status_code == 201
    finally:
        crib.close()


@pytest.mark.databases("sqlite")
def test_a_store_that_is_full_or_gone(tmp_path: Path) -> None:
    crib = Crib.start(tmp_path)
    try:
        dav = Dav(crib, crib.person())
        assert dav.put("small.txt").status_code == 201
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (3 * 2**20, before[1]))
        try:
            full = dav.put("big.bin", b"x" * 5 * 2**20)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert full.status_code == 507
        assert body_of(full).findtext("{urn:toolcrib}code") == "minio_unreachable"
        (tmp_path / "files").rename(tmp_path / "away")
        (tmp_path / "files").write_text("a file where the folder should be")
        assert dav.put("other.txt").status_code == 503
        assert dav("GET", "small.txt").status_code in {404, 503}
        (tmp_path / "files").unlink()
        (tmp_path / "away").rename(tmp_path / "files")
        assert len(hrefs(dav("PROPFIND", "", Depth="1"))) == 2
    finally:
        crib.close()


@pytest.fixture
def below(tmp_path: Path) -> Iterator[Crib]:
    crib = Crib.start(tmp_path, BASE_PATH="/tools/crib")
    yield crib
    crib.close()


def test_below_a_path_of_the_site(below: Crib) -> None:
    person = below.person()
    mount = "/tools/crib/dav"
    bearer = {"Authorization": f"Bearer {person.client.cookies['access_token']}"}
    site = below.url.removesuffix("/tools/crib")
    client = httpx.Client(base_url=site, headers=bearer)
    assert client.put(f"{mount}/users/me/a%20b.txt", content=b"x").status_code == 201
    listed = client.request("PROPFIND", f"{mount}/users/me/", headers={"Depth": "1"})
    assert hrefs(listed) == [f"{mount}/users/me/", f"{mount}/users/me/a%20b.txt"]
    for where in (f"{site}{mount}/users/me/c.txt", f"{mount}/users/me/d.txt"):
        answer = client.request("COPY", hrefs(listed)[1], headers={"Destination": where})
        assert answer.status_code == 201
    outside = client.request("COPY", hrefs(listed)[1], headers={"Destination": f"{site}/dav/users/me/e.txt"})
    assert outside.status_code == 502
    lock = client.request("LOCK", hrefs(listed)[1], content=LOCKINFO, headers={"Depth": "0"})
    assert f"{mount}/users/me/a%20b.txt" in lock.text
    tag = {"If": f"<{site}{mount}/users/me/a%20b.txt> (<{lock.headers['Lock-Token'].strip('<>')}>)"}
    assert client.put(f"{mount}/users/me/a%20b.txt", content=b"y", headers=tag).status_code == 204
    assert client.get(f"{site}/dav/").status_code == 404
    client.close()


def test_names_of_people_and_passwords_are_read_as_utf8(crib: Crib) -> None:
    admin = crib.admin()
    name, secret = f"u{uuid4().hex[:8]}", "pässwörd zwölf €"
    made = {"username": name, "password": secret, "email": f"{name}@example.com"}
    assert admin.client.post("/api/admin/users", json=made).status_code == 201
    pair = b64encode(f"{name}:{secret}".encode()).decode()
    answer = crib.client(headers={"Authorization": f"Basic {pair}"}).get("/dav/users/me/")
    assert answer.status_code == 200
