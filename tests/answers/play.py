"""Playing requests as several people, and noting each answer."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.answers.masks import Masks
from tests.answers.server import ADMIN, PASSWORD, Server

ANONYMOUS = "anonymous"
# The server's own business, or told elsewhere.
UNRECORDED = {"date", "server"}
LONGEST_BODY = 100_000


class Answer:
    """What came back. What it lacks reads as `missing`: the script goes on whatever a server answers."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.text = response.text

    def at(self, *path: str | int, missing: Any = "0") -> Any:
        """A part of the JSON body."""
        try:
            found = json.loads(self.text)
            for part in path:
                found = found[part]
        except (ValueError, KeyError, IndexError, TypeError):
            return missing
        return found

    def header(self, name: str, missing: str) -> str:
        found: str = self.headers.get(name, missing)
        return found

    def uuid(self, *path: str | int) -> str:
        found: str = self.at(*path, missing="00000000-0000-0000-0000-000000000000")
        return found


@dataclass
class Person:
    name: str
    client: httpx.Client
    uuid: str = ""
    number: int = 0


@dataclass
class Play:
    """One script being played against `server`. Scenes leave for later ones what they made in `made`."""

    server: Server
    masks: Masks
    steps: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)
    scene: str = ""
    _times: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.masks.at(self.server.origin)
        self.people[ANONYMOUS] = self._person(ANONYMOUS)

    def _person(self, name: str, **headers: str) -> Person:
        given = {"User-Agent": "answers", "Accept-Encoding": "identity", **headers}
        base = self.server.origin + self.server.base_path
        return Person(name, httpx.Client(base_url=base, timeout=60, headers=given, verify=False))

    def guest(self, name: str, **headers: str) -> None:
        """Somebody who shows just these headers."""
        self.people[name] = self._person(name, **headers)

    def close(self) -> None:
        for person in self.people.values():
            person.client.close()

    def sign_in(self, name: str, password: str = PASSWORD) -> Person:
        answer = self.ask(
            ANONYMOUS, "POST", "/api/login", name, json={"username": name, "password": password}
        )
        token = answer.at("access_token")
        person = self.people[name] = self._person(name, Authorization=f"Bearer {token}")
        me = self.ask(name, "GET", "/api/currentuser")
        person.uuid, person.number = me.uuid("uuid"), me.at("id", missing=0)
        return person

    def new_person(self, name: str, **fields: Any) -> Person:
        body = {"username": name, "password": PASSWORD, "email": f"{name}@example.com", **fields}
        self.ask(ADMIN, "POST", "/api/admin/users", name, json=body)
        return self.sign_in(name)

    def ask(self, names: str, method: str, path: str, note: str = "", **sent: Any) -> Answer:
        """The same request by each of `names` (separated by spaces), in that order; the last one's answer.
        `note` tells requests to one address apart."""
        *others, last = names.split()
        for name in others:
            self._ask(name, method, path, note, sent)
        return self._ask(last, method, path, note, sent)

    def _ask(self, name: str, method: str, path: str, note: str, sent: dict[str, Any]) -> Answer:
        client = self.people[name].client
        try:
            response = client.request(method, path, **sent)
        except httpx.TransportError as error:
            self.steps[self._unique(name, method, path, note)] = {"status": 0, "body": type(error).__name__}
            return Answer(httpx.Response(599))
        self._record(name, method, path, note, response)
        return Answer(response)

    def stream(self, name: str, path: str, until: str) -> None:
        """Read an endless answer up to a line that holds `until`."""
        lines: list[str] = []
        with self.people[name].client.stream("GET", path) as response:
            for line in response.iter_lines():
                lines.append(line)
                if until in line or len(lines) > 10_000:
                    break
        whole = httpx.Response(
            response.status_code, headers=response.headers, text="\n".join(lines), request=response.request
        )
        self._record(name, "GET", path, "", whole)

    def _record(self, name: str, method: str, path: str, note: str, response: httpx.Response) -> None:
        address = path.removeprefix(self.server.origin).partition("?")[0]
        self.asked.append((method, address, response.status_code))
        entry: dict[str, Any] = {"status": response.status_code}
        body = self._body(response)
        entry["headers"] = dict(self._headers(response, is_masked=body != response.text))
        entry["body"] = body
        self.steps[self._unique(name, method, path, note)] = entry

    def _unique(self, name: str, method: str, path: str, note: str) -> str:
        label = f"{self.scene}: {name} {method} {_label(path, self.masks)}{f' ({note})' if note else ''}"
        number = self._times[label] = self._times.get(label, 0) + 1
        return label if number == 1 else f"{label} #{number}"

    def _headers(self, response: httpx.Response, *, is_masked: bool) -> Iterator[tuple[str, Any]]:
        found: dict[str, list[str]] = {}
        for header, value in response.headers.multi_items():
            found.setdefault(header.lower(), []).append(value)
        for header, values in sorted(found.items()):
            if header in UNRECORDED or (header == "content-length" and is_masked):
                continue
            if header == "x-request-id":
                yield header, "<request>"
                continue
            if header == "allow":  # a set, in any order
                yield header, ", ".join(sorted(values[0].split(", ")))
                continue
            if header == "retry-after" and len(values[0]) > 2:  # what is left of a long time
                yield header, "<number>"
                continue
            shown = [self.masks.text(value) for value in values]
            yield header, shown[0] if len(shown) == 1 else shown

    def _body(self, response: httpx.Response) -> Any:
        media_type = response.headers.get("content-type", "").partition(";")[0]
        text = response.text
        if media_type.endswith("json"):
            try:
                return self.masks.value(json.loads(text))
            except ValueError:  # of a HEAD, for one
                return self.masks.text(text)
        if media_type == "text/html":
            return "<page>"  # the web UI, built or not, is no part of the contract
        if len(text) > LONGEST_BODY:
            return f"{len(text)} characters, SHA-256 {hashlib.sha256(response.content).hexdigest()}"
        lines = self.masks.lines(text, media_type)
        return lines if len(lines) > 1 else "".join(lines)

    # Waiting

    def pause(self, seconds: float) -> None:
        """Let a lease of the script's own run out."""
        time.sleep(seconds)  # leases end by the clock, and the server that is asked has no other

    def await_event(self, verb: str, count: int) -> None:
        """Until the log tells of so many; not recorded. Gives up after ten seconds: the difference will show."""
        deadline = time.monotonic() + 10
        client = self.people[ADMIN].client
        while time.monotonic() < deadline:
            found = Answer(client.get("/api/events", params={"verb": verb, "limit": 1000})).at(
                "events", missing=[]
            )
            if len(found) >= count:
                return
            time.sleep(0.05)  # what is recorded are answers to requests: an open stream would be another


def _label(path: str, masks: Masks) -> str:
    """The address without what differs from run to run."""
    path = re.sub(r"<[a-z-]+:\d+>", "{…}", masks.text(path))
    path = re.sub(r"(?<=/)\d+(?=/|$)", "{n}", path)
    return re.sub(r"X-Amz-.*", "…", path)
