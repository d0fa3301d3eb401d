"""Routers whose paths all begin with something else are not asked for a route."""

from __future__ import annotations

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from toolcrib.kernel.routing import skip_elsewhere

ASKED: list[str] = []


class Asked(APIRoute):
    """A route that notes that it was asked."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        ASKED.append(self.path)
        return super().matches(scope)


def routes(*paths: str, prefix: str = "") -> APIRouter:
    """A router that answers at each of these paths with the path as it is declared."""
    router = APIRouter(prefix=prefix, route_class=Asked)
    for path in paths:
        router.add_api_route(path, lambda path=path: path, methods=["GET"])
    return router


@pytest.fixture
def app() -> FastAPI:
    ASKED.clear()
    inner = APIRouter()
    inner.include_router(routes("/deep", "/deep/{rest:path}"), prefix="/nested")
    all_routes = APIRouter()
    all_routes.include_router(routes("/things", "/things/{name}"), prefix="/api")
    all_routes.include_router(routes("/{name}/end"), prefix="/api")
    all_routes.include_router(inner, prefix="/api")
    all_routes.include_router(routes("/one", "/other"))
    skip_elsewhere(all_routes)
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    app.router.routes.extend(all_routes.routes)
    return app


async def asked(app: FastAPI, path: str, root_path: str = "") -> httpx.Response:
    transport = httpx.ASGITransport(app, root_path=root_path)
    async with httpx.AsyncClient(transport=transport, base_url="http://crib.example") as client:
        return await client.get(root_path + path)


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/api/things", "/things"),
        ("/api/things/a", "/things/{name}"),
        ("/api/x/end", "/{name}/end"),
        ("/api/nested/deep", "/deep"),
        ("/api/nested/deep/a/b", "/deep/{rest:path}"),
        ("/one", "/one"),
        ("/other", "/other"),
    ],
)
@pytest.mark.parametrize("base_path", ["", "/tools/crib"])
async def test_every_route_is_found(app: FastAPI, base_path: str, address: str, path: str) -> None:
    answer = await asked(app, address, base_path)
    assert (answer.status_code, answer.json()) == (200, path)


async def test_routers_of_other_paths_are_not_asked(app: FastAPI) -> None:
    assert (await asked(app, "/api/nested/deep")).status_code == 200
    assert {path for path in ASKED if "thing" in path} == set()
    assert (await asked(app, "/api/things/nobody/knows")).status_code == 404
    assert {"/things", "/things/{name}"} <= set(ASKED)
