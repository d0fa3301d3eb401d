"""Routes with which people say what they want to be told of."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import StringConstraints

from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.deps import KernelDep, NowDep, PrincipalDep, ReadSessionDep, SessionDep
from toolcrib.kernel.identity.names import is_storable
from toolcrib.kernel.identity.schemas import RowId
from toolcrib.kernel.notify import watches
from toolcrib.kernel.notify.watches import PATH_LENGTH, Watch
from toolcrib.kernel.openapi import refusals
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.kernel.schema import Schema
from toolcrib.kernel.spelling import composed

router = APIRouter(tags=["watches"])


class NewWatch(Schema):
    """What to watch: `path` and all below it; without it, all things of `kind` in `scope` (`project:game`)."""

    kind: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    scope: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    path: Annotated[str, StringConstraints(max_length=PATH_LENGTH)] = ""


class WatchRead(Schema):
    id: int
    kind: str
    scope: str
    path: str
    created_at: str


class WatchList(Schema):
    watches: list[WatchRead]


class UnknownKind(InvalidRequest):
    code = "unknown_kind"


@router.get("/watches")
async def list_watches(session: ReadSessionDep, me: PrincipalDep) -> WatchList:
    """List what one watches."""
    return WatchList(watches=[_shown(each) for each in await watches.of_person(session, me.uuid)])


@router.post("/watches", status_code=201, responses=refusals(409))
async def watch(
    body: NewWatch, response: Response, kernel: KernelDep, session: SessionDep, me: PrincipalDep, now: NowDep
) -> WatchRead:
    """Be told by mail when something at or below a path is taken. 200 if one watches it already."""
    if body.kind not in kernel.tellings:
        raise UnknownKind(f"There is no kind {body.kind!r}: there are {', '.join(sorted(kernel.tellings))}.")
    if not is_storable(body.path) or not is_storable(body.scope):
        raise InvalidRequest("The path or the scope contains characters that cannot be stored.")
    path = body.path.rstrip("/")
    normalise = kernel.tellings[body.kind].normalise
    if path and normalise is not None:
        path = normalise(path)
    path, scope = composed(path), me.scope_named(body.scope)
    if len(path) > PATH_LENGTH:
        raise InvalidRequest(f"The path is longer than {PATH_LENGTH} characters.")
    most = kernel.settings.watches_per_person
    made, is_new = await watches.add(session, me, kind=body.kind, scope=scope, path=path, most=most, now=now)
    response.status_code = 201 if is_new else 200
    return _shown(made)


@router.delete("/watches/{watch_id}", status_code=204, responses=refusals(404))
async def end_watch(watch_id: RowId, session: SessionDep, me: PrincipalDep) -> None:
    """End a watch."""
    await watches.end(session, me, watch_id)


def _shown(watch: Watch) -> WatchRead:
    return WatchRead(
        id=watch.id,
        kind=watch.kind,
        scope=watch.scope,
        path=watch.path,
        created_at=iso_format(watch.created_at),
    )
