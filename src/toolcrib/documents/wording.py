"""Refusals in the form that clients of documents read: the file service's envelope (document contract, section 2), and
the password challenge for file managers."""

from __future__ import annotations

import re
from typing import Any, Literal

from toolcrib.documents.dav.addresses import MOUNT
from toolcrib.kernel.clock import iso_format, system_clock
from toolcrib.kernel.schema import Schema
from toolcrib.kernel.wording import Wording


class StorageRefusal(Schema):
    """A refusal of the file service: `error` and `message` are the code, `details.text` is for people."""

    status: Literal["error"]
    error: str
    message: str
    details: dict[str, Any]
    timestamp: str


def _envelope(code: str, text: str, details: Any) -> dict[str, Any]:
    shown = details if isinstance(details, dict) else {} if details is None else {"errors": details}
    return {
        "status": "error",
        "error": code.upper(),
        "message": code,
        "details": {"text": text, **shown},
        "timestamp": iso_format(system_clock()),
    }


WORDINGS = (
    Wording(re.compile(r"/api/storage(/|$)"), body=_envelope, model=StorageRefusal),
    Wording(
        re.compile(rf"{MOUNT}(/|$)"),
        challenge={"WWW-Authenticate": 'Basic realm="Toolcrib", charset="UTF-8"'},
    ),
)
