"""People with documents, for the tests of the page."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Locator, Page

from tests.servers.toolcrib import ToolcribServer


def png(width: int = 40, height: int = 30) -> bytes:
    """A picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes((30, 120, 110)) * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def pdf(text: str = "Plan") -> bytes:
    """One page with a line of text on it."""
    stream = f"BT /F1 24 Tf 40 240 Td ({text}) Tj ET 40 60 340 140 re S 40 60 m 380 200 l S".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 300] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    table += b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out))
    return out + table + end


@dataclass
class Shelf:
    """A project's documents, from somewhere else than the page."""

    server: ToolcribServer
    id: str
    name: str

    @property
    def address(self) -> str:
        return f"/documents?bucket=projects&id={self.id}"

    def place(self, path: str) -> dict[str, str]:
        return {"bucket_type": "projects", "bucket_id": self.id, "logical_path": path}

    def put(
        self, who: str, path: str, content: bytes = b"hello", mime: str = "text/plain", **fields: str
    ) -> dict[str, Any]:
        """What the upload's answer tells."""
        answer = self.server.user(who).post(
            "/api/storage/upload/proxy",
            data={**self.place(path), **fields},
            files={"file": (path.rpartition("/")[2], content, mime)},
        )
        assert answer.status_code == 201, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def submit(self, who: str, path: str, content: bytes, why: str) -> str:
        """A version that waits; its id."""
        client = self.server.user(who)
        reserved = client.post("/api/storage/upload/presign", json=self.place(path)).json()
        httpx.put(reserved["url"], content=content).raise_for_status()
        body = {**self.place(path), "object_key": reserved["object_key"], "changelog": why}
        answer = client.post("/api/storage/versions/commit", json=body)
        assert answer.status_code == 201, answer.text
        version: str = answer.json()["data"]["version_id"]
        return version

    def fetch(self, who: str, path: str) -> bytes:
        answer = self.server.user(who).get("/api/storage/download/proxy", params=self.place(path))
        assert answer.status_code == 200, answer.text
        return answer.content

    def names(self, who: str, path: str = "") -> list[str]:
        params = {"bucket": "projects", "id": self.id, "path": path}
        found = self.server.user(who).get("/api/storage/folders", params=params).json()
        return [one["name"] for one in (*found["folders"], *found["files"])]


def a_shelf(server: ToolcribServer, name: str, owner: str, **members: str) -> Shelf:
    """A project of `owner`; `members` are names by role, several with commas."""
    project = server.user(owner).post("/api/projects", json={"name": name}).json()["id"]
    for role, people in members.items():
        for person in people.split(","):
            server.user(person)
            url = f"/api/projects/{project}/members/{person}"
            server.user(owner).put(url, json={"role": role}).raise_for_status()
    return Shelf(server, project, name)


async def drop(page: Page, target: Locator, paths: list[Path]) -> None:
    """Drag files or folders from outside onto `target`, as the browser itself gets them."""
    box = await target.bounding_box()
    assert box
    session = await page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        await session.send(
            "Input.dispatchDragEvent",
            {
                "type": kind,
                "x": box["x"] + box["width"] / 2,
                "y": box["y"] + box["height"] / 2,
                "data": {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1},
            },
        )
    await session.detach()


def files(page: Page) -> Locator:
    return page.get_by_role("table", name="Files and folders")


def drawer(page: Page) -> Locator:
    return page.get_by_role("dialog").first
