"""Connecting to Onshape and fetching drawings (parts contract, section 9), against a small Onshape of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.parts.onshape.fake_onshape import CODE, PDF, FakeOnshape, fake_onshape
from tests.parts.workshop import KEY, Workshop
from tests.servers.crib import Crib
from tests.servers.environment import SINGLE

PREFIXES = ("/api/auth/onshape", "/api/parts/auth/onshape")
CALLBACK = "http://127.0.0.1:5000/api/parts/auth/onshape/callback"
OTHER_CALLBACK = "https://shop.example.com/api/auth/onshape/callback"
URL = "https://cad.onshape.com/documents/d1d1/w/a2a2/e/e3e3"
TRANSLATIONS = "/api/v6/drawings/d/d1d1/w/a2a2/e/e3e3/translations"


class OnshapeShop:
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
        query = urlsplit(str(answer.json()["authorization_url"])).query
        return parse_qs(query)["state"][0]

    def come_back(self, prefix: str = PREFIXES[0], **query: str) -> httpx.Response:
        return self.anybody.get(f"{prefix}/callback", params=query)

    def connect(self) -> None:
        answer = self.come_back(code=CODE, state=self.state())
        assert answer.headers.get("location") == "/?onshape_connected=true", answer.text

    def part(self, **fields: Any) -> int:
        return int(self.shop.part(**{"type": "hand", "partId": "FR-7", "onshapeUrl": URL, **fields})["id"])

    def drawing(self, part: int, **query: str) -> httpx.Response:
        return self.old.get(f"/api/parts/{part}/drawing", params=query)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnshapeShop]:
    with fake_onshape() as onshape, fake_onshape() as elsewhere:
        onshape.elsewhere = elsewhere.url
        crib = Crib.start(
            tmp_path_factory.mktemp("onshape"),
            PARTS_API_KEY=KEY,
            ONSHAPE_CLIENT_ID="our id",
            ONSHAPE_CLIENT_SECRET="our secret",
            ONSHAPE_REDIRECT_URI=f"{CALLBACK},{OTHER_CALLBACK}".split(","),
            ONSHAPE_OAUTH_BASE_URL=onshape.url,
            ONSHAPE_API_BASE_URL=onshape.url,
            ONSHAPE_WAIT_SECONDS="2",
            ONSHAPE_POLL_SECONDS="0.02",
            **SINGLE,
        )
        yield OnshapeShop(crib, onshape, elsewhere)
        crib.close()


@pytest.fixture
def onshape(running: OnshapeShop) -> Iterator[OnshapeShop]:
    """Nobody is connected."""
    running.onshape.reset()
    running.elsewhere.reset()
    running.old.post(f"{PREFIXES[0]}/disconnect")
    yield running
    running.onshape.reset()
    assert not running.elsewhere.calls  # no token goes to another server, whatever Onshape says


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
    ann = onshape.shop.person()
    assert ann.client.get("/api/shop/onshape").json()["connected"] is False
    url = ann.client.post("/api/shop/onshape/connect").json()["authorization_url"]
    state = parse_qs(urlsplit(url).query)["state"][0]
    assert onshape.come_back(code=CODE, state=state).status_code == 302
    shown = ann.client.get("/api/shop/onshape").json()
    assert (shown["configured"], shown["connected"], shown["shared"]) == (True, True, False)
    assert shown["user"]["name"] == "Fay"
    assert onshape.old.get(f"{PREFIXES[0]}/status").json() == {"connected": False}
    assert onshape.ours.get("/api/shop/onshape").json()["connected"] is False
    assert ann.client.post("/api/shop/onshape/disconnect").json()["success"] is True


def test_a_drawing_is_fetched_once_and_kept(onshape: OnshapeShop) -> None:
    onshape.connect()
    part = onshape.part()
    found = onshape.drawing(part)
    assert (found.status_code, found.content) == (200, PDF)
    assert found.headers["content-type"] == "application/pdf"
    assert found.headers["content-disposition"] == 'attachment; filename="FR-7_drawing.pdf"'
    assert onshape.onshape.body["formatName"] == "PDF"
    assert onshape.onshape.body["currentSheetOnly"] is False
    assert onshape.onshape.body["selectablePdfText"] is True
    assert onshape.old.get(f"/api/parts/{part}").json()["file"] == "FR-7_drawing.pdf"
    assert onshape.drawing(part).content == PDF
    assert onshape.onshape.paths().count(TRANSLATIONS) == 1
    assert onshape.drawing(part, refresh="true").content == PDF
    assert onshape.onshape.paths().count(TRANSLATIONS) == 2
    ours = onshape.ours.post(f"/api/shop/parts/{part}/drawing")
    assert (ours.status_code, ours.json()["name"]) == (200, "FR-7_drawing.pdf")


def test_a_result_may_be_an_element_and_the_place_a_version(onshape: OnshapeShop) -> None:
    onshape.connect()
    onshape.onshape.mode = "blob"
    part = onshape.part(onshapeUrl=URL.replace("/w/", "/v/") + "?renderMode=0")
    assert onshape.drawing(part).content == PDF
    assert onshape.onshape.paths()[-1] == "/api/v6/blobelements/d/d1d1/v/a2a2/e/e9"


def test_many_who_ask_at_once_get_one_drawing(onshape: OnshapeShop) -> None:
    onshape.connect()
    part = onshape.part()
    with ThreadPoolExecutor(5) as together:
        found = list(together.map(lambda _: onshape.drawing(part), range(5)))
    assert [(each.status_code, each.content) for each in found] == [(200, PDF)] * 5
    assert onshape.onshape.paths().count(TRANSLATIONS) == 1


@pytest.mark.parametrize(
    "mode",
    ["dead", "slow", "failed", "error", "no json", "large", "no pdf", "elsewhere", "redirects", "bad id"],
)
def test_an_onshape_that_fails_or_lies_is_502(onshape: OnshapeShop, mode: str) -> None:
    onshape.connect()
    part = onshape.part()
    onshape.onshape.mode = mode
    refused = onshape.drawing(part)
    assert refused.status_code == 502, refused.text
    assert refused.json()["error"] == "Failed to fetch the drawing"
    assert onshape.old.get(f"/api/parts/{part}").json()["file"] is None
    ours = onshape.ours.post(f"/api/shop/parts/{part}/drawing")
    assert (ours.status_code, ours.json()["code"]) == (502, "onshape_failed")
    onshape.onshape.mode = "works"
    assert onshape.drawing(part).content == PDF


@pytest.mark.parametrize("redirected", [False, True], ids=["href", "redirect"])
def test_no_address_that_onshape_names_leads_elsewhere(onshape: OnshapeShop, redirected: bool) -> None:
    onshape.connect()
    part = onshape.part()
    own, other = (each.url.removeprefix("http://") for each in (onshape.onshape, onshape.elsewhere))
    port = own.partition(":")[2]
    onshape.onshape.mode = "redirects" if redirected else "works"
    # The HTTP client refuses such a redirect by itself.
    only_named = [
        "\x00",
        "http://[broken",
        "http://127.0.0.1:not-a-port/api",
        f"http://\uff11\uff12\uff17.0.0.1:{port}/api/v6/translations/t1",
        "/users",
        f"http://{own}/api/../users",
        "../users",
        "/api/../../users",
    ]
    for address in (
        f"//{other}/api/v6/translations/t1",
        f"http://{own}@{other}/api/v6/translations/t1",
        f"http://user@{own}/api/v6/translations/t1",
        f"http://{own}\\@{other}/api/v6/translations/t1",
        f"https://{own}/api/v6/translations/t1",
        f"http://localhost:{port}/api/v6/translations/t1",
        f"http://[::1]:{port}/api/v6/translations/t1",
        f"http://[::ffff:127.0.0.1]:{port}/api/v6/translations/t1",
        f"http://127.0.0.1:{port}0/api/v6/translations/t1",
        "file:///etc/passwd",
        *([] if redirected else only_named),
    ):
        onshape.onshape.address = address
        calls = len(onshape.onshape.calls)
        refused = onshape.drawing(part)
        assert refused.status_code == 502, (address, refused.text)
        assert refused.json()["message"] == "Onshape named another server, which is not called.", address
        asked = onshape.onshape.paths()[calls:]
        assert asked[:1] == [TRANSLATIONS], (address, asked)
        assert len(asked) == (2 if redirected else 1), (address, asked)


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("400", "has to be a drawing"),
        ("403", "may not read"),
        ("404", "nothing at this"),
        ("429", "Try again later"),
    ],
)
def test_what_onshape_refuses_is_said_in_words(onshape: OnshapeShop, mode: str, words: str) -> None:
    onshape.connect()
    onshape.onshape.mode = mode
    refused = onshape.ours.post(f"/api/shop/parts/{onshape.part()}/drawing")
    assert (refused.status_code, refused.json()["code"]) == (502, "onshape_failed")
    assert words in refused.json()["message"]
    assert onshape.old.get(f"{PREFIXES[0]}/status").json()["connected"] is True


def test_a_person_comes_back_to_the_page_where_they_were(onshape: OnshapeShop) -> None:
    ann = onshape.shop.person()

    def begin(page: str) -> str:
        begun = ann.client.post("/api/shop/onshape/connect", json={"return_to": page})
        assert begun.status_code == 200, begun.text
        return parse_qs(urlsplit(str(begun.json()["authorization_url"])).query)["state"][0]

    page = "/parts/12?project=a%26b&view=model"
    base = str(onshape.anybody.base_url).rstrip("/")
    came = onshape.come_back(code=CODE, state=begin(page))
    assert (came.status_code, came.headers["location"]) == (302, f"{base}{page}&onshape=connected")
    denied = onshape.come_back(error="access_denied", state=begin("/parts/12"))
    assert denied.headers["location"] == f"{base}/parts/12?onshape=access_denied"
    wrong = onshape.come_back(code="made up", state=begin("/parts/12"))
    assert wrong.headers["location"] == f"{base}/parts/12?onshape=callback_failed"
    late = begin("/parts/12")
    onshape.crib.clock.advance(minutes=6)
    assert onshape.come_back(code=CODE, state=late).headers["location"] == f"{base}/parts/12?onshape=expired"
    assert onshape.come_back(code=CODE, state=late).status_code == 400
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


def test_a_connection_that_has_lapsed_is_told_until_it_is_made_again(onshape: OnshapeShop) -> None:
    ann = onshape.shop.person()

    def connect() -> None:
        begun = ann.client.post("/api/shop/onshape/connect", json={"return_to": "/parts"})
        state = parse_qs(urlsplit(begun.json()["authorization_url"]).query)["state"][0]
        assert onshape.come_back(code=CODE, state=state).status_code == 302

    def shown() -> tuple[bool, bool]:
        found = ann.client.get("/api/shop/onshape").json()
        return found["connected"], found["lapsed"]

    assert shown() == (False, False)
    connect()
    assert shown() == (True, False)
    onshape.onshape.mode = "denied"
    onshape.crib.clock.advance(hours=2)
    refused = ann.client.post(f"/api/shop/parts/{onshape.part()}/drawing")
    assert (refused.status_code, refused.json()["code"]) == (409, "onshape_not_connected")
    assert shown() == (False, True)
    onshape.onshape.mode = "works"
    connect()
    assert shown() == (True, False)
    assert ann.client.post("/api/shop/onshape/disconnect").json()["success"] is True
    assert shown() == (False, False)


def test_the_workshops_connection_serves_its_own_project(onshape: OnshapeShop) -> None:
    onshape.connect()
    onshape.ours.post("/api/projects", json={"name": "elsewhere"}).raise_for_status()
    assert onshape.ours.get("/api/shop/onshape").json()["shared"] is True
    there = onshape.ours.get("/api/shop/onshape", params={"project": "elsewhere"})
    assert (there.status_code, there.json()["shared"]) == (200, False)
    stranger = onshape.shop.person()
    assert stranger.client.get("/api/shop/onshape", params={"project": "elsewhere"}).status_code == 404


def test_tokens_are_renewed_before_they_end(onshape: OnshapeShop) -> None:
    onshape.onshape.gives_refresh = False  # the one from before goes on
    onshape.connect()
    onshape.crib.clock.advance(minutes=50)
    assert onshape.drawing(onshape.part()).status_code == 200
    assert onshape.onshape.refreshes == 0
    onshape.crib.clock.advance(minutes=6)
    parts = [onshape.part() for _ in range(4)]
    with ThreadPoolExecutor(4) as together:
        found = list(together.map(lambda part: onshape.drawing(part).status_code, parts))
    assert found == [200] * 4
    assert onshape.onshape.refreshes == 1
    onshape.crib.clock.advance(hours=3)
    assert onshape.drawing(onshape.part()).status_code == 200
    assert onshape.onshape.refreshes == 2


def test_a_token_that_ends_sooner_than_it_said_is_renewed(onshape: OnshapeShop) -> None:
    onshape.connect()
    onshape.onshape.tokens.append("a later one, of another program")
    assert onshape.drawing(onshape.part()).content == PDF
    assert onshape.onshape.refreshes == 1


def test_whoever_is_not_connected_is_told_to_connect(onshape: OnshapeShop) -> None:
    part = onshape.part()
    refused = onshape.drawing(part)
    assert refused.status_code == 401
    assert refused.json()["error"] == "Onshape authentication required"
    assert refused.json()["message"]
    ours = onshape.ours.post(f"/api/shop/parts/{part}/drawing")
    assert (ours.status_code, ours.json()["code"]) == (409, "onshape_not_connected")
    onshape.connect()
    onshape.onshape.mode = "revoked"
    assert onshape.drawing(part).status_code == 401
    onshape.onshape.mode = "denied"
    onshape.crib.clock.advance(hours=2)
    assert onshape.drawing(part).status_code == 401
    assert onshape.old.get(f"{PREFIXES[0]}/status").json() == {"connected": False}


def test_the_right_parts_have_drawings(onshape: OnshapeShop) -> None:
    onshape.connect()
    refused = onshape.drawing(onshape.part(type="cnc"))
    assert (refused.status_code, refused.json()["error"]) == (
        400,
        "Drawing downloads are only available for hand fab parts",
    )
    bare = onshape.part(onshapeUrl="")
    refused = onshape.drawing(bare)
    assert (refused.status_code, refused.json()["error"]) == (404, "No drawing available for this part")
    refused = onshape.drawing(bare, refresh="true")
    assert (refused.status_code, refused.json()["error"]) == (400, "No Onshape URL to refresh from")
    labelled = onshape.part(onshapeUrl="", file="old_drawing.pdf")
    refused = onshape.drawing(labelled)
    assert (refused.status_code, refused.json()["error"]) == (404, "Drawing file not found")
    assert onshape.drawing(999_999).json()["error"] == "Part not found"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com/documents/d1/w/w2/e/e3",
        "https://cad.onshape.com.evil.example/documents/d1/w/w2/e/e3",
        "https://cad.onshape.com@evil.example/documents/d1/w/w2/e/e3",
        "http://cad.onshape.com/documents/d1/w/w2/e/e3",
        "https://cad.onshape.com/documents/d1/w/../e/e3",
        "https://cad.onshape.com/documents/d1/w/w2/e/e3/../../users",
        "https://cad.onshape.com/documents/d1/m/w2/e/e3",
        "https://cad.onshape.com:8443/documents/d1/w/w2/e/e3",
        "https://onshape.com/documents/d1/w/w2",
        "https://user:secret@cad.onshape.com/documents/d1/w/w2/e/e3",
        "https://[::1]/documents/d1/w/w2/e/e3",
        "https://127.0.0.1/documents/d1/w/w2/e/e3",
        "https://cad.on\u017fhape.com/documents/d1/w/w2/e/e3",
        "https://cad.onshape.com/documents/d1/w/\u212a2/e/e3",
        "https://cad.onshape.com/documents/d1/w/%2e%2e/e/e3",
        "https://cad.onshape.com\t/documents/d1/w/w2/e/e3",
    ],
)
def test_only_addresses_of_drawings_are_used(onshape: OnshapeShop, url: str) -> None:
    onshape.connect()
    part = onshape.part(onshapeUrl=url)
    before = len(onshape.onshape.calls)
    assert onshape.drawing(part).status_code == 400
    assert onshape.ours.post(f"/api/shop/parts/{part}/drawing").status_code == 400
    assert len(onshape.onshape.calls) == before


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
