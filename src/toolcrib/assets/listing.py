"""List a project's locks, however many there are."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

import orjson
from fastapi import Response
from fastapi.responses import StreamingResponse
from sqlalchemy import ColumnElement, or_

from toolcrib.assets import service
from toolcrib.assets.paths import normalise
from toolcrib.assets.schemas import LockFilter, lock_as_dict
from toolcrib.kernel.claims import etag, queries
from toolcrib.kernel.claims.models import Claim, claims
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.fast_routes import FastResponse
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.long_answers import JSON, PAGE, refreshed
from toolcrib.kernel.search import prefix_match, text_match


async def answer(
    kernel: Kernel, me: Principal, wanted: LockFilter, view: str, seq: int, now: datetime
) -> Response:
    """Return a response with the locks as they are while the log's newest event is `seq`.

    Up to one page is read at once. More is read in pages (`kernel.long_answers`): without `limit` each page is sent
    before the next is read; with it they are sent together, because a header says where to continue.
    """
    listing = _Listing(kernel, wanted, me, now)
    limit = wanted.limit
    size = PAGE if limit is None else min(limit, PAGE)
    found = await listing.read(me, wanted.cursor, size + 1)
    is_more = len(found) > size
    found = found[:size]
    if not is_more or limit == size:
        return _whole(orjson.dumps([lock_as_dict(claim) for claim in found]), found, seq, view, is_more)
    if limit is None:
        # Each path is listed once, even if its lock was released and taken again while the list was read.
        listing.conditions.append(claims.c.fence <= seq)
        found = [claim for claim in found if claim.fence <= seq]
        tag = etag.until(seq, view, await listing.first_end(wanted.cursor))
        return StreamingResponse(_pieces(listing, me, found), media_type=JSON, headers={"ETag": tag})
    pieces = [_text(found)]
    while is_more and len(found) < limit:
        async with kernel.turns.turn(me.uuid):
            me = await refreshed(kernel, me)
            size = min(limit - len(found), PAGE)
            page = await listing.read(me, found[-1].fence, size + 1)
            is_more = len(page) > size
            found += page[:size]
            pieces.append(_text(page[:size]))
    return _whole(b"[" + b",".join(filter(None, pieces)) + b"]", found, seq, view, is_more)


class _Listing:
    """What to list, and the reading of it in pages."""

    def __init__(self, kernel: Kernel, wanted: LockFilter, me: Principal, now: datetime) -> None:
        self.kernel = kernel
        self.now = now
        self.project = me.project_named(wanted.project or kernel.settings.default_project)
        self.conditions, self._narrow = _conditions(wanted, self.project, me.uuid)
        self._holder = wanted.holder

    async def read(self, me: Principal, after: int | None, limit: int) -> list[Claim]:
        async with self.kernel.database.read() as session:
            if self._holder is not None:
                is_theirs, is_indexed = await queries.held_by(session, self._holder)
                self.conditions.append(is_theirs)
                self._narrow = self._narrow if self._narrow is not None or not is_indexed else is_theirs
                self._holder = None
            return await service.listing(
                session,
                me,
                self.project,
                self.conditions,
                now=self.now,
                limit=limit,
                after=after,
                narrow=self._narrow,
            )

    async def first_end(self, after: int | None) -> datetime | None:
        conditions = self.conditions if after is None else [*self.conditions, claims.c.fence > after]
        async with self.kernel.database.read() as session:
            return await service.first_end(session, self.project, conditions, now=self.now)


async def _pieces(listing: _Listing, me: Principal, page: list[Claim]) -> AsyncIterator[bytes]:
    """Yield the whole list as JSON; `page` is its beginning."""
    yield b"[" + _text(page)
    while page:
        async with listing.kernel.turns.turn(me.uuid):
            me = await refreshed(listing.kernel, me)
            page = await listing.read(me, page[-1].fence, PAGE)
            text = _text(page)
        if text:
            yield b"," + text
    yield b"]"


def _text(page: Sequence[Claim]) -> bytes:
    return orjson.dumps([lock_as_dict(claim) for claim in page])[1:-1]


def _whole(body: bytes, found: Sequence[Claim], seq: int, view: str, is_more: bool) -> Response:
    headers = []
    if is_more:
        headers.append((b"x-next-cursor", b"%d" % found[-1].fence))
    headers.append((b"etag", etag.make(seq, view, found).encode()))
    return FastResponse(200, body, *headers)


def _conditions(
    wanted: LockFilter, project: str, my_uuid: str
) -> tuple[list[ColumnElement[bool]], ColumnElement[bool] | None]:
    """Return the conditions but for the holder, and the one of them that an index answers alone."""
    conditions: list[Any] = []
    narrow: ColumnElement[bool] | None = None
    if wanted.branch is not None:
        conditions.append(claims.c.branch == wanted.branch)
    if wanted.mine:
        narrow = claims.c.holder_uuid == my_uuid
        conditions.append(narrow)
    if wanted.prefix:
        # A key is kept as it was written, composed or not.
        spellings = {unicodedata.normalize(form, wanted.prefix) for form in ("NFC", "NFD")}
        conditions.append(or_(*(prefix_match(claims.c.key, each) for each in spellings)))
    if wanted.path is not None:
        narrow = claims.c.digest.in_(service.digests(project, normalise(wanted.path)))
        conditions.append(narrow)
    if wanted.q:
        conditions.append(text_match(claims.c.key, wanted.q) | text_match(claims.c.holder, wanted.q))
    return conditions, narrow
