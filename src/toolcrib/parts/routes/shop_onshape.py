"""Onshape on our own routes: people connect their own accounts there, and fetch drawings."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, Field

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep, NowDep, PrincipalDep
from toolcrib.kernel.openapi import refusals
from toolcrib.kernel.problems import Conflict, InvalidRequest, Problem
from toolcrib.kernel.schema import Schema
from toolcrib.kernel.site import PAGE_PATH
from toolcrib.parts.onshape import drawings
from toolcrib.parts.onshape.client import ProviderFailed, drawing_at
from toolcrib.parts.onshape.connecting import NotConfigured, NotConnected, connections_of, has_lapsed
from toolcrib.parts.routes.contract import answer
from toolcrib.parts.routes.onshape import (
    CONNECT_FIRST,
    AuthorizationUrl,
    OnshapeDisconnected,
    OnshapeUser,
    connection_shown,
    forget_connection,
    of_person,
    of_shop,
)
from toolcrib.parts.routes.shop import ProjectQuery
from toolcrib.parts.service.lookup import shop_part
from toolcrib.parts.service.scopes import scope_of
from toolcrib.parts.shop import shop_of

router = APIRouter(prefix="/shop", tags=["parts"])


def _on_our_page(path: str) -> str:
    if not PAGE_PATH.fullmatch(path) or "#" in path:
        raise ValueError("is no path of this site's page")
    return path


class ShopOnshape(Schema):
    """`connected` is about the caller's own account; `lapsed` says that it was, and that Onshape accepts this no more.
    `shared` says that the workshop's pages have a connection, which serves everybody in the project who has none."""

    configured: bool
    connected: bool
    lapsed: bool
    shared: bool
    user: OnshapeUser | None
    authenticated_at: str | None


class OnshapeSignIn(Schema):
    """`return_to` is the path of the page to come back to, which is told in its query how it went: `onshape=connected`,
    or a word for what went wrong."""

    return_to: Annotated[str, AfterValidator(_on_our_page)] | None = Field(None, max_length=500)


class DrawingFetched(Schema):
    """`is_new` False says that the part has had this very drawing already."""

    name: str
    revision: int
    is_new: bool


class OnshapeNotConfigured(Conflict):
    """Onshape is not configured on this server."""

    code = "onshape_not_configured"


class OnshapeNotConnected(Conflict):
    """Connect to Onshape first."""

    code = "onshape_not_connected"


class OnshapeFailed(Problem):
    """Onshape did not answer in time, or not as it should."""

    code, status = "onshape_failed", 502


class NoOnshapeUrl(InvalidRequest):
    """The part has no address of a drawing at Onshape."""

    code = "no_onshape_url"


@router.get("/onshape", response_model=ShopOnshape)
async def read_connection(
    kernel: KernelDep, me: PrincipalDep, now: NowDep, project: ProjectQuery = None
) -> Response:
    """Say whether the caller is connected to Onshape, and whether the workshop is."""
    found = connections_of(kernel)
    row = await found.find(of_person(me))
    shown = connection_shown(row, now)
    serves_all = project is None or scope_of(kernel, me, project, "viewer") == shop_of(kernel).scope
    shared = serves_all and connection_shown(await found.find(of_shop(kernel)), now)["connected"]
    return answer(
        {
            "configured": kernel.settings.has_onshape,
            "connected": shown["connected"],
            "lapsed": row is not None and has_lapsed(row, now),
            "shared": shared,
            "user": shown.get("user"),
            "authenticated_at": shown.get("authenticated_at"),
        }
    )


@router.post("/onshape/connect", response_model=AuthorizationUrl, responses=refusals(409))
async def connect(
    request: Request, kernel: KernelDep, me: PrincipalDep, now: NowDep, body: OnshapeSignIn | None = None
) -> Response:
    """Begin to connect the caller to Onshape."""
    return_to = body.return_to if body else None
    try:
        url = await connections_of(kernel).begin(
            of_person(me), _callback_here(kernel, request), now=now, return_to=return_to
        )
    except NotConfigured:
        raise OnshapeNotConfigured("Onshape is not configured on this server.") from None
    return answer({"authorization_url": url}, headers={"Cache-Control": "no-store"})


def _callback_here(kernel: Kernel, request: Request) -> str | None:
    """Return the address to come back to that has the host of this request, where the browser is signed in."""
    host = request.headers.get("host", "").lower()
    known = kernel.settings.onshape_redirect_uris
    return next((each for each in known if urlsplit(each).netloc.lower() == host), None)


@router.post("/onshape/disconnect", response_model=OnshapeDisconnected)
async def disconnect(kernel: KernelDep, me: PrincipalDep) -> Response:
    """Forget the caller's connection to Onshape."""
    return await forget_connection(kernel, of_person(me))


@router.post(
    "/parts/{part_id}/drawing",
    response_model=DrawingFetched,
    responses=refusals(400, 404, 409, 502),
)
async def fetch_drawing(part_id: int, kernel: KernelDep, me: PrincipalDep) -> Response:
    """Fetch the drawing of a part from Onshape, as a new PDF of the part."""
    async with kernel.database.read() as session:
        part = await shop_part(session, me, part_id, "member")
    drawing = drawing_at(part.onshape_url or "")
    if drawing is None:
        raise NoOnshapeUrl("The part has no address of a drawing at Onshape.")
    owners = [of_person(me)]
    if part.scope == shop_of(kernel).scope:
        owners.append(of_shop(kernel))
    try:
        kept = await drawings.fetch(connections_of(kernel), part, drawing, owners, me, names_its_sender=True)
    except NotConnected:
        raise OnshapeNotConnected(CONNECT_FIRST) from None
    except ProviderFailed as failed:
        raise OnshapeFailed(str(failed)) from None
    return answer({"name": kept.file.name, "revision": kept.file.revision, "is_new": kept.is_new})
