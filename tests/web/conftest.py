"""The page in a real browser, against a real server."""

from __future__ import annotations

import re
import shutil
import subprocess
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, async_playwright, expect

from tests.conftest import SERVERS, shared_server
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
    "--enable-unsafe-swiftshader",  # 3D models are drawn without a graphics card
    "--disable-quic",
    "--no-first-run",
    "--js-flags=--no-opt --no-maglev",  # pages live for seconds: to optimise their scripts takes longer than it saves
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A 401 or 409 the page asked for is reported by the browser as an error; that is no fault of the page.
EXPECTED = re.compile(r"Failed to load resource|net::ERR_")

expect.set_options(timeout=20_000)  # a busy machine draws late; what must be quick is measured by its test


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makemodule() -> Generator[None, pytest.Module, pytest.Module]:
    """The browser lives on the session's event loop, so its tests run there too."""
    module = yield
    module.add_marker(pytest.mark.asyncio(loop_scope="session"))
    return module


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
    server = shared_server(tmp_path_factory.mktemp("crib") / "data", **SINGLE)
    yield server
    server.close()


@pytest.fixture(scope="session")
def mailing_crib(tmp_path_factory: pytest.TempPathFactory, mailbox: MailServer) -> Iterator[ToolcribServer]:
    """A server that sends mail, to `mailbox`; apart, because every lock is a mail to everybody."""
    settings: dict[str, Any] = {**mailbox.settings, **SINGLE, "FRONTEND_BASE_URL": "http://crib.example"}
    server = shared_server(tmp_path_factory.mktemp("mailing") / "data", **settings)
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
StartServer = Callable[..., ToolcribServer]

# What a person's browser keeps for a site, but for the files it has loaded.
FORGET = """async () => {
    localStorage.clear();
    sessionStorage.clear();
    for (const { name } of await indexedDB.databases()) indexedDB.deleteDatabase(name);
}"""


class Window:
    """A browser with one page, for one person at a time.

    To load the page takes half of the time in a window that has loaded it before.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._hear)

    @classmethod
    async def open(cls, chromium: Browser) -> Window:
        return cls(await (await chromium.new_context(reduced_motion="reduce")).new_page())

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error" and not EXPECTED.search(said.text):
            self.faults.append(said.text)

    async def forget(self, url: str) -> None:
        """Leave the page that a test has opened at this server, and all it has left behind."""
        await self.page.unroute_all(behavior="ignoreErrors")
        await self.page.goto(f"{url}/favicon.svg")  # of the same site, and without a script
        await self.page.evaluate(FORGET)
        await self.page.context.clear_cookies()
        await self.page.goto("about:blank")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def idle_windows(chromium: Browser) -> list[Window]:
    """Those that no test uses now."""
    return []


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(
    chromium: Browser, idle_windows: list[Window], shared_crib: ToolcribServer, crib: ToolcribServer
) -> AsyncIterator[Open]:
    """`await open_page("ann", "/assets")`: a browser of Ann's own, signed in. None signs nobody in.

    Whatever the page reports as an error (a script that failed, something the policy refused) fails the test. The
    window may have been used by an earlier test, of which nothing is left but loaded files; with `own=True`, for tests
    that change the browser or listen to it, and with a `server` of the test's own, it is a new one.
    """
    opened: list[tuple[Window, bool]] = []

    async def start(
        username: str | None,
        path: str = "/",
        *,
        server: ToolcribServer = crib,
        width: int = 1280,
        theme: Literal["light", "dark"] = "light",
        is_admin: bool = False,
        own: bool = False,
    ) -> Page:
        keeps = not own and server is shared_crib
        window = idle_windows.pop() if keeps and idle_windows else await Window.open(chromium)
        opened.append((window, keeps))
        page = window.page
        await page.set_viewport_size({"width": width, "height": 800})
        await page.emulate_media(color_scheme=theme)
        if username is not None:
            if username != "admin":
                server.user(username, is_admin=is_admin)
            await page.context.add_cookies([session_of(server, username)])
        await page.goto(server.url + path)
        return page

    yield start
    faults: list[str] = []
    for window, keeps in opened:
        if keeps and len(window.page.context.pages) == 1:
            await window.forget(shared_crib.url)
            idle_windows.append(window)
        else:
            await window.page.context.close()
        faults += window.faults
        window.faults.clear()
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


# A page that is being drawn, or was resized, is too wide for a moment. The loop is the script's own: the policy refuses
# Playwright's `wait_for_function`, which has the page evaluate a text.
WIDTH = """async (limit) => {
    const end = performance.now() + 10_000;
    for (;;) {
        await new Promise(requestAnimationFrame);
        const width = document.documentElement.scrollWidth;
        if (width <= limit || performance.now() > end) return width;
    }
}"""


async def fits(page: Page, width: int, what: str) -> None:
    """The page is no wider than so many px, or soon is."""
    wide = await page.evaluate(WIDTH, width)
    assert wide <= width, f"{what} is {wide} px wide"


async def choose_files(page: Page, press: Callable[[], Awaitable[object]], *files: Path) -> None:
    """Press what lets one choose files, and choose these."""
    async with page.expect_file_chooser() as chooser:
        # The browser was told to report it, but a slow page may see the key that opens it before: ask it something.
        await page.evaluate("0")
        await press()
    await (await chooser.value).set_files(files)


async def sign_in(page: Page, username: str, password: str = PASSWORD) -> None:
    """Through the form, as a person does."""
    await page.get_by_label("Username").fill(username)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_role("button", name="Sign in").click()
