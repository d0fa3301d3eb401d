"""Shared by the document routes: the caller, bodies and queries with the contract's names, and refusals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import MissingToken, ValidationFailed
from toolcrib.documents.models import FileStatus
from toolcrib.documents.paths import as_uuid, read_place
from toolcrib.documents.responses import JSON, bare
from toolcrib.documents.service.content import store_errors
from toolcrib.documents.service.lookup import Documents, Where, documents_of
from toolcrib.documents.service.uploads import Conditions
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep
from toolcrib.kernel.forwarding import client_address
from toolcrib.kernel.identity.credentials import find, split_authorization
from toolcrib.kernel.identity.lookup import API_KEY_MARK
from toolcrib.kernel.identity.principal import Principal, Unauthorized
from toolcrib.kernel.identity.tokens import as_uuid as is_uuid
from toolcrib.kernel.json_scan import BadJson
from toolcrib.kernel.numbers import whole_number
from toolcrib.kernel.warning_header import warn_in

Model = TypeVar("Model", bound=BaseModel)
PREFIX = "/storage"


class StorageRoute(APIRoute):
    """A route that translates the file store's errors into those of the document contract, and whose answers say what
    the caller is warned of."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            with store_errors():
                answer = await handle(request)
            caller: Caller | None = getattr(request.state, "caller", None)
            return warned(answer, caller.warnings) if caller is not None and caller.warnings else answer

        return handler


def warned(answer: Response, warnings: list[str]) -> Response:
    """Add warnings to an answer: as a header, percent-encoded, and to the fields of a JSON object."""
    if answer.media_type == JSON and bytes(answer.body).startswith(b"{"):
        answer = bare({**orjson.loads(answer.body), "warnings": warnings}, answer.status_code)
    warn_in(answer, warnings)
    return answer


def new_router() -> APIRouter:
    return APIRouter(prefix=PREFIX, tags=["documents"], route_class=StorageRoute)


# The caller


async def caller_of(request: Request, kernel: KernelDep) -> Caller:
    """Return who makes the request, with their address and client program.

    Raises:
        MissingToken, Unauthorized: there is no credential, or it is not valid (401).
        AccessDenied: a role service decides about routes, and does not allow this one (403).
    """
    credential = find(request.scope["headers"])
    if credential is None:
        raise MissingToken("Sign in first: there is no access token.")
    me = await kernel.auth.principal(request)
    carrier, raw = credential
    token: str | None = None
    if carrier == "cookie":
        token = raw.decode("latin-1")
    elif carrier == "authorization":
        scheme, secret = split_authorization(raw)
        if scheme == "bearer" and not secret.startswith(API_KEY_MARK):
            token = secret
    if token is not None:
        _require_company(kernel, token)
    caller = Caller(
        me,
        ip_address=client_address(request),
        user_agent=request.headers.get("user-agent"),
        token=token,
    )
    request.state.caller = caller
    rights = documents_of(kernel).endpoint_rights
    if rights is not None:
        await rights.require(caller, request)
    return caller


def _require_company(kernel: Kernel, token: str) -> None:
    """Check that another service's token names the caller's company (contract, section 1). This server's tokens need
    not: the database has it."""
    read = kernel.auth.tokens.read(token, now=kernel.clock())
    if read.issuer != kernel.settings.jwt_issuer and is_uuid(read.claims.get("company_id")) is None:
        raise Unauthorized("Invalid token: company_id is missing or not a UUID")


async def _documents(kernel: KernelDep) -> Documents:
    return documents_of(kernel)


CallerDep = Annotated[Caller, Depends(caller_of)]
DocumentsDep = Annotated[Documents, Depends(_documents)]


# Bodies and queries


async def json_body(request: Request, *, optional: bool = False) -> dict[str, Any]:
    """Read the body as a JSON object. An empty one is accepted if `optional`.

    Raises:
        ValidationFailed: it is not a JSON object, or exceeds the limits of `kernel.json_scan` (400).
    """
    try:
        raw = await request.body()
    except BadJson as refused:
        raise ValidationFailed.of("body", refused.detail) from None
    if optional and not raw.strip():
        return {}
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise ValidationFailed.of("body", "is not JSON") from None
    if not isinstance(found, dict):
        raise ValidationFailed.of("body", "must be a JSON object")
    return found


