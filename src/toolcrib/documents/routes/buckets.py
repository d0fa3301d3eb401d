"""Routes that list the buckets a person may read, and search all of them. For the page; the contract has no such
routes."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from toolcrib.documents import answers
from toolcrib.documents.paths import PLAIN, read_place
from toolcrib.documents.responses import bare, file_as_dict, names_of
from toolcrib.documents.routes.common import (
    INTEGER,
    CallerDep,
    DocumentsDep,
    new_router,
    number,
    query_of,
    query_params,
)
from toolcrib.documents.service import buckets, searching
from toolcrib.documents.service.buckets import ListedBucket
from toolcrib.kernel.openapi import refusals

router = new_router()

MAX_FOUND = 50
MAX_LISTED = 1_000


@router.get(
    "/buckets",
    response_model=answers.ShelfList,
    openapi_extra=query_params("q", "cursor", "bucket", "id", "bucket_type", "bucket_id", limit=INTEGER),
    responses=refusals(403),
)
async def list_buckets(request: Request, docs: DocumentsDep, caller: CallerDep) -> Response:
    """List the buckets whose files the caller may read: their own, their company's, their projects', those with `q` in
    their name, or the one that is named. With `limit`, go on with `cursor=next_cursor` while there is one, also where
    an answer lists nothing."""
    query = query_of(request)
    if any(query.get(name) for name in (*PLAIN.bucket, *PLAIN.id)):
        place = read_place(caller.me, query, folder=True)
        found = buckets.ListedBuckets([await buckets.one_bucket(docs, caller, place.bucket)], [])
    else:
        limit = number(query, "limit", 1, least=1, most=MAX_LISTED) if "limit" in query else None
        text, cursor = query.get("q") or None, query.get("cursor") or None
        found = await buckets.listed_buckets(docs, caller, text, cursor=cursor, limit=limit)
    return bare(
        {
            "buckets": [_shown(each) for each in found.buckets],
            "warnings": found.warnings,
            "next_cursor": found.next_cursor,
        }
    )


@router.get(
    "/search",
    response_model=answers.FoundList,
    openapi_extra=query_params(
        "q", "bucket", "id", "path", "bucket_type", "bucket_id", "cursor", limit=INTEGER
    ),
    responses=refusals(403),
)
async def search(request: Request, docs: DocumentsDep, caller: CallerDep) -> Response:
    """Find files by words of their paths, in all buckets the caller may read, or in one bucket or folder. An answer is
    about a few thousand files; go on with `cursor=next_cursor` while there is one, also where nothing was found: every
    match comes once. A cursor is good for the same words and place, and for who got it."""
    query = query_of(request)
    limit = number(query, "limit", 20, least=1, most=MAX_FOUND)
    narrowed = any(query.get(name) for name in (*PLAIN.bucket, *PLAIN.id, *PLAIN.path))
    below = read_place(caller.me, query, folder=True) if narrowed else None
    cursor = query.get("cursor") or None
    found = await searching.search(docs, caller, query.get("q", ""), below=below, limit=limit, cursor=cursor)
    async with docs.kernel.database.read() as session:
        names = await names_of(session, found.files)
    return bare(
        {
            "files": [file_as_dict(file, None, names) for file in found.files],
            "buckets": [_shown(each) for each in found.buckets],
            "warnings": found.warnings,
            "next_cursor": found.next_cursor,
        }
    )


def _shown(listed: ListedBucket) -> dict[str, Any]:
    return {
        "bucket": listed.bucket.type,
        "id": listed.bucket.id,
        "name": listed.name,
        "scope": listed.scope,
    }
