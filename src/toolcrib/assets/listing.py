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
from toolcrib.kernel.claims.models import Claim, claim_keys, claims
from toolcrib.kernel.claims.queries import Scanned
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
    before the next is read; with it they are sent together, because a header says where to continue. Then there may be
    fewer than `limit` before that place: a search for a text looks at a few thousand locks for one answer.
    """
    listing = _Listing(kernel, wanted, me, now)
    limit = wanted.limit
    size = PAGE if limit is None else min(limit, PAGE)
    found = await listing.read(me, wanted.cursor, size)
    if found.after is None or limit == size:
        return _whole(orjson.dumps([lock_as_dict(claim) for claim in found.claims]), found, seq, view)
    if limit is None:
        # Each path is listed once, even if its lock was released and taken again while the list was read.
        listing.until = seq
        found = Scanned([claim for claim in found.claims if claim.fence <= seq], found.after)
        tag = etag.until(seq, view, await listing.first_end(wanted.cursor))
        return StreamingResponse(_pieces(listing, me, found), media_type=JSON, headers={"ETag": tag})
    pieces = [_text(found.claims)]
    page = found
    while len(page.claims) == size and page.after is not None and len(found.claims) < limit:
        async with kernel.turns.turn(me.uuid):
            me = await refreshed(kernel, me)
            size = min(limit - len(found.claims), PAGE)
            page = await listing.read(me, page.after, size)
            found = Scanned(found.claims + page.claims, page.after)
            pieces.append(_text(page.claims))
    return _whole(b"[" + b",".join(filter(None, pieces)) + b"]", found, seq, view)


class _Listing:
    """What to list, and the reading of it in pages."""

    def __init__(self, kernel: Kernel, wanted: LockFilter, me: Principal, now: datetime) -> None:
        self.kernel = kernel
        self.now = now
        self.project = me.project_named(wanted.project or kernel.settings.default_project)
        self._conditions, self._narrow = _conditions(wanted, self.project, me.uuid, kernel.database.dialect)
        self._holder = wanted.holder
        # The newest fence to list.
        self.until: int | None = None

    async def read(self, me: Principal, after: int | None, limit: int) -> Scanned:
        async with self.kernel.database.read() as session:
            if self._holder is not None:
                is_theirs, is_indexed = await queries.held_by(session, self._holder)
                self._conditions.append(is_theirs)
                if is_indexed:
                    self._narrow.append(is_theirs)
                self._holder = None
            return await service.scan(
                session,
                me,
                self.project,
                self._conditions,
                self._narrow,
                now=self.now,
                limit=limit,
                after=after,
                until=self.until,
            )

    async def first_end(self, after: int | None) -> datetime | None:
        conditions = [*self._conditions]
        if after is not None:
            conditions.append(claims.c.fence > after)
        if self.until is not None:
            conditions.append(claims.c.fence <= self.until)
        async with self.kernel.database.read() as session:
            return await service.first_end(session, self.project, conditions, now=self.now)


async def _pieces(listing: _Listing, me: Principal, page: Scanned) -> AsyncIterator[bytes]:
    """Yield the whole list as JSON; `page` is its beginning."""
    yield b"["
    comma = b""
    while True:
        if text := _text(page.claims):
            yield comma + text
            comma = b","
        if page.after is None:
            break
        async with listing.kernel.turns.turn(me.uuid):
            me = await refreshed(listing.kernel, me)
            page = await listing.read(me, page.after, PAGE)
    yield b"]"


def _text(page: Sequence[Claim]) -> bytes:
    return orjson.dumps([lock_as_dict(claim) for claim in page])[1:-1]


def _whole(body: bytes, found: Scanned, seq: int, view: str) -> Response:
    headers = []
    if found.after is not None:
        headers.append((b"x-next-cursor", b"%d" % found.after))
    headers.append((b"etag", etag.make(seq, view, found.claims).encode()))
    return FastResponse(200, body, *headers)


def _conditions(
    wanted: LockFilter, project: str, my_uuid: str, dialect: str
) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]:
    """Return the conditions but for the holder, and those of them, or wider ones, that an index answers alone."""
    conditions: list[Any] = []
    narrow: list[ColumnElement[bool]] = []
    if wanted.path is not None:
        narrow.append(claims.c.digest.in_(service.digests(project, normalise(wanted.path))))
    if wanted.mine:
        narrow.append(claims.c.holder_uuid == my_uuid)
    if wanted.branch is not None:
        narrow.append(claims.c.branch == wanted.branch)
    conditions += narrow
    if wanted.prefix:
        # A key is kept as it was written, composed or not.
        spellings = {unicodedata.normalize(form, wanted.prefix) for form in ("NFC", "NFD")}
        conditions.append(or_(*(prefix_match(claims.c.key, each) for each in spellings)))
        narrow.append(or_(*(claim_keys.begins(each, dialect) for each in spellings)))
    if wanted.q:
        conditions.append(text_match(claims.c.key, wanted.q) | text_match(claims.c.holder, wanted.q))
    return conditions, narrow
