"""A server that is connected to a small Onshape of the tests, and what the tests do with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.parts.onshape.fake_onshape import CODE, FakeOnshape
from tests.parts.workshop import KEY, Workshop
from tests.servers.crib import Crib, Person
from tests.servers.environment import SINGLE

PREFIXES = ("/api/auth/onshape", "/api/parts/auth/onshape")
CALLBACK = "http://127.0.0.1:5000/api/parts/auth/onshape/callback"
OTHER_CALLBACK = "https://shop.example.com/api/auth/onshape/callback"
URL = "https://cad.onshape.com/documents/d1d1/w/a2a2/e/e3e3"


class OnshapeShop:
    """`anybody` is a browser in which nobody is signed in; those of people have their cookie."""

    def __init__(self, crib: Crib, onshape: FakeOnshape, elsewhere: FakeOnshape) -> None:
        self.shop = Workshop(crib)
        self.crib = crib
        self.old = self.shop.old
        self.ours = self.shop.admin.client
        self.onshape = onshape
        self.elsewhere = elsewhere
        self.anybody = crib.client(follow_redirects=False)

    def state(self, prefix: str = PREFIXES[0], client: httpx.Client | None = None) -> str:
        answer = (client or self.old).get(f"{prefix}/connect")
        assert answer.status_code == 200, answer.text
        return state_of(answer)

    def begin(self, person: Person, return_to: str | None = None) -> str:
        """The state of a sign-in that a person begins on our page."""
        begun = person.client.post("/api/shop/onshape/connect", json={"return_to": return_to})
        assert begun.status_code == 200, begun.text
        return state_of(begun)

    def come_back(self, prefix: str = PREFIXES[0], **query: str) -> httpx.Response:
        return self.come_back_in(self.anybody, prefix, **query)

    def come_back_in(self, browser: httpx.Client, prefix: str = PREFIXES[0], **query: str) -> httpx.Response:
        return browser.get(f"{prefix}/callback", params=query)

    def connect(self) -> None:
        answer = self.come_back(code=CODE, state=self.state())
        assert answer.headers.get("location") == "/?onshape_connected=true", answer.text

    def part(self, **fields: Any) -> int:
        return int(self.shop.part(**{"type": "hand", "partId": "FR-7", "onshapeUrl": URL, **fields})["id"])

    def drawing(self, part: int, **query: str) -> httpx.Response:
        return self.old.get(f"/api/parts/{part}/drawing", params=query)


def state_of(begun: httpx.Response) -> str:
    return parse_qs(urlsplit(str(begun.json()["authorization_url"])).query)["state"][0]


def start_shop(folder: Path, onshape: FakeOnshape, elsewhere: FakeOnshape) -> OnshapeShop:
    crib = Crib.start(
        folder,
        PARTS_API_KEY=KEY,
        ONSHAPE_REDIRECT_URI=f"{CALLBACK},{OTHER_CALLBACK}".split(","),
        ONSHAPE_WAIT_SECONDS="2",
        DATABASE_TIMEOUT_SECONDS="2",
        **onshape.settings,
        **SINGLE,
    )
    return OnshapeShop(crib, onshape, elsewhere)
