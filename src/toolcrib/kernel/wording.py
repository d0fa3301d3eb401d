"""How refusals are written. Clients of different protocols read different bodies and challenges: a kind brings
those of its own paths, everything else gets the default."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from fastapi import Response
from pydantic import BaseModel

from toolcrib.kernel.schema import Schema

Body = Callable[[str, str, Any], dict[str, Any]]


class Refusal(Schema):
    """Why a request was refused. Programs branch on `code`; people read the text."""

    error: str
    message: str
    msg: str
    code: str
    details: Any = None


def default_body(code: str, text: str, details: Any) -> dict[str, Any]:
    return {"error": text, "message": text, "msg": text, "code": code, "details": details}


# A browser would open a password box on `Basic`.
BEARER = {"WWW-Authenticate": 'Bearer realm="Toolcrib"'}


@dataclass(frozen=True)
class Wording:
    """How refusals are written on the paths that begin with a match of `paths`, for `methods` (None: for all).

    `body` makes the JSON object of a code, a sentence and details, which `model` describes. `challenge` holds the
    headers of a 401. `instead` replaces statuses that the clients misunderstand, by another status with a code and a
    sentence of its own.
    """

    paths: re.Pattern[str]
    methods: frozenset[str] | None = None
    body: Body = default_body
    model: type[BaseModel] = Refusal
    media_type: str = "application/json"
    challenge: Mapping[str, str] = field(default_factory=BEARER.copy)
    instead: Mapping[int, tuple[int, str, str]] = field(default_factory=dict)

    def covers(self, method: str, path: str) -> bool:
        return (self.methods is None or method in self.methods) and self.paths.match(path) is not None


DEFAULT = Wording(re.compile(""))


class Wordings:
    """The wordings of all kinds. Where two cover a request, the first one counts."""

    def __init__(self, special: Iterable[Wording] = ()) -> None:
        self._special = tuple(special)

    def of(self, method: str, path: str) -> Wording:
        """The wording for a request; `DEFAULT` where no kind brings one."""
        return next((each for each in self._special if each.covers(method, path)), DEFAULT)

    def response(
        self,
        method: str,
        path: str,
        status: int,
        code: str,
        text: str,
        details: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """A refusal as HTTP; a 401 carries the challenge of its path."""
        wording = self.of(method, path)
        if status in wording.instead:
            status, code, text = wording.instead[status]
            details, headers = None, None
        return Response(
            orjson.dumps(wording.body(code, text, details)),
            status_code=status,
            media_type=wording.media_type,
            headers={**(headers or {}), **(wording.challenge if status == 401 else {})},
        )
