"""Fetching drawings from Onshape (parts contract, section 9), against a small Onshape of the tests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.parts.onshape.fake_onshape import CODE, PDF
from tests.parts.onshape.onshape_shop import PREFIXES, URL, OnshapeShop

TRANSLATIONS = "/api/v6/drawings/d/d1d1/w/a2a2/e/e3e3/translations"


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
    assert ours.json()["is_new"] is False
    fresh = onshape.ours.post(f"/api/shop/parts/{onshape.part()}/drawing").json()
    assert (fresh["revision"], fresh["is_new"]) == (1, True)


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


def test_a_connection_that_has_lapsed_is_told_until_it_is_made_again(onshape: OnshapeShop) -> None:
    ann = onshape.crib.person()

    def connect() -> None:
        came = onshape.come_back_in(ann.client, code=CODE, state=onshape.begin(ann, "/parts"))
        assert came.headers["location"].endswith("?onshape=connected")

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
