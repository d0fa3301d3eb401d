"""Names are shown whole as long as their row has room, whatever the width of the window."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import Open, lock, row
from tests.web.documents import a_shelf

# Of each row in sight: the texts that are cut, and how many pixels between what is in it are empty.
MEASURE = """() => {
  const marks = "svg, button, input, [class*=chip], [class*=branch], [class*=avatar], [class*=queue]";
  const hidden = (one) => one.closest(".visually-hidden") !== null;
  const emptyIn = (box) => {
    const frame = box.getBoundingClientRect();
    const spans = [];
    const add = (rect) => {
      const left = Math.max(rect.left, frame.left), right = Math.min(rect.right, frame.right);
      if (right > left) spans.push([left, right]);
    };
    const texts = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      if (hidden(texts.currentNode.parentElement)) continue;
      const range = document.createRange();
      range.selectNodeContents(texts.currentNode);
      for (const rect of range.getClientRects()) add(rect);
    }
    for (const mark of box.querySelectorAll(marks)) if (!hidden(mark)) add(mark.getBoundingClientRect());
    spans.sort((a, b) => a[0] - b[0]);
    const start = spans.length ? spans[0][0] : frame.left;
    const end = spans.length ? Math.max(...spans.map((one) => one[1])) : frame.left;
    return frame.width - (end - start) - (spans.length ? Math.min(start - frame.left, 44) : 0);
  };
  const shown = [...document.querySelectorAll("[role=table] [data-index]")];
  return shown.flatMap((line) => {
    if (!line.querySelector("a")) return [];
    const cells = [...line.querySelectorAll("[class*=grid] > [role=cell]")].filter(
      (one) => getComputedStyle(one).visibility !== "hidden");
    // On a phone each line of a card is a row of its own.
    const groups = cells.length ? [cells] : [...line.querySelector("[class*=cardText]").children].map((one) => [one]);
    return groups.map((boxes) => {
      const cut = boxes.flatMap((box) => [box, ...box.querySelectorAll("*")]).filter((one) =>
        !hidden(one) && getComputedStyle(one).textOverflow === "ellipsis" && one.scrollWidth > one.clientWidth + 1);
      return {
        text: boxes.map((one) => one.innerText).join(" | "),
        cut: cut.map((one) => one.textContent),
        empty: boxes.reduce((total, box) => total + Math.max(0, emptyIn(box)), 0),
      };
    });
  });
}"""


async def _settled(page: Page) -> list[dict[str, Any]]:
    """The rows in sight, once two drawn frames change nothing about them: fonts and the tree move the columns."""
    await page.evaluate("document.fonts.ready")
    rows: list[dict[str, Any]] | None = None
    async with asyncio.timeout(10):
        while (now := await page.evaluate(MEASURE)) != rows:
            rows = now
            await page.evaluate(
                "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
            )
    return rows or []


async def _measured(page: Page, what: str) -> list[dict[str, Any]]:
    """The rows in sight; fails where one cuts a text beside empty room."""
    rows = await _settled(page)
    assert rows, what
    wasteful = [one for one in rows if one["cut"] and one["empty"] > 12]
    assert not wasteful, f"{what}: {wasteful}"
    if folder := os.environ.get("TOOLCRIB_SCREENSHOTS"):
        await page.screenshot(path=f"{folder}/{what.replace(' ', '-')}.png")
    return rows


@pytest.mark.parametrize("width", [1440, 1280, 1024, 360])
async def test_no_text_is_cut_while_its_row_has_room(
    open_page: Open, crib: ToolcribServer, folder: str, width: int
) -> None:
    project = f"harbour-{folder.lower()}"
    shelf = a_shelf(crib, project, "ann", member="benedikta.longname")
    deep = f"{folder}/Content/Characters/Heroes/Captain/Textures"
    lock(crib, "ann", f"{folder}/Content/Hero.uasset", project=project)
    lock(crib, "ann", f"{deep}/T_Captain_Coat_BaseColor_4k_v012.uasset", project=project, comment="new rig")
    for name, comment in (
        ("Quay.umap", None),
        ("Night_Harbour_With_Fog_And_Rain_v0031.umap", "lights " * 12),
    ):
        body = {"branch": "feature/fog-and-rain", "project": project, "expires_in": 90000}
        lock(crib, "benedikta.longname", f"{deep}/{name}", comment=comment, **body)
    lock(crib, "benedikta.longname", f"{folder}/Mast.umap")
    shelf.put("ann", "plan.txt")
    shelf.put("ann", f"{'a long name ' * 9}v7.docx")
    page = await open_page("ann", f"/?q={folder}", width=width)
    for what, path in (("board", f"/?q={folder}"), ("assets", f"/assets?q={folder}")):
        await page.goto(crib.url + path)
        await expect(row(page, "Hero.uasset")).to_be_visible()
        await expect(row(page, "Mast.umap")).to_be_visible()
        rows = await _measured(page, f"{what} {width}")
        # Project and branch tell where a file is held: they are there, and whole.
        lines = "\n".join(one["text"] for one in rows)
        assert lines.count(project) == 4, lines
        assert lines.count("feature/fog-and-rain") == 2
        if width >= (1280 if what == "board" else 1440):
            names = (project, "feature/fog-and-rain", "main", "benedikta.longname")
            assert not [text for one in rows for text in one["cut"] if text in names]
    await page.goto(crib.url + shelf.address)
    await expect(row(page, "plan.txt")).to_be_visible()
    await _measured(page, f"documents {width}")
