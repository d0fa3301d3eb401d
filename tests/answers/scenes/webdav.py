"""WebDAV: every method, on the folders of one's own, of the company and of the project."""

from __future__ import annotations

from typing import Any

from tests.answers.play import ANONYMOUS, Answer, Play
from tests.answers.scenes.documents import BASE, audit, in_project, own
from tests.answers.server import ADMIN, MAX_BYTES

FIND_NAMES = b'<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>'
FIND_SOME = (
    b'<D:propfind xmlns:D="DAV:" xmlns:x="urn:x"><D:prop><D:getetag/><D:resourcetype/><x:color/>'
    b"</D:prop></D:propfind>"
)
CHANGE = (
    b'<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><x:color xmlns:x="urn:x">red</x:color></D:prop></D:set>'
    b"</D:propertyupdate>"
)
CHANGE_LIVE = (
    b'<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><D:getetag>x</D:getetag></D:prop></D:set>'
    b"</D:propertyupdate>"
)
HOME = "/dav/users/me"


def lockinfo(scope: str = "exclusive") -> bytes:
    return (
        f'<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:{scope}/></D:lockscope>'
        f"<D:locktype><D:write/></D:locktype><D:owner>hank</D:owner></D:lockinfo>"
    ).encode()


def play(p: Play) -> None:
    p.made["dav"] = f"/dav/projects/{p.made['project']}"
    _looking(p)
    _writing(p)
    _properties(p)
    _copying(p)
    _locking(p)
    _claims_of_others(p)
    _removing(p)


def _token(answer: Answer) -> str:
    return answer.header("lock-token", "<none>").strip("<>")


def _looking(p: Play) -> None:
    who = f"{ANONYMOUS} stan vera hank {ADMIN}"
    for path in ("/dav", "/dav/", "/dav/users/", "/dav/companies/", "/dav/projects/", p.made["dav"] + "/"):
        p.ask(who, "PROPFIND", path, "depth 1", headers={"Depth": "1"})
        p.ask("hank", "GET", path)
        p.ask("hank", "OPTIONS", path)
    p.ask("hank", "PROPFIND", "/dav/", "depth 0", headers={"Depth": "0"})
    p.ask("hank", "PROPFIND", "/dav/", "infinity", headers={"Depth": "infinity"})
    p.ask("hank", "PROPFIND", "/dav/nothing/")
    p.ask("hank", "PROPFIND", "/dav/users/me/%2e%2e/x")
    p.ask("hank", "PROPFIND", "/dav/users/me/a%2fb")
    p.ask("hank", "POST", "/dav/users/me/")
    p.ask("hank", "REPORT", "/dav/users/me/")


