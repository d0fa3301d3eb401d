"""What WebDAV clients send, one request at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import httpx

from tests.servers.crib import Crib, Person
from tests.servers.process import wait_until

EXCLUSIVE = "exclusive"
SHARED = "shared"


def body_of(answer: httpx.Response) -> ElementTree.Element:
    return ElementTree.fromstring(answer.content)


def hrefs(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 207, answer.text
    return [each.text or "" for each in body_of(answer).findall("{DAV:}response/{DAV:}href")]


def message(answer: httpx.Response) -> str:
    """The sentence for people in a refusal."""
    return body_of(answer).findtext("{urn:toolcrib}message") or ""


class Dav:
    """One person's WebDAV client. Paths are below `home` unless they begin with a slash; they are escaped
    here."""

    def __init__(self, crib: Crib, person: Person, bucket: str = "users", mount: str = "/dav") -> None:
        bearer = person.client.cookies.get("access_token")
        header = f"Bearer {bearer}" if bearer else person.client.headers["Authorization"]
        self.client = crib.client(headers={"Authorization": header})
        self.mount = mount
        self.home = "/users/me" if bucket == "users" else f"/companies/{person.company}"

    def url(self, path: str) -> str:
        return self.mount + quote(path if path.startswith("/") else f"{self.home}/{path}")

    def __call__(self, method: str, path: str = "", content: Any = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.request(method, self.url(path), content=content, headers=named)

    def put(self, path: str, content: Any = b"hello", **headers: str) -> httpx.Response:
        return self("PUT", path, content, **headers)

    def text(self, path: str) -> bytes:
        answer = self("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.content

    def send(self, method: str, path: str, target: str, **headers: str) -> httpx.Response:
        """COPY or MOVE."""
        where = str(self.client.base_url).rstrip("/") + self.url(target)
        return self(method, path, Destination=where, **headers)

    def lock(
        self, path: str, *, scope: str = EXCLUSIVE, depth: str = "0", owner: str = "me", **headers: str
    ) -> httpx.Response:
        body = (
            f'<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:{scope}/></D:lockscope>'
            f"<D:locktype><D:write/></D:locktype><D:owner>{owner}</D:owner></D:lockinfo>"
        )
        return self("LOCK", path, body.encode(), Depth=depth, **headers)

    def token(self, path: str, **options: Any) -> str:
        """`lock` that must work: its token."""
        answer = self.lock(path, **options)
        assert answer.status_code in {200, 201}, answer.text
        found = answer.headers["Lock-Token"].strip("<>")
        assert found in answer.text
        return found

    def refresh(self, path: str, token: str, **headers: str) -> httpx.Response:
        return self("LOCK", path, If=f"(<{token}>)", **headers)

    def unlock(self, path: str, token: str) -> httpx.Response:
        return self("UNLOCK", path, Lock_Token=f"<{token}>")

    def properties(self, path: str) -> dict[str, str]:
        """Those of one thing that are plain text, by name."""
        answer = self("PROPFIND", path, Depth="0")
        assert answer.status_code == 207, answer.text
        found = body_of(answer).findall("{DAV:}response/{DAV:}propstat/{DAV:}prop/*")
        return {each.tag: each.text or "" for each in found}

    def locks(self, path: str) -> list[dict[str, str]]:
        """What lockdiscovery says of one thing."""
        answer = self("PROPFIND", path, Depth="0")
        assert answer.status_code == 207, answer.text
        return [
            {
                "token": lock.findtext("{DAV:}locktoken/{DAV:}href") or "",
                "owner": "".join(lock.find("{DAV:}owner").itertext()),  # type: ignore[union-attr]
                "timeout": lock.findtext("{DAV:}timeout") or "",
                "depth": lock.findtext("{DAV:}depth") or "",
                "root": lock.findtext("{DAV:}lockroot/{DAV:}href") or "",
                "scope": EXCLUSIVE if lock.find("{DAV:}lockscope/{DAV:}exclusive") is not None else SHARED,
            }
            for lock in body_of(answer).iter("{DAV:}activelock")
        ]

    def write(self, path: str, **values: str | None) -> httpx.Response:
        """PROPPATCH of properties in a namespace of ours; None takes one away."""
        parts = [
            f"<D:set><D:prop><x:{name} xmlns:x='urn:x'>{value}</x:{name}></D:prop></D:set>"
            if value is not None
            else f"<D:remove><D:prop><x:{name} xmlns:x='urn:x'/></D:prop></D:remove>"
            for name, value in values.items()
        ]
        body = f"<D:propertyupdate xmlns:D='DAV:'>{''.join(parts)}</D:propertyupdate>"
        return self("PROPPATCH", path, body.encode())


def slowly(crib: Crib, meanwhile: Callable[[], Any], content: bytes = b"mine") -> Iterator[bytes]:
    """A body in the middle of which `meanwhile()` happens, once the server takes its bytes."""
    drafts = crib.folder / "files" / "drafts"
    before = set(drafts.iterdir())
    yield content[:2]
    wait_until(lambda: bool(set(drafts.iterdir()) - before), "the save to begin")
    meanwhile()
    yield content[2:]


def numbers(person: Person, path: str, bucket: str = "users") -> list[int]:
    """The version numbers of a file, newest first."""
    answer = person.call("GET", "/versions", params=person.at(path, bucket))
    assert answer.status_code == 200, answer.text
    return [version["version_number"] for version in answer.json()["versions"]]


def pieces(size: int, piece: int = 2**20) -> Iterator[bytes]:
    for _ in range(size // piece):
        yield bytes(piece)


def claims_of(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.client.get("/api/claims", params={"mine": "true"}).json()["claims"]
    return found


def address(person: Person, path: str) -> str:
    return f"/companies/{person.company}/{path}"