def query_of(request: Request) -> dict[str, str]:
    """Return the query; the first value of each name counts.

    Raises:
        ValidationFailed: it is not UTF-8 (400).
    """
    found: dict[str, str] = {}
    try:
        pairs = parse_qsl(
            request.scope["query_string"].decode("ascii"), keep_blank_values=True, errors="strict"
        )
    except (UnicodeDecodeError, ValueError):
        raise ValidationFailed.of("query", "is not UTF-8") from None
    for name, value in pairs:
        found.setdefault(name, value)
    return found


def checked(model: type[Model], fields: Mapping[str, Any]) -> Model:
    """Validate `fields` against `model`.

    Raises:
        ValidationFailed: a field is missing, unknown or wrong (400).
    """
    try:
        return model.model_validate(dict(fields))
    except ValidationError as error:
        found: dict[str, list[str]] = {}
        for each in error.errors(include_input=False, include_url=False, include_context=False):
            found.setdefault(str(each["loc"][0]) if each["loc"] else "body", []).append(each["msg"])
        raise ValidationFailed(found) from None


def where(me: Principal, fields: Mapping[str, Any]) -> Where:
    """Return the one file that `fields` name, by id or by place.

    Raises:
        ValidationFailed: they name none (400).
    """
    file_id = fields.get("file_id")
    if file_id is None:
        if not any(fields.get(name) for name in ("bucket_type", "bucket", "logical_path", "path")):
            raise ValidationFailed.of("file_id", "is missing")
        return read_place(me, fields)
    if not isinstance(file_id, str):
        raise ValidationFailed.of("file_id", "must be a UUID")
    return as_uuid(file_id, "file_id")


def number(fields: Mapping[str, str], name: str, default: int, *, least: int, most: int | None = None) -> int:
    """Read a whole number from the fields, `default` if it is not given.

    Raises:
        ValidationFailed: not a whole number, or out of range (400).
    """
    text = fields.get(name)
    if text is None:
        return default
    found = whole_number(text)
    if found is None or len(text) > 9 or found < least:
        raise ValidationFailed.of(name, f"must be a number of at least {least}")
    if most is not None and found > most:
        raise ValidationFailed.of(name, f"must be at most {most}")
    return found


def conditions(fields: Mapping[str, str]) -> Conditions:
    """Return the conditions of an upload that are checked when its version is made: `fence`, `base_version`, `release`.

    Raises:
        ValidationFailed: not a whole number, or neither true nor false (400).
    """
    return {
        "fence": _whole(fields, "fence"),
        "base_version": _whole(fields, "base_version"),
        "release": flag(fields, "release"),
    }


def _whole(fields: Mapping[str, str], name: str) -> int | None:
    text = fields.get(name)
    if not text:
        return None
    number = whole_number(text)
    if number is None:
        raise ValidationFailed.of(name, "must be a whole number")
    return number


def flag(fields: Mapping[str, str], name: str) -> bool:
    """Read a true or false value from the fields, false if it is not given.

    Raises:
        ValidationFailed: neither true nor false (400).
    """
    text = fields.get(name, "false").strip().lower()
    if text in {"true", "1", "yes", "on"}:
        return True
    if text in {"false", "0", "no", "off", ""}:
        return False
    raise ValidationFailed.of(name, "must be true or false")


def status(fields: Mapping[str, str], known: frozenset[str]) -> str | None:
    """Return a status to filter by; `approved` is accepted for `validated`.

    Raises:
        ValidationFailed: there is no such status (400).
    """
    wanted = fields.get("status")
    if not wanted:
        return None
    wanted = FileStatus.VALIDATED.value if wanted == "approved" else wanted
    if wanted not in known:
        raise ValidationFailed.of("status", f"must be one of {', '.join(sorted(known))}")
    return wanted


# OpenAPI descriptions of routes that read their bodies and queries themselves


def query_params(*names: str, **schemas: dict[str, Any]) -> dict[str, Any]:
    found = {**{name: {"type": "string"} for name in names}, **schemas}
    return {"parameters": [{"name": name, "in": "query", "schema": schema} for name, schema in found.items()]}


PLACE = ("file_id", "bucket_type", "bucket_id", "logical_path", "bucket", "id", "path")
INTEGER = {"type": "integer"}
BOOLEAN = {"type": "boolean"}