def _writing(p: Play) -> None:
    base = p.made["dav"]
    text = {"Content-Type": "text/plain"}
    p.ask(f"{ANONYMOUS} stan vera hank", "PUT", f"{base}/dav.txt", content=b"hello", headers=text)
    found = p.ask(f"{ANONYMOUS} stan vera hank", "GET", f"{base}/dav.txt")
    p.ask("vera", "HEAD", f"{base}/dav.txt")
    etag = found.headers.get("etag", "none")
    for note, headers in {
        "if none": {"If-None-Match": "*"},
        "if another": {"If-Match": '"another"'},
        "if unchanged long ago": {"If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
        "under a made-up token": {"If": "(<opaquelocktoken:00000000-0000-4000-8000-000000000000>)"},
        "broken If": {"If": "("},
        "if the same": {"If-Match": etag},
    }.items():
        p.ask("hank", "PUT", f"{base}/dav.txt", note, content=b"again", headers={**text, **headers})
    p.ask("hank", "GET", f"{base}/dav.txt", "the old tag", headers={"If-None-Match": etag})
    p.ask("hank", "GET", f"{base}/dav.txt", "part", headers={"Range": "bytes=1-2"})
    p.ask("hank", "PUT", f"{base}/none/x.txt", "no folder", content=b"x")
    p.ask("hank", "PUT", f"{base}/", "a folder", content=b"x")
    p.ask("hank", "PUT", f"{base}/large.bin", "too large", content=b"x" * (MAX_BYTES + 1))
    p.ask("hank", "PUT", f"{base}/part.bin", "part", content=b"x", headers={"Content-Range": "bytes 0-0/2"})
    p.ask("hank", "PUT", "/dav/x.txt", "outside", content=b"x")
    p.ask(f"{ANONYMOUS} stan vera hank hank", "MKCOL", f"{base}/box")
    p.ask("hank", "MKCOL", f"{base}/none/box", "no folder")
    p.ask("hank", "MKCOL", f"{base}/other", "with a body", content=b"x")
    p.ask("hank", "PUT", f"{HOME}/own.txt", content=b"mine")
    p.ask("hank", "PUT", f"/dav/companies/{p.made['company']}/dav.txt", content=b"ours")
    p.ask("hank", "GET", f"/dav/users/{p.people['mia'].uuid}/own.txt", "another's")


def _properties(p: Play) -> None:
    one = f"{p.made['dav']}/dav.txt"
    p.ask("vera", "PROPFIND", one, headers={"Depth": "0"})
    p.ask("vera", "PROPFIND", one, "names", content=FIND_NAMES, headers={"Depth": "0"})
    p.ask(f"{ANONYMOUS} stan vera hank", "PROPPATCH", one, content=CHANGE)
    p.ask("hank", "PROPPATCH", one, "of ours", content=CHANGE_LIVE)
    p.ask("hank", "PROPPATCH", one, "no XML", content=b"<")
    p.ask("hank", "PROPPATCH", f"{one}.none", content=CHANGE)
    p.ask("vera", "PROPFIND", one, "some", content=FIND_SOME, headers={"Depth": "0"})
    p.ask("vera", "PROPFIND", one, "no XML", content=b"<")
    entity = (
        b'<!DOCTYPE x [<!ENTITY a "b">]><D:propfind xmlns:D="DAV:"><D:prop><D:getetag/></D:prop></D:propfind>'
    )
    p.ask("vera", "PROPFIND", one, "an entity", content=entity)
    p.ask("vera", "PROPFIND", one, "large", content=b"<x>" + b" " * 140_000)


def _copying(p: Play) -> None:
    base = p.made["dav"]

    def to(path: str, **headers: str) -> dict[str, Any]:
        return {"headers": {"Destination": f"{p.server.origin}{path}", **headers}}

    one = f"{base}/dav.txt"
    p.ask(f"{ANONYMOUS} stan vera hank", "COPY", one, "new", **to(f"{base}/copy.txt"))
    p.ask("hank", "COPY", one, "onto it", **to(f"{base}/copy.txt"))
    p.ask("hank", "COPY", one, "not onto it", **to(f"{base}/copy.txt", Overwrite="F"))
    p.ask("hank", "COPY", one, "no folder", **to(f"{base}/none/copy.txt"))
    p.ask("hank", "COPY", one, "into one's own", **to(f"{HOME}/copied.txt"))
    p.ask("hank", "COPY", one, "onto itself", **to(one))
    p.ask("hank", "COPY", one, "nowhere")
    p.ask("hank", "COPY", one, "elsewhere", headers={"Destination": "http://elsewhere.example/dav/x"})
    p.ask(f"{ANONYMOUS} stan vera hank", "MOVE", f"{base}/copy.txt", "new", **to(f"{base}/box/moved.txt"))
    p.ask("hank", "MOVE", f"{base}/copy.txt", "gone", **to(f"{base}/x.txt"))
    p.ask("hank", "MOVE", f"{base}/box", "into itself", **to(f"{base}/box/box"))
    p.ask("hank", "MOVE", f"{base}/box", "a folder", **to(f"{base}/crate"))
    p.ask("hank", "COPY", f"{base}/crate", "a folder", **to(f"{base}/crate 2"))
    p.ask("hank", "PROPFIND", f"{base}/crate 2/", headers={"Depth": "1"})


def _locking(p: Play) -> None:
    one = f"{p.made['dav']}/dav.txt"
    ask: dict[str, Any] = {"content": lockinfo(), "headers": {"Depth": "0", "Timeout": "Second-600"}}
    token = _token(p.ask(f"{ANONYMOUS} stan vera hank", "LOCK", one, **ask))
    shown = {"If": f"(<{token}>)"}
    p.ask("hank mia", "LOCK", one, "again", **ask)
    p.ask("hank", "PROPFIND", one, "locked", headers={"Depth": "0"})
    p.ask("hank", "GET", "/api/claims?kind=document&mine=true", "over WebDAV")
    p.ask("hank", "GET", f"{BASE}/locks", "over WebDAV", params=in_project(p, "dav.txt"))
    p.ask("mia hank", "PUT", one, "without a token", content=b"x")
    p.ask("mia", "PUT", one, "another's token", content=b"x", headers=shown)
    p.ask("hank", "PUT", one, "with the token", content=b"saved", headers=shown)
    p.ask("hank", "DELETE", one, "without a token")
    p.ask("mia hank", "PROPPATCH", one, "locked", content=CHANGE)
    p.ask("hank", "LOCK", one, "refreshed", headers=shown)
    p.ask("hank", "LOCK", one, "refreshed by nothing", headers={"If": "(<opaquelocktoken:none>)"})
    p.ask("mia", "UNLOCK", one, headers={"Lock-Token": f"<{token}>"})
    p.ask("hank", "UNLOCK", one, "no token")
    p.ask("hank hank", "UNLOCK", one, headers={"Lock-Token": f"<{token}>"})
    p.ask("hank", "PUT", one, "with the token that was", content=b"late", headers=shown)
    folder = f"{p.made['dav']}/crate"
    deep: dict[str, Any] = {"content": lockinfo("shared"), "headers": {"Depth": "infinity"}}
    token = _token(p.ask("hank", "LOCK", folder, "deep", **deep))
    second = _token(p.ask("hank", "LOCK", folder, "shared", **deep))
    p.ask("mia", "PUT", f"{folder}/new.txt", "below a lock", content=b"x")
    p.ask("hank", "PUT", f"{folder}/new.txt", "below one's own", content=b"x")
    p.ask("hank", "PUT", f"{folder}/new.txt", "with it", content=b"x", headers={"If": f"(<{token}>)"})
    p.ask("mia", "GET", "/api/claims?kind=document", "a folder")
    p.ask("hank", "LOCK", f"{folder}/missing.txt", "missing", **ask)
    p.ask("hank", "LOCK", folder, "bad", content=b"<x/>")
    for each in (token, second):
        p.ask("hank", "UNLOCK", folder, "deep", headers={"Lock-Token": f"<{each}>"})
    p.ask("hank", "LOCK", f"{p.made['dav']}/unmapped.txt", "a new name", **ask)
    audit(p, "hank", in_project(p, "dav.txt"), "of WebDAV")


def _claims_of_others(p: Play) -> None:
    """A lock taken in another way takes the program's token in; one released by a generic route takes it away."""
    one, place = f"{p.made['dav']}/dav.txt", in_project(p, "dav.txt")
    ask: dict[str, Any] = {"content": lockinfo(), "headers": {"Depth": "0"}}
    p.ask("hank", "POST", f"{BASE}/lock", "adopted", json=place)
    token = _token(p.ask("hank", "LOCK", one, "adopted", **ask))
    p.ask("hank", "UNLOCK", one, "adopted", headers={"Lock-Token": f"<{token}>"})
    p.ask("hank", "GET", f"{BASE}/locks", "adopted", params=place)
    p.ask("hank", "POST", f"{BASE}/unlock", "adopted", json=place)
    token = _token(p.ask("hank", "LOCK", one, "ended elsewhere", **ask))
    fence = p.ask("hank", "GET", f"{BASE}/locks", "fence", params=place).at("data", "locks", 0, "fence")
    p.ask("paul", "POST", f"/api/claims/{fence}/force-release", json={"reason": "needed"})
    p.ask("mia", "PUT", one, "meanwhile", content=b"mia's")
    p.ask("hank", "PUT", one, "late", content=b"hank's", headers={"If": f"(<{token}>)"})
    p.ask("hank", "PROPFIND", p.made["dav"] + "/", "with a draft", headers={"Depth": "1"})
    audit(p, "hank", place, "of a lock that ended elsewhere")


def _removing(p: Play) -> None:
    base = p.made["dav"]
    p.ask(f"{ANONYMOUS} stan vera hank hank", "DELETE", f"{base}/dav.txt")
    p.ask("mia", "LOCK", f"{base}/crate/moved.txt", content=lockinfo(), headers={"Depth": "0"})
    p.ask("hank", "DELETE", f"{base}/crate", "with another's lock")
    p.ask("hank", "DELETE", f"{base}/crate 2")
    p.ask("hank", "DELETE", f"{base}/")
    p.ask("hank", "DELETE", "/dav/users/")
    p.ask("hank", "DELETE", f"{HOME}/own.txt")
    p.ask("hank", "GET", f"{BASE}/metadata", "removed over WebDAV", params=own(p, "hank", "own.txt"))
