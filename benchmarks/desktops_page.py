"""A local desktop in Chromium: from its creation to its first frame, and the whole life of one."""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Page, async_playwright

from benchmarks.figures import Figure
from benchmarks.page import FLAGS
from tests.desktops.local.computer import Computer
from tests.servers.environment import ADMIN, PASSWORD, SINGLE
from tests.servers.toolcrib import ToolcribServer

RUNS = 7
SETTINGS: dict[str, Any] = {"DESKTOPS_PER_PERSON": "20", "DESKTOP_RATE": "1000/minute"}

CREATE = """async (name) => {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch("/api/desktops", { method: "POST", headers, body: JSON.stringify({ name }) });
    return (await answer.json()).name;
}"""
GO = "(to) => { history.pushState({}, '', to); dispatchEvent(new PopStateEvent('popstate')); }"
# A frame of a desktop has more than one colour: before it there is none, or a black one.
HAS_FRAME = """() => {
    const canvas = document.querySelector('[role=application] canvas');
    if (!canvas || !canvas.width || !canvas.height) return false;
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const pixels = new Uint32Array(data.buffer);
    return pixels.some((pixel) => pixel !== pixels[0]);
}"""


def run() -> list[Figure]:
    folder = Path(tempfile.mkdtemp(prefix="toolcrib-bench-"))
    computer = Computer(folder / "data", 998)
    uids = computer.settings.desktop_local_uids
    server = ToolcribServer(computer.folder, DESKTOP_LOCAL_UIDS=uids, **SETTINGS, **SINGLE)
    try:
        return asyncio.run(_run(server))
    finally:
        server.close()
        asyncio.run(computer.close())
        shutil.rmtree(folder, ignore_errors=True)


async def _run(server: ToolcribServer) -> list[Figure]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        try:
            context = await browser.new_context(viewport={"width": 1280, "height": 800})
            credentials = {"username": ADMIN, "password": PASSWORD}
            await context.request.post(f"{server.url}/api/session", data=credentials)
            page = await context.new_page()
            frames, lives = [], []
            for number in range(RUNS):
                first, life = await _life(context, page, server.url, f"d{number}")
                frames.append(first)
                lives.append(life)
        finally:
            await browser.close()
    load = {"load": round(os.getloadavg()[0], 1)}
    return [
        Figure(
            "local desktop: created to its first frame in the browser",
            statistics.median(frames),
            "s",
            aim=2,
            better="lower",
            detail={"runs_s": [round(one, 2) for one in frames], **load},
        ),
        Figure(
            "local desktop: create, see it, type, see the file, stop, resume, file is there, delete",
            statistics.median(lives),
            "s",
            aim=10,
            better="lower",
            detail={"runs_s": [round(one, 2) for one in lives], **load},
        ),
    ]


async def _life(context: BrowserContext, page: Page, url: str, name: str) -> tuple[float, float]:
    await page.goto(f"{url}/desktops")
    await page.get_by_role("heading", name="Desktops", exact=True).wait_for()
    began = time.perf_counter()
    full = await page.evaluate(CREATE, name)
    await page.evaluate(GO, f"/desktops/{full}/view")
    await page.wait_for_function(HAS_FRAME)
    first = time.perf_counter() - began
    canvas = page.locator("[role=application] canvas")
    await canvas.click()
    await page.keyboard.type("echo made >made.txt")
    await page.keyboard.press("Enter")
    desktop = f"{url}/api/desktops/{full}"

    async def in_state(*states: str) -> None:
        while (await (await context.request.get(desktop)).json())["state"] not in states:
            await asyncio.sleep(0.02)

    async def is_there() -> bool:
        found = await (await context.request.get(f"{desktop}/files?path=")).json()
        return any(entry["name"] == "made.txt" for entry in found["files"])

    while not await is_there():
        await asyncio.sleep(0.02)
    await context.request.post(f"{desktop}/stop", data={})
    await in_state("stopped")
    await context.request.post(f"{desktop}/resume", data={})
    await in_state("running")
    assert await is_there()
    await context.request.post(f"{desktop}/stop", data={})
    await in_state("stopped")
    await context.request.delete(desktop)
    while (await context.request.get(desktop)).status != 404:
        await asyncio.sleep(0.02)
    return first, time.perf_counter() - began
