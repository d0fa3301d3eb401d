"""List the buckets that a person may read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import ValidationFailed
from toolcrib.documents.paths import Bucket
from toolcrib.documents.service.lookup import Documents
from toolcrib.documents.service.used_buckets import used_projects
from toolcrib.kernel.identity import companies, projects
from toolcrib.kernel.identity.models import Company
from toolcrib.kernel.identity.names import is_storable
from toolcrib.kernel.long_answers import PAGE


@dataclass(frozen=True, slots=True)
class ListedBucket:
    """A bucket in a list. `name` is its display name, None if unknown; `scope` says who sees its claims and events."""

    bucket: Bucket
    name: str | None
    scope: str


@dataclass(frozen=True, slots=True)
class ListedBuckets:
    """`warnings` says why some may be missing. `next_cursor` is where to go on; None if there are no more."""

    buckets: list[ListedBucket]
    warnings: list[str]
    next_cursor: str | None = None


# A list has the caller's own bucket, then those of companies, then those of registered projects, both by name, then
# those of projects that nobody registered. A cursor says after which name of which of these to go on.
_COMPANIES, _PROJECTS, _OTHERS = "companies", "projects", "others"


async def listed_buckets(
    docs: Documents,
    caller: Caller,
    text: str | None = None,
    *,
    cursor: str | None = None,
    limit: int | None = None,
) -> ListedBuckets:
    """Return the buckets that the caller may read: their own, those of their companies, those of their projects; up to
    `limit` of them, or somewhat more. With `text`, those with it in their name; a search with a limit looks at a few
    thousand for one answer.

    Raises:
        ValidationFailed: not a cursor, or not a text (400).
    """
    part, _, name = (cursor or f"{_COMPANIES}/").partition("/")
    if part not in {_COMPANIES, _PROJECTS, _OTHERS} or not is_storable(name):
        raise ValidationFailed.of("cursor", "must be the next_cursor of an answer")
    if text and not is_storable(text):
        raise ValidationFailed.of("q", "holds characters that cannot be stored")
    found = [] if cursor else await _own(docs, caller)
    if text:
        found = [each for each in found if text.lower() in (each.name or "").lower()]
    while limit is None or len(found) < limit:
        size = PAGE if limit is None else min(limit - len(found), PAGE)
        page = await _page(docs, caller, part, text, after=name or None, limit=size)
        found += page.buckets
        # Only projects are left then, and for each page of them the service would be waited for as long.
        if page.warnings and limit is None:
            return ListedBuckets(found, page.warnings)
        if page.next_cursor is not None:
            name = page.next_cursor
        elif part == _OTHERS:
            return ListedBuckets(found, page.warnings)
        else:
            part, name = _PROJECTS if part == _COMPANIES else _OTHERS, ""
        if page.warnings or (limit is not None and page.next_cursor is not None and len(page.buckets) < size):
            return ListedBuckets(found, page.warnings, f"{part}/{name}")
    return ListedBuckets(found, [], f"{part}/{name}")


async def _page(
    docs: Documents, caller: Caller, part: str, text: str | None, *, after: str | None, limit: int
) -> ListedBuckets:
    """Return buckets of one part of the list; `next_cursor` is the name after which to go on in it."""
    me = caller.me
    following = None
    async with docs.kernel.database.read() as session:
        if part == _COMPANIES:
            there, following = await companies.list_companies(session, me, text, after=after, limit=limit)
            buckets = [Bucket("companies", company.id) for company, _ in there]
        elif part == _PROJECTS:
            mine, following = await projects.list_projects(session, me, text, after=after, limit=limit)
            buckets = [Bucket("projects", project.id) for project, _ in mine]
        elif text:
            buckets = []  # they have no names
        else:
            most = docs.kernel.settings.storage_listed_projects
            used = await used_projects(session, me.uuid, most=most)
            names = await docs.access.project_names(used)
            buckets = [Bucket("projects", id_) for id_ in used if me.project_id(names.get(id_, "")) != id_]
    readable = await docs.access.allowed_now(caller, buckets)
    listed = await described(docs, caller, [bucket for bucket in buckets if bucket in readable.buckets])
    return ListedBuckets(listed, readable.warnings, following)


async def described(docs: Documents, caller: Caller, buckets: Collection[Bucket]) -> list[ListedBucket]:
    """Return these buckets, which the caller may read, with their names and scopes."""
    scopes = await docs.access.scopes_of(list(buckets))
    names = await docs.access.project_names([each.id for each in buckets if each.type == "projects"])
    ids = [each.id for each in buckets if each.type == "companies"]
    if ids:
        async with docs.kernel.database.read() as session:
            named = await session.execute(select(Company.id, Company.name).where(Company.id.in_(ids)))
            names.update((id_, name) for id_, name in named)
    names[caller.me.uuid] = caller.me.username
    return [ListedBucket(bucket, names.get(bucket.id), scope) for bucket, scope in scopes.items()]


async def _own(docs: Documents, caller: Caller) -> list[ListedBucket]:
    """Return the caller's own bucket, and their company's if it is not registered: it comes from another sign-in
    service's token, and has no name here."""
    buckets = [Bucket("users", caller.me.uuid)]
    company_id = caller.me.company_id
    if company_id:
        async with docs.kernel.database.read() as session:
            if await session.get(Company, company_id) is None:
                buckets.append(Bucket("companies", company_id))
    return await described(docs, caller, buckets)


async def one_bucket(docs: Documents, caller: Caller, bucket: Bucket) -> ListedBucket:
    """Return a bucket.

    Raises:
        AccessDenied: the caller may not read it (403).
    """
    right = await docs.access.require(caller, bucket, "read")
    (listed,) = await described(docs, caller, [bucket])
    return ListedBucket(bucket, listed.name, right.scope)
