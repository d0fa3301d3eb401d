"""Refusals as the clients of the parts contract read them: `error` is a text for people, further keys are beside it."""

from __future__ import annotations

import re
from typing import Any

from toolcrib.kernel.wording import Wording
from toolcrib.parts.errors import Beside

_NOT_FOUND = "Not found"
_TOO_LARGE = "File too large"


def _body(code: str, text: str, details: Any) -> dict[str, Any]:
    beside = details if isinstance(details, Beside) else {"details": details}
    if code == "not_found" and not isinstance(details, Beside):
        text = _NOT_FOUND  # an address that leads nowhere (section 4)
    return {"error": text, "message": text, "msg": text, "code": code, "details": None, **beside}


def _upload(code: str, text: str, details: Any) -> dict[str, Any]:
    if code == "payload_too_large":
        return _body(code, _TOO_LARGE, Beside(details=text))
    return _body(code, text, details)


WORDINGS = (
    Wording(re.compile(r"/api/parts/\d+/upload$"), body=_upload),
    Wording(re.compile(r"/api/(parts|auth/onshape)(/|$)"), body=_body),
)
