"""Shared by the LFS routes: paths, the project that a path names, reading bodies and writing responses."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from starlette.responses import JSONResponse

from toolcrib.assets.lfs.schemas import LfsRefused
from toolcrib.kernel.deps import kernel_of
from toolcrib.kernel.identity.principal import AccessDenied, Principal
from toolcrib.kernel.json_bodies import read_model
from toolcrib.kernel.logs import request_id
from toolcrib.kernel.openapi import body_of, refusals
from toolcrib.kernel.spelling import composed

MEDIA_TYPE = "application/vnd.git-lfs+json"
_PARAMETER = re.compile(r"{(\w+)[:}]")
_NAME = re.compile(r"[\w.-]+(/[\w.-]+)*")

Model = TypeVar("Model", bound=BaseModel)
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def at(
    router: APIRouter,
    path: str,
    *methods: str,
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    **options: Any,
) -> Callable[[Endpoint], Endpoint]:
    """Register an endpoint below the LFS address of every project, and below that of the default project.

    The client derives that address from the repository's by appending `.git/info/lfs`; in an `lfs.url` written by hand
    the `.git` may be missing. Project names may have several segments.
    """

    def mount(endpoint: Endpoint) -> Endpoint:
        for prefix in ("/info/lfs", "/{project:path}/info/lfs"):
            for method in methods:
                router.add_api_route(
                    prefix + path,
                    endpoint,
                    methods=[method],
                    include_in_schema=method != "HEAD",
                    openapi_extra=_described(prefix + path, body, query),
                    **{
                        "response_class": LfsResponse,
                        **options,
                        # 403: the project, which is a part of the address
                        "responses": {**refusals(403), **options.get("responses", {})},
                    },
                )
        return endpoint

    return mount


def _described(path: str, body: type[BaseModel] | None, query: type[BaseModel] | None) -> dict[str, Any]:
    """Return the OpenAPI description of a route that takes the bare request, which FastAPI cannot derive."""
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(path)
    ]
    if query is not None:
        fields = query.model_json_schema()["properties"]
        parameters += [{"name": name, "in": "query", "schema": each} for name, each in fields.items()]
    described: dict[str, Any] = {"parameters": parameters}
    if body is not None:
        described |= body_of(body, media_type=MEDIA_TYPE)
    return described


class LfsResponse(JSONResponse):
    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


def project_of(request: Request, me: Principal) -> str:
    """Return the project that the URL names, in its registered spelling.

    Raises:
        AccessDenied: it is not a possible name, or the address has a part twice, so that it would name another
            project, where nothing is locked (403, because after a 404 git-lfs never checks locks again in that clone).
    """
    named: str | None = request.path_params.get("project")
    if named is None:
        return me.project_named(kernel_of(request).settings.default_project)
    project = composed(named.removesuffix(".git"))
    if len(project) > 255 or not _NAME.fullmatch(project) or "/info/lfs" in project:
        raise AccessDenied("There is no project with this name that you may use.")
    return me.project_named(project)


def lfs_url(request: Request, path: str) -> str:
    """Return a URL below the LFS address that the request was sent to."""
    base = request.scope["path"].rpartition("/info/lfs")[0]
    url: str = request.app.state.site.url(request.scope, f"{base}/info/lfs{path}")
    return url


async def read(request: Request, model: type[Model]) -> Model:
    """Return the body as `model`; an empty body counts as `{}`, because older clients send none.

    Raises:
        RequestValidationError: it does not match the model (400).
    """
    return await read_model(request, model, empty=b"{}")


def answer(content: Any, status_code: int = 200) -> Response:
    return LfsResponse(content, status_code)


def refusal(message: str) -> dict[str, Any]:
    return LfsRefused(message=message, request_id=request_id()).model_dump()
