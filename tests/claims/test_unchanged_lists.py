"""A list is said to be unchanged only to somebody with the same rights as whoever got it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from httpx import AsyncClient

    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
LISTS = ("/api/claims?limit=10", "/api/locks?project=free")


async def tag_of(person: AsyncClient, question: str) -> str:
    answer = await person.get(question)
    return str(answer.raise_for_status().headers["ETag"])


async def state_of(person: AsyncClient, question: str, tag: str) -> int:
    return (await person.get(question, headers={"If-None-Match": tag})).status_code


@pytest.mark.parametrize("question", LISTS)
async def test_a_tag_of_other_rights_is_not_good_although_the_log_stands_there(
    app_server: Start, question: str
) -> None:
    crib = await app_server()
    admin, ann, ben = await crib.admin(), await crib.user("ann"), await crib.user("ben")
    (await admin.post("/api/projects", json={"name": "mine"})).raise_for_status()

    async def grant(role: str) -> None:
        url = "/api/projects/mine/members/ann"
        (await admin.put(url, json={"role": role})).raise_for_status()

    async def register() -> None:
        (await admin.post("/api/projects", json={"name": "other"})).raise_for_status()

    for change in (partial(grant, "viewer"), partial(grant, "member"), register):
        before = await tag_of(ann, question)
        assert await state_of(ann, question, before) == 304
        await change()
        after = await tag_of(ann, question)
        # The number of the newest event is in the tag too: with that of now, nothing but the rights differ.
        position, rest = after.split("-", 1)
        forged = f"{position}-{before.split('-', 1)[1]}"
        assert rest != before.split("-", 1)[1]
        assert await state_of(ann, question, forged) == 200
        assert await state_of(ann, question, after) == 304
        assert await state_of(ben, question, after) == 200
