"""Lists that are bare JSON arrays: whole, as earlier clients ask for them, or a page of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, unquote

import orjson
from fastapi import Query, Response
from pydantic import Field

from toolcrib.kernel.claims.schemas import Text
from toolcrib.kernel.identity.names import is_storable
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.long_answers import JSON, PAGE, Page, answer, in_text, items
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.kernel.schema import Schema

if TYPE_CHECKING:
    from toolcrib.kernel.context import Kernel

NEXT_CURSOR = "X-Next-Cursor"
# Of the longest name: each of its 255 characters has up to four bytes, quoted in three characters.
CURSOR_LENGTH = 255 * 4 * 3

# Reads up to so many items after some name (None: the first) for a caller with their present rights. Fewer, with a
# name after which to go on, were found where a search looked at as many as one answer may.
Read = Callable[[Principal, str | None, int], Awaitable[Page[str]]]


class ArrayQuery(Schema):
    """What of an array is asked for: without `limit` all of it. `q` is a part of a name."""

    q: Annotated[Text | None, Field(max_length=255)] = None
    limit: Annotated[int | None, Field(ge=1, le=1_000)] = None
    cursor: Annotated[str | None, Field(max_length=CURSOR_LENGTH)] = None


ArrayDep = Annotated[ArrayQuery, Query()]


async def array(
    kernel: Kernel, me: Principal, read: Read, wanted: ArrayQuery, *, usual: int | None = None
) -> Response:
    """Answer with a JSON array. If there are more than `limit`, or may be, the header `X-Next-Cursor` names the
    `cursor` to go on with, also where fewer were found.

    Without `limit` it has all; or, if `usual` is given, so many as long as there are, however far apart they lie:
    earlier clients do not go on.

    Raises:
        InvalidRequest: `cursor` is no such header's (400).
    """
    after = None if wanted.cursor is None else unquote(wanted.cursor)
    if after is not None and not is_storable(after):
        raise InvalidRequest("cursor must be the X-Next-Cursor of an answer")
    most = wanted.limit or usual
    if most is None:
        whole = items(kernel, me, lambda me, after: read(me, after, PAGE), after=after)
        return await answer(in_text(b"[", whole, b"]"))
    shown: list[Any] = []
    page: Sequence[Any] = []
    size = 0
    # In pages, so that others are served in between.
    while len(shown) < most and (after is not None or not size):
        if wanted.limit is not None and len(page) < size:
            break
        size = min(most - len(shown), PAGE)
        page, after = await read(me, after, size)
        shown += page
    headers = {} if after is None else {NEXT_CURSOR: quote(after, safe="")}
    return Response(orjson.dumps(shown), headers=headers, media_type=JSON)
