"""The API's description of itself, `/api/openapi.json`: what FastAPI reads from the routes, and what it cannot know.

FastAPI knows parameters, bodies and successful answers. Added here, for every operation: how to sign in, and which
refusals it answers with, in the shape that its path's clients read. A route names what is its own by
`responses=refusals(403, 409)`, and `openapi_extra=PUBLIC` where nobody needs to sign in.
"""

from __future__ import annotations

import gzip
import re
from functools import cache
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode

from toolcrib.kernel.wording import Wordings

if TYPE_CHECKING:
    from toolcrib.kernel.identity.key_scopes import KeyScopes

SCHEMES: dict[str, dict[str, Any]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token from `POST /api/login`, or an API key.",
    },
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": "access_token",
        "description": "Set by `POST /api/session`. Writes from pages of other sites are refused.",
    },
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "Login name, and a password or an API key: what git's credential helpers send.",
    },
}
PUBLIC: dict[str, Any] = {"security": []}

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
_SAFE = {"get", "head", "options"}
# Stands for a body's model until the document is completed. FastAPI would change a schema on its way, and the start
# would have to make it. It passes on no class either, so the number of one; two may have the same name.
_MODEL = "x-model"
_body_models: dict[int, type[BaseModel]] = {}
_PARAMETER = re.compile(r"{\w+(?::\w+)?}")
_TEXTS = {
    400: "Malformed: the text says what",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not there, or not to be seen by the caller",
    408: "The body stopped arriving, or arrived too slowly",
    409: "It clashes with the present state: somebody holds it, or it has changed",
    413: "The body is too large",
    429: "Too many tries; `Retry-After` says when to come again",
    507: "A quota has no room for it: `details` says how much is used and allowed",
    503: "The database or the file store cannot be reached now",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: the statuses it refuses with, beside those that follow from its shape."""
    return {status: {} for status in statuses}


def is_public(route: object) -> bool:
    """Whether nobody needs to sign in for `route`."""
    extra: dict[str, Any] = getattr(route, "openapi_extra", None) or {}
    return extra.get("security") == []


def body_of(
    model: type[BaseModel], *, media_type: str = "application/json", required: bool = True
) -> dict[str, Any]:
    """For the `openapi_extra` of a route that reads its body itself: a body of `model`."""
    _body_models[id(model)] = model
    content = {media_type: {"schema": {_MODEL: id(model)}}}
    return {"requestBody": {"required": required, "content": content}}


router = APIRouter(include_in_schema=False)


@router.get("/api/openapi.json")
@router.head("/api/openapi.json")
def description(request: Request) -> Response:
    """The description, made when it is first asked for. That takes seconds on a slow computer: in a thread of its own,
    so that other requests are answered meanwhile."""
    plain, compressed = request.app.state.description()
    headers = {"Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            compressed, media_type="application/json", headers={**headers, "Content-Encoding": "gzip"}
        )
    return Response(plain, media_type="application/json", headers=headers)


def install(app: FastAPI, wordings: Wordings, key_scopes: KeyScopes) -> None:
    """Have `app` describe itself in full."""
    plain = app.openapi
    making = Lock()

    def openapi() -> dict[str, Any]:
        with making:
            if app.openapi_schema is None:
                app.openapi_schema = _completed(plain(), wordings, key_scopes)
            return app.openapi_schema

    @cache
    def as_sent() -> tuple[bytes, bytes]:
        document = orjson.dumps(openapi())
        return document, gzip.compress(document, 6, mtime=0)

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way
    app.state.description = as_sent


def _completed(document: dict[str, Any], wordings: Wordings, key_scopes: KeyScopes) -> dict[str, Any]:
    components = document.setdefault("components", {})
    components["securitySchemes"] = _schemes(key_scopes)
    schemas: dict[str, Any] = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):  # what FastAPI would answer 422 with
        schemas.pop(name, None)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                if "security" not in operation:
                    _add_security(operation, key_scopes.sorted(key_scopes.need(method.upper(), path)))
                for content in operation.get("requestBody", {}).get("content", {}).values():
                    if _MODEL in content["schema"]:
                        model = _body_models[content["schema"][_MODEL]]
                        content["schema"] = _add(_schemas_of(model, "validation"), schemas)
                _add_refusals(path, method, operation, wordings, schemas)
    components["schemas"] = dict(sorted(schemas.items()))
    return document


def _schemes(key_scopes: KeyScopes) -> dict[str, Any]:
    scopes = "".join(f"\n- `{each.name}`: {each.text}" for each in key_scopes.choices)
    text = f"Made under Settings. A key has one or more scopes:\n{scopes}\n\nEach operation names those it takes."
    return {**SCHEMES, "apiKey": {**SCHEMES["apiKey"], "description": text}}


def _add_security(operation: dict[str, Any], scopes: list[str]) -> None:
    """Name the scopes of which an API key needs one; without any, no key will do."""
    keys: list[dict[str, list[str]]] = [{"apiKey": [scope]} for scope in scopes]
    operation["security"] = [{"bearer": []}, *keys, {"cookie": []}, {"basic": []}]
    text = (
        f"API keys: with the scope {' or '.join(f'`{scope}`' for scope in scopes)}."
        if scopes
        else "Not with API keys."
    )
    operation["description"] = "\n\n".join(filter(None, (operation.get("description"), text)))


def _add_refusals(
    path: str, method: str, operation: dict[str, Any], wordings: Wordings, schemas: dict[str, Any]
) -> None:
    responses: dict[str, Any] = operation["responses"]
    responses.pop("422", None)
    own = {int(status) for status in responses if status >= "400"}
    wording = wordings.of(method.upper(), _PARAMETER.sub("x", path))
    for status in own | _statuses(path, method, operation):
        described = responses.setdefault(str(status), {})
        text = described.get("description")
        if not text or text == _phrase(status):
            described["description"] = _TEXTS.get(status, _phrase(status))
        if method != "head" and not described.get("content", {}).get(wording.media_type, {}).get("schema"):
            schema = _add(_schemas_of(wording.model, "serialization"), schemas)
            described["content"] = {wording.media_type: {"schema": schema}}
    operation["responses"] = dict(sorted(responses.items()))


def _statuses(path: str, method: str, operation: dict[str, Any]) -> set[int]:
    """The refusals that follow from an operation's shape."""
    found = {503}
    if operation["security"]:
        found |= {401, 429}
        found.add(403)  # an API key without the scope; a cookie, from a page of another site
    if "requestBody" in operation:
        found |= {400, 413}
    if any(each["in"] in {"query", "header"} for each in operation.get("parameters", ())):
        found.add(400)
    if "{" in path:
        found |= {400, 404}
    return found


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Refused"


@cache
def _schemas_of(model: type[BaseModel], mode: JsonSchemaMode) -> dict[str, Any]:
    """The schemas of what the model consists of, by name; its own is the last. Not to be changed: one refusal's model
    serves a thousand times."""
    found = model.model_json_schema(ref_template="#/components/schemas/{model}", mode=mode)
    return {**found.pop("$defs", {}), model.__name__: found}


def _add(found: dict[str, Any], schemas: dict[str, Any]) -> dict[str, str]:
    """Add to `schemas` what is missing there. Returns a reference to the last of `found`.

    Raises:
        TypeError: two models have one name.
    """
    for name, schema in found.items():
        if schemas.setdefault(name, schema) != schema:
            raise TypeError(f"two types of the API are called {name}")
    return {"$ref": f"#/components/schemas/{list(found)[-1]}"}
