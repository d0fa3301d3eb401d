"""The built files that UI_DIR names: what is served of them, and how (parts contract, section 10)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
SECRET = "what lies beside the pages"


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<p>The other pages")
    (folder / "assets" / "app-1a2b.js").write_text("one")
    (tmp_path / "secret.txt").write_text(SECRET)
    (tmp_path / "pages-too").mkdir()
    (tmp_path / "pages-too" / "secret.txt").write_text(SECRET)
    return folder


@pytest_asyncio.fixture
async def crib(app_server: Start, pages: Path) -> AsyncIterator[AppServer]:
    yield await app_server(ui_dir=pages)


async def test_nothing_outside_the_folder_is_served(crib: AppServer, pages: Path) -> None:
    outside = pages.parent / "secret.txt"
    (pages / "linked.txt").symlink_to(outside)
    (pages / "assets" / "app-1a2b.js.br").symlink_to(outside)
    (pages / "assets" / "app-1a2b.js.gz").symlink_to(outside)
    (pages / "folder").symlink_to(pages.parent, target_is_directory=True)
    for path in (
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "/assets/../../secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/%2e%2e/pages-too/secret.txt",
        f"/{outside}",
        f"/%2f{str(outside)[1:]}",
        "/linked.txt",
        "/folder/secret.txt",
        "/index.html%00.txt",
        "/" + "x" * 5000 + ".js",
    ):
        answer = await crib.client.get(path)
        assert answer.status_code in {400, 404, 414}, (path, answer.status_code)
        assert SECRET not in answer.text, path
    for encoding in ("br", "gzip"):
        script = await crib.client.get("/assets/app-1a2b.js", headers={"Accept-Encoding": encoding})
        assert (script.text, script.headers.get("content-encoding")) == ("one", None)


async def test_only_addresses_of_pages_lead_to_the_index(crib: AppServer) -> None:
    for path in (
        "/",
        "/login",
        "/parts/14",
        "/parts/14/",
        "/?onshape_connected=true",
        "/index.html",
        "/crib2",
    ):
        page = await crib.client.get(path)
        assert (page.status_code, page.text) == (200, "<p>The other pages"), path
        assert page.headers["cache-control"] == "no-cache", path
        assert page.headers["content-type"].startswith("text/html"), path
    for path in ("/assets/app-gone.js", "/assets/gone", "/assets/", "/assets", "/favicon.ico", "/a/b.map"):
        gone = await crib.client.get(path)
        expected = 200 if path == "/assets" else 404
        assert gone.status_code == expected, path
    for path in ("/api", "/api/", "/api/gone", "/api/parts/x/y"):
        refused = await crib.client.get(path)
        assert refused.status_code in {401, 404}, path
        assert refused.headers["content-type"].startswith("application/json"), path


async def test_browsers_ask_again_only_for_what_has_changed(crib: AppServer, pages: Path) -> None:
    for path, text in (("/", "<p>The other pages"), ("/assets/app-1a2b.js", "one")):
        first = await crib.client.get(path)
        head = await crib.client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(text))
        for name in ("etag", "cache-control", "content-security-policy", "content-type"):
            assert head.headers[name] == first.headers[name], name
        tag = first.headers["etag"]
        for known in (tag, f'"x", W/{tag}', "*"):
            kept = await crib.client.get(path, headers={"If-None-Match": known})
            assert (kept.status_code, kept.content, kept.headers["etag"]) == (304, b"", tag), known
    (pages / "index.html").write_text("<p>A newer build")
    newer = await crib.client.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert (newer.status_code, newer.text) == (200, "<p>A newer build")


async def test_a_folder_without_an_index_says_what_is_missing(crib: AppServer, pages: Path) -> None:
    (pages / "index.html").unlink()
    gone = await crib.client.get("/")
    assert gone.status_code == 404
    assert "no index.html in the folder that UI_DIR names" in gone.text
    assert '<a href="/crib/">' in gone.text
    assert (await crib.client.get("/crib/")).status_code == 200
