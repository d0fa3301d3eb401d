"""Connecting to Onshape (parts contract, section 9), against a small Onshape of the tests."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.parts.onshape.fake_onshape import CODE
from tests.parts.onshape.onshape_shop import CALLBACK, OTHER_CALLBACK, PREFIXES, OnshapeShop, state_of
from tests.parts.workshop import KEY
from tests.servers.crib import Crib
from tests.servers.environment import SINGLE


@pytest.mark.parametrize("prefix", PREFIXES)
def test_connecting_and_disconnecting(onshape: OnshapeShop, prefix: str) -> None:
    old = onshape.old
    assert old.get(f"{prefix}/status").json() == {"connected": False}
    url = urlsplit(old.get(f"{prefix}/connect").json()["authorization_url"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{onshape.onshape.url}/oauth/authorize"
    query = {name: each[0] for name, each in parse_qs(url.query).items()}
    state = query.pop("state")
    assert query == {
        "response_type": "code",
        "client_id": "our id",
        "redirect_uri": CALLBACK,
        "scope": "OAuth2Read OAuth2ReadPII",
    }
    assert KEY not in state
    back = onshape.come_back(prefix, code=CODE, state=state)
    assert (back.status_code, back.headers["location"]) == (302, "/?onshape_connected=true")
    status = old.get(f"{prefix}/status").json()
    assert status["connected"]
    assert status["user"] == {"id": "u1", "email": "fay@example.com", "name": "Fay"}
    assert status["authenticated_at"].endswith("+00:00")
    assert old.post(f"{prefix}/disconnect").json()["success"] is True
    again = old.post(f"{prefix}/disconnect")
    assert (again.status_code, again.json()["success"]) == (200, False)
    assert old.get(f"{prefix}/status").json() == {"connected": False}


def test_a_state_counts_once_and_for_five_minutes(onshape: OnshapeShop) -> None:
    state = onshape.state()
    assert onshape.come_back(code=CODE, state=state).status_code == 302
    again = onshape.come_back(code=CODE, state=state)
    assert (again.status_code, again.json()["error"]) == (400, "Invalid state")
    late = onshape.state()
    onshape.crib.clock.advance(minutes=5, seconds=1)
    refused = onshape.come_back(code=CODE, state=late)
    assert (refused.status_code, refused.json()["error"]) == (400, "Invalid state")
    made_up = onshape.come_back(code=CODE, state="made-up\ud7ff")
    assert (made_up.status_code, made_up.json()["error"]) == (400, "Invalid state")
    for query in ({"code": CODE}, {"state": onshape.state()}, {}):
        refused = onshape.come_back(**query)
        assert (refused.status_code, refused.json()["error"]) == (400, "Invalid callback")
        assert refused.json()["message"]


def test_one_of_many_that_show_a_state_is_connected(onshape: OnshapeShop) -> None:
    state = onshape.state()
    with ThreadPoolExecutor(4) as together:
        answers = list(
            together.map(lambda _: onshape.come_back(code=CODE, state=state).status_code, range(4))
        )
    assert sorted(answers) == [302, 400, 400, 400]


def test_what_goes_wrong_on_the_way_is_told_on_the_page(onshape: OnshapeShop) -> None:
    told = onshape.come_back(error="access_denied", state=onshape.state())
    assert (told.status_code, told.headers["location"]) == (302, "/?onshape_error=access_denied")
    odd = onshape.come_back(error="<script>\r\nX: y")
    assert odd.headers["location"] == "/?onshape_error=unknown"
    wrong = onshape.come_back(code="made up", state=onshape.state())
    assert wrong.headers["location"] == "/?onshape_error=callback_failed"
    onshape.onshape.mode = "revoked"
    wrong = onshape.come_back(code=CODE, state=onshape.state())
    assert wrong.headers["location"] == "/?onshape_error=callback_failed"
    assert onshape.old.get(f"{PREFIXES[0]}/status").json() == {"connected": False}


def test_only_configured_addresses_are_returned_to(onshape: OnshapeShop) -> None:
    for prefix in PREFIXES:
        chosen = onshape.old.get(f"{prefix}/connect", params={"redirect_uri": OTHER_CALLBACK})
        query = parse_qs(urlsplit(chosen.json()["authorization_url"]).query)
        assert query["redirect_uri"] == [OTHER_CALLBACK]
        for other in (
            "https://evil.example.com/",
            OTHER_CALLBACK + "/more",
            CALLBACK.replace("5000", "5001"),
        ):
            refused = onshape.old.get(f"{prefix}/connect", params={"redirect_uri": other})
            assert (refused.status_code, refused.json()["error"]) == (400, "Invalid redirect_uri")


def test_a_browser_is_sent_to_onshape(onshape: OnshapeShop) -> None:
    for path in ("/api/onshape/start", "/onshape/start"):
        sent = onshape.old.get(path)
        assert sent.status_code == 302, sent.text
        assert sent.headers["location"].startswith(f"{onshape.onshape.url}/oauth/authorize?")
        assert onshape.ours.get(path).status_code == 302
        assert onshape.anybody.get(path).status_code == 401
        assert onshape.old.get(path, params={"redirect_uri": "https://evil.example.com"}).status_code == 400


def test_people_have_connections_of_their_own(onshape: OnshapeShop) -> None:
    ann = onshape.crib.person()
    assert ann.client.get("/api/shop/onshape").json()["connected"] is False
    begun = ann.client.post("/api/shop/onshape/connect")
    came = onshape.come_back_in(ann.client, code=CODE, state=state_of(begun))
    assert came.headers["location"] == "/?onshape_connected=true"
    shown = ann.client.get("/api/shop/onshape").json()
    assert (shown["configured"], shown["connected"], shown["shared"]) == (True, True, False)
    assert shown["user"]["name"] == "Fay"
    assert onshape.old.get(f"{PREFIXES[0]}/status").json() == {"connected": False}
    assert onshape.ours.get("/api/shop/onshape").json()["connected"] is False
    assert ann.client.post("/api/shop/onshape/disconnect").json()["success"] is True


def test_only_the_browser_of_the_person_who_began_connects_their_account(onshape: OnshapeShop) -> None:
    mallory, ann = onshape.crib.person(), onshape.crib.person()
    key = {"X-API-Key": onshape.shop.key_of(mallory, "parts")}
    with_key = onshape.crib.client(headers=key, follow_redirects=False)
    base = str(onshape.anybody.base_url).rstrip("/")
    calls = len(onshape.onshape.calls)
    for browser in (ann.client, onshape.anybody):
        came = onshape.come_back_in(browser, code=CODE, state=onshape.begin(mallory, "/parts"))
        assert came.headers["location"] == f"{base}/parts?onshape=other_person"
        started = mallory.client.get("/onshape/start").headers["location"]
        for state in (
            onshape.begin(mallory),
            onshape.state(client=with_key),
            parse_qs(urlsplit(started).query)["state"][0],
        ):
            refused = onshape.come_back_in(browser, code=CODE, state=state)
            assert (refused.status_code, refused.json()["error"]) == (400, "Invalid state")
            assert "signed in" in refused.json()["message"]
            again = onshape.come_back_in(mallory.client, code=CODE, state=state)
            assert again.status_code == 400  # it counts once
    assert len(onshape.onshape.calls) == calls  # nobody's code was shown to Onshape
    for person in (mallory, ann):
        assert person.client.get("/api/shop/onshape").json()["connected"] is False
    state = onshape.state(client=with_key)
    assert onshape.come_back_in(mallory.client, code=CODE, state=state).status_code == 302
    assert mallory.client.get("/api/shop/onshape").json()["connected"] is True
    assert mallory.client.post("/api/shop/onshape/disconnect").json()["success"] is True


def test_a_made_up_state_waits_for_no_write(onshape: OnshapeShop) -> None:
    with closing(sqlite3.connect(onshape.crib.folder / "toolcrib.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = onshape.come_back(code=CODE, state="made up")
        other.execute("ROLLBACK")
    assert (refused.status_code, refused.json()["error"]) == (400, "Invalid state")


def test_a_person_comes_back_to_the_page_where_they_were(onshape: OnshapeShop) -> None:
    ann = onshape.crib.person()

    def come_back(state: str, **query: str) -> httpx.Response:
        return onshape.come_back_in(ann.client, state=state, **query)

    page = "/parts/12?project=a%26b&view=model"
    base = str(onshape.anybody.base_url).rstrip("/")
    came = come_back(onshape.begin(ann, page), code=CODE)
    assert (came.status_code, came.headers["location"]) == (302, f"{base}{page}&onshape=connected")
    denied = come_back(onshape.begin(ann, "/parts/12"), error="access_denied")
    assert denied.headers["location"] == f"{base}/parts/12?onshape=access_denied"
    wrong = come_back(onshape.begin(ann, "/parts/12"), code="made up")
    assert wrong.headers["location"] == f"{base}/parts/12?onshape=callback_failed"
    late = onshape.begin(ann, "/parts/12")
    onshape.crib.clock.advance(minutes=6)
    assert come_back(late, code=CODE).headers["location"] == f"{base}/parts/12?onshape=expired"
    assert come_back(late, code=CODE).status_code == 400
    for elsewhere in (
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "parts",
        "/a b",
        "/x" * 300,
    ):
        refused = ann.client.post("/api/shop/onshape/connect", json={"return_to": elsewhere})
        assert refused.status_code == 400, elsewhere
    ann.client.post("/api/shop/onshape/disconnect")


def test_strangers_are_refused(onshape: OnshapeShop) -> None:
    part = onshape.part()
    for prefix in PREFIXES:
        for method, path in (("GET", "connect"), ("GET", "status"), ("POST", "disconnect")):
            refused = onshape.anybody.request(method, f"{prefix}/{path}")
            assert (refused.status_code, refused.json()["error"]) == (401, "API key required")
            wrong = onshape.anybody.request(method, f"{prefix}/{path}", headers={"X-API-Key": "wrong" * 10})
            assert (wrong.status_code, wrong.json()["error"]) == (401, "Invalid API key")
    assert onshape.anybody.get(f"/api/parts/{part}/drawing").status_code == 401
    for method, path in (
        ("GET", "onshape"),
        ("POST", "onshape/connect"),
        ("POST", "onshape/disconnect"),
        ("POST", f"parts/{part}/drawing"),
    ):
        assert onshape.anybody.request(method, f"/api/shop/{path}").status_code == 401


def test_no_token_is_readable_in_the_database(onshape: OnshapeShop) -> None:
    onshape.connect()
    database = b"".join(path.read_bytes() for path in onshape.crib.folder.glob("*.db*"))
    assert b"onshape_connections" in database
    for secret in (onshape.onshape.tokens[-1].encode(), b"refresh me", KEY.encode()):
        assert secret not in database


def test_without_settings_nothing_is_configured(tmp_path_factory: pytest.TempPathFactory) -> None:
    crib = Crib.start(tmp_path_factory.mktemp("plain"), PARTS_API_KEY=KEY, BASE_PATH="/crib2", **SINGLE)
    try:
        old = crib.client(headers={"X-API-Key": KEY}, follow_redirects=False)
        refused = old.get(f"{PREFIXES[1]}/connect")
        assert refused.status_code == 500
        assert refused.json()["error"] == "Configuration error"
        assert refused.json()["message"] == "Onshape OAuth is not configured"
        back = old.get(f"{PREFIXES[1]}/callback", params={"code": "c", "state": "s"})
        assert back.headers["location"] == "/crib2/?onshape_error=config"
        assert old.get("/onshape/start").headers["location"] == "/crib2/?onshape_error=config"
    finally:
        crib.close()
