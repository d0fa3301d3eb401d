"""The page's addresses, sub-paths, proxies and headers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from toolcrib.kernel import web

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]

# Where an existing web app's people have bookmarks (asset-locks contract, section 1), and ours.
PAGES = [
    "/",
    "/login",
    "/settings",
    "/admin/users",
    "/admin/config",
    "/admin/config/anything",
    "/confirm-email?token=x",
    "/confirm-password?token=x",
    "/assets",
    "/activity",
]


@pytest.fixture(autouse=True)
def built_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page as the build leaves it, so that these tests need no Node."""
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text('<html><head><base href="/"></head>the page</html>')
    (static / "api-docs.html").write_text('<html><head><base href="/"></head>the description</html>')
    (static / "assets" / "app-1234.js").write_text("code")
    (static / "icon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr(web, "STATIC", static)
    return static


async def test_a_page_address_loads_the_page(app_server: Start) -> None:
    crib = await app_server()
    for address in PAGES:
        answer = await crib.client.get(address, headers={"Accept": "text/html"})
        assert answer.status_code == 200, address
        assert "the page" in answer.text, address
        assert answer.headers["Cache-Control"] == "no-store", address
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy, address
        assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0], address
        assert answer.headers["X-Content-Type-Options"] == "nosniff", address


async def test_built_files_are_cached_by_their_name(app_server: Start) -> None:
    crib = await app_server()
    script = await crib.client.get("/assets/app-1234.js")
    assert script.text == "code"
    assert "max-age=31536000" in script.headers["Cache-Control"]
    assert "immutable" not in (await crib.client.get("/icon.svg")).headers["Cache-Control"]
    assert (await crib.client.get("/assets/app-gone.js")).status_code == 404
    assert script.headers["Content-Encoding"] == "gzip"
    plain = await crib.client.get("/assets/app-1234.js", headers={"Accept-Encoding": "identity"})
    assert plain.text == "code"
    assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/%00"]
)
async def test_nothing_outside_the_build_is_served(app_server: Start, path: str) -> None:
    crib = await app_server()
    assert "secret" not in (await crib.client.get(path)).text


async def test_everything_moves_below_a_base_path(app_server: Start) -> None:
    crib = await app_server(BASE_PATH="/tools/crib")
    root = crib.url.removesuffix("/tools/crib")
    assert '<base href="/tools/crib/">' in (await crib.client.get("/assets")).text
    assert (await crib.client.get("/health")).status_code == 200
    assert (await crib.client.get(f"{root}/health")).status_code == 200
    assert (await crib.client.get(f"{root}/api/locks")).status_code == 404
    ann = await crib.user("ann")
    assert (await ann.post("/api/locks", json={"asset_path": "a", "branch": "b"})).status_code == 201


async def test_the_description_for_people_is_a_page_of_ours(app_server: Start) -> None:
    crib = await app_server()
    answer = await crib.client.get("/api/docs")  # to anybody, as the description itself
    assert answer.status_code == 200
    assert "the description" in answer.text
    page = await crib.client.get("/")
    for name in ("Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "Cache-Control"):
        assert answer.headers[name] == page.headers[name]
    assert (await crib.client.head("/api/docs")).status_code == 200
    assert (await crib.client.post("/api/docs")).status_code == 405
    below = await app_server(BASE_PATH="/tools/crib")
    assert '<base href="/tools/crib/">' in (await below.client.get("/api/docs")).text
    described = (await below.client.get("/api/openapi.json")).json()
    assert described["servers"] == [{"url": "/tools/crib"}]  # or whoever reads it asks beside the base path


async def test_without_a_built_page_the_description_is_pointed_to(
    app_server: Start, built_page: Path
) -> None:
    (built_page / "api-docs.html").unlink()
    crib = await app_server(BASE_PATH="/crib")
    answer = await crib.client.get("/api/docs")
    assert "/crib/api/openapi.json" in answer.text
    assert "Content-Security-Policy" in answer.headers
    assert (await crib.client.get("/api/openapi.json")).status_code == 200


async def test_the_api_may_answer_at_the_root_for_proxies_that_strip_its_prefix(app_server: Start) -> None:
    crib = await app_server(API_AT_ROOT=True)
    ann = await crib.user("ann")
    assert (await ann.post("/locks", json={"asset_path": "a b", "branch": "b"})).status_code == 201
    assert (await ann.get("/locks/a%20b")).json()["asset_path"] == "a b"
    assert (await ann.get("/locks")).json() != []
    assert (await ann.get("/admin/users")).status_code == 403
    assert (await ann.get("/users/me/keys")).status_code == 200
    for page in ("/login", "/admin/users", "/settings"):
        assert "the page" in (await ann.get(page, headers={"Accept": "text/html"})).text
    plain = await app_server()
    assert "the page" in (await plain.client.get("/locks")).text


async def test_links_in_refusals_follow_the_proxy(app_server: Start) -> None:
    crib = await app_server()
    ann = await crib.user("ann")
    body = {"asset_path": "a", "branch": "b"}
    await ann.post("/api/locks", json=body)
    headers = {"X-Forwarded-Proto": "https", "Host": "crib.example"}
    refused = await ann.post("/api/locks", json=body, headers=headers)
    assert refused.json()["details"]["url"].startswith("https://crib.example/assets?")
    distrusting = await app_server(TRUSTED_PROXIES="10.9.9.9", database_url=str(crib.settings.database_url))
    ben = await distrusting.user("ben")
    await ben.post("/api/locks", json=body)
    refused = await ben.post("/api/locks", json=body, headers=headers)
    assert refused.json()["details"]["url"].startswith("http://")
    named = await app_server(FRONTEND_BASE_URL="https://public.example/")
    cem = await named.user("cem")
    await cem.post("/api/locks", json=body)
    refused = await cem.post("/api/locks", json=body, headers={"Host": "evil.example"})
    assert refused.json()["details"]["url"].startswith("https://public.example/assets?")


async def test_other_origins_are_allowed_only_when_listed(app_server: Start) -> None:
    listed = await app_server(CORS_ORIGINS="http://localhost:5173")
    asked = {
        "Origin": "http://localhost:5173",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    answer = await listed.client.options("/api/locks", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:5173"
    foreign = await listed.client.options("/api/locks", headers={**asked, "Origin": "http://evil.example"})
    assert "Access-Control-Allow-Origin" not in foreign.headers
