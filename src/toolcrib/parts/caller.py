"""Who calls the contract's routes (parts contract, sections 1 and 13): the key that all browsers of a workshop share,
or somebody's personal API key in the same places. A cookie never counts there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

import orjson
from fastapi import Depends, Request

from toolcrib.kernel.bodies import admit
from toolcrib.kernel.body_memory import STRANGERS
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep
from toolcrib.kernel.forwarding import client_address
from toolcrib.kernel.identity.lookup import API_KEY_MARK
from toolcrib.kernel.identity.principal import Principal, Role, Unauthorized
from toolcrib.kernel.problems import Problem
from toolcrib.kernel.requester import Requester
from toolcrib.parts.errors import Beside, refusal
from toolcrib.parts.known import NOTHING_KNOWN, Known, moment_of, tags_of
from toolcrib.parts.shop import shop_of

WHERE = "Send the key in the header X-API-Key, the query parameter api_key, or api_key in a JSON body."
WRONG = "This is neither the key of this workshop nor a personal API key that is valid."
_BODY_KEY = "parts.body"


class KeyNeeded(Unauthorized):
    def __init__(self) -> None:
        super().__init__("API key required", Beside(details=WHERE))


class WrongKey(Unauthorized):
    def __init__(self) -> None:
        super().__init__("Invalid API key", Beside(details=WRONG))


@dataclass(frozen=True, slots=True)
class Caller:
    """`me` is the service account where `shared` says that the shared key was used. `scope` is the project, `known`
    what they know of the part that they change."""

    me: Principal
    by: Requester
    scope: str
    shared: bool
    known: Known = NOTHING_KNOWN

    @property
    def project(self) -> str:
        return self.scope.partition(":")[2]

    def require(self, at_least: Role) -> None:
        """Check that a person has the role in the project; the shared key may do all that the contract has.

        Raises:
            AccessDenied: (403).
        """
        if not self.shared:
            self.me.require(self.scope, at_least)


async def read_json(request: Request) -> Any:
    """Return the JSON of the body: None if there is no body, and a refusal if it is none.

    Raises:
        Refused: it is not JSON (400).
    """
    if _BODY_KEY not in request.scope:
        try:
            raw = await request.body()
            request.scope[_BODY_KEY] = orjson.loads(raw) if raw.strip() else None
        except ValueError:
            request.scope[_BODY_KEY] = refusal(400, "invalid_request", "The body is not JSON")
        except Problem as refused:  # it cannot be read a second time
            request.scope[_BODY_KEY] = refused
    found = request.scope[_BODY_KEY]
    if isinstance(found, Exception):
        raise found
    return found


async def _key_in_body(request: Request) -> str | None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method not in {"POST", "PUT"} or kind != "application/json":
        return None
    admit(request, STRANGERS)  # a bounded JSON body may hold the key
    try:
        body = await read_json(request)
    except Problem as refused:
        if refused.status != 400:
            raise
        return None  # whoever may call is told what is wrong with it
    found = body.get("api_key") if isinstance(body, dict) else None
    return found if isinstance(found, str) and found else None


async def find_caller(request: Request, kernel: Kernel) -> Caller:
    """Return who calls, and let the body be read.

    Raises:
        KeyNeeded, WrongKey: (401).
        MissingScope: a personal key may not be used for this (403).
    """
    shop = shop_of(kernel)
    shown = request.headers.get("x-api-key") or request.query_params.get("api_key")
    header = request.headers.get("authorization", "")
    is_signed_in = header.lower().startswith("bearer ")
    if not shown and not is_signed_in:
        shown = await _key_in_body(request)
    if not shown:
        if not is_signed_in:
            raise KeyNeeded
        me = await kernel.auth.principal_for(_with(request, b"authorization", header))
        shared = False
    elif shop.is_app_key(shown):
        account = await shop.service_account()
        if account is None:
            raise WrongKey
        me, shared = account, True
    elif shown.startswith(API_KEY_MARK):
        try:
            me = await kernel.auth.principal_for(_with(request, b"x-api-key", shown))
        except Unauthorized:
            raise WrongKey from None
        shared = False
    else:
        raise WrongKey
    admit(request, me.uuid)
    by = Requester(me.username, me.uuid, client_address(request), request.headers.get("user-agent"))
    scope = shop.scope if shared else me.scope_named(shop.scope)
    caller = Caller(me, by, scope, shared)
    caller.require("viewer")
    return caller


def _with(request: Request, name: bytes, value: str) -> dict[str, Any]:
    """Return the request's scope as if it had this credential alone."""
    kept = [pair for pair in request.scope["headers"] if pair[0] not in _CREDENTIALS]
    raw = value.encode("latin-1", "replace")
    return {**request.scope, "headers": [*kept, (name, raw)]}


_CREDENTIALS = frozenset({b"authorization", b"x-api-key", b"cookie"})


async def _caller(request: Request, kernel: KernelDep) -> Caller:
    return await find_caller(request, kernel)


CallerDep = Annotated[Caller, Depends(_caller)]


async def _writer(request: Request, caller: CallerDep) -> Caller:
    caller.require("member")
    return replace(caller, known=await _known(request))


async def _known(request: Request) -> Known:
    """Return what the caller says that the part is, in If-Match or as `expected_updated_at` of a JSON body."""
    expected: Any = None
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
        try:
            body = await read_json(request)
        except Problem as refused:
            if refused.status != 400:
                raise
            body = None  # the route says what is wrong with it
        if isinstance(body, dict):
            expected = body.get("expected_updated_at")
            if expected is None:
                expected = body.get("expectedUpdatedAt")
    try:
        return Known(tags_of(request.headers.get("if-match")), moment_of(expected))
    except ValueError:
        raise refusal(400, "invalid_request", "expected_updated_at is no moment") from None


# For what changes something.
WriterDep = Annotated[Caller, Depends(_writer)]


def app_key_digest(kernel: Kernel) -> bytes:
    """Return what names the shared key without telling it."""
    return shop_of(kernel).key_digest
