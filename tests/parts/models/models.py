"""What the tests do with models of parts."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import httpx

from tests.parts.models import step_files
from tests.parts.workshop import KEY, Workshop
from tests.servers.crib import Crib
from tests.servers.environment import SINGLE
from toolcrib.parts.conversion.workshop import workshop_of

_sizes = itertools.count(1)


def a_box() -> bytes:
    """A STEP file that no other test has: a box of 10 by 20 by 30 mm and a little more."""
    return step_files.box(10, 20, 30 + next(_sizes) / 1000)


def change_settings(models: Models, **settings: Any) -> None:
    """Change settings of the running server."""
    kernel = models.kernel
    kernel.settings = kernel.database.settings = kernel.settings.model_copy(update=settings)


class Models:
    """`shop` is the server; the calls here are those of the earlier pages unless they say otherwise."""

    def __init__(self, shop: Workshop) -> None:
        self.shop = shop
        self.crib = shop.crib
        self.old = shop.old
        self.ours = shop.admin.client

    @classmethod
    def start(cls, folder: Path, **settings: Any) -> Models:
        return cls(Workshop(Crib.start(folder, **{"PARTS_API_KEY": KEY, **SINGLE, **settings})))

    @property
    def kernel(self) -> Any:
        return self.crib.app.kernel

    def part(self, **fields: Any) -> int:
        return int(self.shop.part(**fields)["id"])

    def upload(self, part: int, content: bytes, name: str = "part.step") -> httpx.Response:
        files = {"file": (name, content, "application/octet-stream")}
        return self.old.post(f"/api/parts/{part}/upload", files=files)

    def outcome(self, part: int, content: bytes, name: str = "part.step") -> dict[str, Any]:
        """What an upload says of its conversion."""
        answer = self.upload(part, content, name)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()["conversion"]
        return found

    def converted(self, content: bytes | None = None, **fields: Any) -> int:
        """A part with a model."""
        part = self.part(**fields)
        outcome = self.outcome(part, content or a_box())
        assert outcome["success"], outcome
        return part

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.old.get(f"/api/parts/{path}", **options)

    def our(self, path: str, **options: Any) -> httpx.Response:
        """A read of our own routes, by an administrator."""
        return self.ours.get(f"/api/shop/parts/{path}", **options)

    def figures(self, part: int) -> dict[str, Any]:
        found = self.our(f"{part}/figures")
        assert found.status_code == 200, found.text
        figures: dict[str, Any] = found.json()["conversion"]["figures"]
        return figures

    def events(self, part: int, verb: str = "") -> list[dict[str, Any]]:
        """What the log tells of a part, oldest first."""
        query: dict[str, Any] = {"kind": "part", "key": str(part), "limit": 200}
        found = self.ours.get("/api/events", params=query)
        assert found.status_code == 200, found.text
        return [each for each in reversed(found.json()["events"]) if not verb or each["verb"] == verb]

    def turn(self) -> None:
        """Have the periodic jobs run that are due by the test's clock, and all that they begin."""
        self.crib.run(self.kernel.jobs.run_due())
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is being converted or waits for it."""
        self.crib.run(self._settled())

    async def _settled(self) -> None:
        for _ in range(100):
            await self.kernel.jobs.idle()
            if not workshop_of(self.kernel).is_busy:
                await asyncio.sleep(0)
                if not workshop_of(self.kernel).is_busy:
                    return
            await workshop_of(self.kernel).idle()
