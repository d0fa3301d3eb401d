"""Refusals as the clients of documents read them: the file service's envelope (document contract, section 2), and
the password question of file managers."""

from __future__ import annotations

import re
from typing import Any

from toolcrib.documents.dav.addresses import MOUNT
from toolcrib.kernel.clock import iso_format, system_clock
from toolcrib.kernel.wording import Wording


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
    Wording(re.compile(r"/api/storage"), body=_envelope),
    Wording(
        re.compile(rf"{MOUNT}(/|$)"),
        challenge={"WWW-Authenticate": 'Basic realm="Toolcrib", charset="UTF-8"'},
    ),
)
