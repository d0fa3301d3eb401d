"""Bodies of routes that read them themselves are described by the model that the route names."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from pydantic import create_model

from toolcrib.kernel import openapi
from toolcrib.kernel.identity.key_scopes import KeyScopes
from toolcrib.kernel.wording import Wordings


def described(*routers: APIRouter) -> dict[str, Any]:
    app = FastAPI()
    for router in routers:
        app.include_router(router)
    openapi.install(app, Wordings(), KeyScopes(routers, (), ()))
    return app.openapi()


def router_with_a_body(path: str, field: str) -> APIRouter:
    """Of a model `Body`, as several modules, or calls of one function, may each have one."""
    router = APIRouter()
    fields: dict[str, Any] = {field: str}
    model = create_model("Body", **fields)

    @router.post(path, openapi_extra=openapi.body_of(model))
    def post() -> None: ...

    return router


def test_a_later_model_of_the_same_name_does_not_replace_one() -> None:
    first, second = router_with_a_body("/first", "first"), router_with_a_body("/second", "second")
    for router, field in ((first, "first"), (second, "second")):
        document = described(router)
        assert list(document["components"]["schemas"]["Body"]["properties"]) == [field]
        (operation,) = (methods["post"] for methods in document["paths"].values())
        content = operation["requestBody"]["content"]
        assert content == {"application/json": {"schema": {"$ref": "#/components/schemas/Body"}}}


def test_two_different_models_of_one_name_are_not_described_as_one() -> None:
    with pytest.raises(TypeError, match="two types of the API are called Body"):
        described(router_with_a_body("/first", "first"), router_with_a_body("/second", "second"))
