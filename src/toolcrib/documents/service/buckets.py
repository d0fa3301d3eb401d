"""List the buckets that a person may read."""

from __future__ import annotations

from dataclasses import dataclass

from toolcrib.documents.caller import Caller
from toolcrib.documents.paths import Bucket
from toolcrib.documents.service.lookup import Documents
from toolcrib.documents.service.used_buckets import used_projects
from toolcrib.kernel.identity import companies, projects


@dataclass(frozen=True, slots=True)
class ListedBucket:
    """A bucket in a list. `name` is its display name, None if unknown; `scope` says who sees its claims and events."""

    bucket: Bucket
    name: str | None
    scope: str


@dataclass(frozen=True, slots=True)
class ListedBuckets:
    """`warnings` says why some may be missing."""

    buckets: list[ListedBucket]
    warnings: list[str]


async def listed_buckets(docs: Documents, caller: Caller) -> ListedBuckets:
    """Return the caller's own bucket, then those of their companies, then those of the projects they may read."""
    me = caller.me
    async with docs.kernel.database.read() as session:
        found = [ListedBucket(Bucket("users", me.uuid), me.username, f"user:{me.uuid}")]
        for company, _ in await companies.list_companies(session, me):
            found.append(ListedBucket(Bucket("companies", company.id), company.name, f"company:{company.id}"))
        names = {project.id: project.name for project, _ in await projects.list_projects(session, me)}
        most = docs.kernel.settings.storage_listed_projects
        used = await used_projects(session, me.uuid, most=most)
    company_id = me.company_id
    if company_id and all(one.bucket.id != company_id for one in found):
        # The company comes from another sign-in service's token; it has no name here.
        found.append(ListedBucket(Bucket("companies", company_id), None, f"company:{company_id}"))
    asked = [Bucket("projects", id_) for id_ in dict.fromkeys([*names, *used])]
    readable = await docs.access.allowed_now(caller, asked)
    scopes = await docs.access.scopes_of([bucket for bucket in asked if bucket in readable.buckets])
    found += [ListedBucket(bucket, names.get(bucket.id), scope) for bucket, scope in scopes.items()]
    return ListedBuckets(found, readable.warnings)


async def one_bucket(docs: Documents, caller: Caller, bucket: Bucket) -> ListedBuckets:
    right = await docs.access.require(caller, bucket, "read")
    names = await docs.access.project_names([bucket.id]) if bucket.type == "projects" else {}
    return ListedBuckets([ListedBucket(bucket, names.get(bucket.id), right.scope)], [])
