"""JSON bodies of routes that take the bare request, checked like those that the framework reads."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from toolcrib.kernel import long_work
from toolcrib.kernel.bodies import take_in_pieces
from toolcrib.kernel.json_scan import PIECE, ObjectReader
from toolcrib.kernel.problems import InvalidRequest

Model = TypeVar("Model", bound=BaseModel)

# The blanks are those of JSON (RFC 8259, section 2).
_EMPTY = re.compile(rb"[ \t\r\n]*({[ \t\r\n]*}[ \t\r\n]*)?")
_NOT_JSON: dict[str, Any] = {"type": "json_invalid", "loc": ("body",), "msg": "JSON decode error"}


async def read_model(request: Request, model: type[Model], *, empty: bytes = b"") -> Model:
    """The body as `model`; `empty` stands for an empty one.

    Raises:
        RequestValidationError: it is not that (400).
    """
    try:
        return model.model_validate_json(await request.body() or empty)
    except ValidationError as error:
        raise malformed(error, "body") from None


async def read_given(request: Request, model: type[Model]) -> Model:
    """As `read_model`, for an object that must not be empty.

    Raises:
        RequestValidationError: it is not that (400).
        InvalidRequest: nothing was sent, or an empty object (400).
    """
    if _EMPTY.fullmatch(await request.body()):
        raise InvalidRequest("Missing request data")
    return await read_model(request, model)


async def read_long_model(request: Request, model: type[Model]) -> Model:
    """As `read_model`, for an object with long lists: they are parsed as they arrive, while others are served.

    Raises:
        RequestValidationError: it is not that (400).
        BadJson: it is nested too deep, or holds too much (400).
    """
    take_in_pieces(request)
    try:
        found = await _read_object(request)
    except ValueError:  # JSONDecodeError is one
        raise RequestValidationError([_NOT_JSON]) from None
    try:
        return model.model_validate(found)
    except ValidationError as error:
        raise malformed(error, "body") from None


async def _read_object(request: Request) -> dict[str, Any]:
    reader = ObjectReader()
    waiting = bytearray()  # of what came: not too little is looked at in one go
    async for piece in request.stream():
        waiting += piece
        while len(waiting) >= PIECE:
            async with long_work.turns().turn():
                reader.feed(bytes(waiting[:PIECE]))
            del waiting[:PIECE]
    reader.feed(bytes(waiting))
    return reader.finish()


def malformed(error: ValidationError, where: str) -> RequestValidationError:
    """What the framework raises for a body or query that it reads itself."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return RequestValidationError([{**each, "loc": (where, *each["loc"])} for each in found])
