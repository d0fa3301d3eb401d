"""A 404 says what was not found, at every address that names something."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]

TELLS_NOTHING = {"not found", "not found.", "there is no such thing."}
# The parts contract (section 5) has this text for what is no number.
BY_CONTRACT = re.compile(r"/api/parts/\{|/parts/\{")


@pytest.mark.databases("sqlite")
async def test_every_address_says_what_it_has_not(app_server: Start, database_url: str) -> None:
    crib = await app_server(database_url=database_url)
    admin = await crib.admin()
    paths = (await admin.get("/api/openapi.json")).json()["paths"]
    silent, missed = [], 0
    for path, methods in paths.items():
        if "{" not in path or BY_CONTRACT.match(path):
            continue
        for method in methods:
            for name in ("nosuch-x", "999999"):
                answer = await admin.request(method, re.sub(r"\{\w+\}", name, path), json={})
                if answer.status_code != 404:
                    continue
                missed += 1
                said = answer.json()
                # The document contract has a word in `message`, and the sentence in `details`.
                text = (said.get("details") or {}).get("text", said["message"])
                if text.lower() in TELLS_NOTHING:
                    silent.append(f"{method} {path}: {text}")
    assert not silent
    assert missed > 100
