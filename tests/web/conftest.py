"""The page in a real browser, against a real server."""

from __future__ import annotations

import re
import shutil
import subprocess
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from tests.conftest import SERVERS
from tests.servers import command
from tests.servers.environment import ADMIN, PASSWORD, SINGLE, child_environment
from tests.servers.process import program
from tests.servers.smtp import MailServer
from tests.servers.smtp import smtp as run_smtp
from tests.servers.toolcrib import ToolcribServer

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "src" / "toolcrib" / "static"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A 401 or 409 the page asked for is reported by the browser as an error; that is no fault of the page.
EXPECTED = re.compile(r"Failed to load resource|net::ERR_")

expect.set_options(timeout=20_000)  # a busy machine draws late; what must be quick is measured by its test


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser lives on the session's event loop, so its tests run there too."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    if not (STATIC / "index.html").exists():
        pytest.skip("the page is not built: make web")
    executable = program("chromium-headless-shell")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def mailbox() -> Iterator[MailServer]:
    with run_smtp() as server:
        yield server


@pytest.fixture(scope="session")
def shared_crib(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToolcribServer]:
    server = ToolcribServer(tmp_path_factory.mktemp("crib") / "data", **SINGLE)
    yield server
    server.close()


@pytest.fixture(scope="session")
def mailing_crib(tmp_path_factory: pytest.TempPathFactory, mailbox: MailServer) -> Iterator[ToolcribServer]:
    """A server that sends mail, to `mailbox`; apart, because every lock is a mail to everybody."""
    settings: dict[str, Any] = {**mailbox.settings, **SINGLE, "FRONTEND_BASE_URL": "http://crib.example"}
    server = ToolcribServer(tmp_path_factory.mktemp("mailing") / "data", **settings)
    yield server
    server.close()


@pytest.fixture
def crib(shared_crib: ToolcribServer, request: pytest.FixtureRequest) -> ToolcribServer:
    """One server for all tests that do not stop it: they keep apart by their people and paths."""
    request.node.stash.setdefault(SERVERS, []).append(shared_crib)
    return shared_crib


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> str:
    """A folder of this test alone, for paths like "{folder}/Hero.uasset"."""
    return f"Folder{zlib.crc32(request.node.nodeid.encode()):x}"


Open = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(chromium: Browser, crib: ToolcribServer) -> AsyncIterator[Open]:
    """`await open_page("ann", "/assets")`: a browser of Ann's own, signed in. None signs nobody in.

    Whatever the page reports as an error (a script that failed, something the policy refused) fails the test.
    """
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    async def start(
        username: str | None,
        path: str = "/",
        *,
        server: ToolcribServer = crib,
        width: int = 1280,
        theme: str = "light",
        is_admin: bool = False,
    ) -> Page:
        context = await chromium.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
        )
        contexts.append(context)
        if username is not None:
            if username != "admin":
                server.user(username, is_admin=is_admin)
            await context.add_cookies([session_of(server, username)])
        page = await context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda said: (
                faults.append(said.text) if said.type == "error" and not EXPECTED.search(said.text) else None
            ),
        )
        await page.goto(server.url + path)
        return page

    yield start
    for context in contexts:
        await context.close()
    assert not faults, "\n".join(faults)


def session_of(server: ToolcribServer, username: str) -> Any:
    """What a sign-in leaves in the browser, without the time that hashing the password takes."""
    client = server.admin if username == ADMIN else server.user(username)
    token = client.headers["Authorization"].removeprefix("Bearer ")
    return {"name": "access_token", "value": token, "url": server.url, "httpOnly": True, "sameSite": "Lax"}


def lock(server: ToolcribServer, username: str, path: str, **more: object) -> int:
    """Ann locks a file from somewhere else; its fence."""
    body = {"asset_path": path, "branch": "main", **more}
    answer = server.user(username).post("/api/locks", json=body)
    assert answer.status_code == 201, answer.text
    fence: int = answer.json()["lock"]["fence"]
    return fence


def cli(server: ToolcribServer, username: str, *arguments: str, cwd: Path) -> str:
    """`toolcrib …` as this person."""
    token = server.user(username).headers["Authorization"].removeprefix("Bearer ")
    environment = child_environment(TOOLCRIB_URL=server.url, TOOLCRIB_TOKEN=token, HOME=cwd)
    git = shutil.which("git")
    assert git
    if not (cwd / ".git").exists():
        subprocess.run([git, "init", "-q", "-b", "main", str(cwd)], check=True, env=environment)
    done = command.run(*arguments, cwd=cwd, env=environment)
    assert done.code == 0, done.text
    return done.out


def row(page: Page, text: str) -> Locator:
    """The row of a table that holds this text."""
    return page.get_by_role("row").filter(has_text=text)


async def sign_in(page: Page, username: str, password: str = PASSWORD) -> None:
    """Through the form, as a person does."""
    await page.get_by_label("Username").fill(username)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_role("button", name="Sign in").click()
