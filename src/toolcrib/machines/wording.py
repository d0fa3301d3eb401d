"""Refusals as the machine pool's clients read them: the code word is in `error` (machine-pool contract, section 1).

Its clients sign in and manage accounts at the same addresses as everybody, so those answer in these words too.
"""

from __future__ import annotations

import re
from typing import Any

from toolcrib.kernel.identity.principal import ONLY_ADMINS
from toolcrib.kernel.identity.signin import WRONG_PASSWORD
from toolcrib.kernel.wording import Wording

# What the contract calls some refusals.
_TEXTS = {ONLY_ADMINS: "Missing required role: admin", WRONG_PASSWORD: "invalid credentials"}
# These keep their code in `error` where others have the text (contract, section 2).
_SIGN_IN_CODES = {"unauthorized", "forbidden"}


def _body(code: str, text: str, details: Any) -> dict[str, Any]:
    return {"error": code, "message": _TEXTS.get(text, text), "msg": text, "code": code, "details": details}


def _reserving(code: str, text: str, details: Any) -> dict[str, Any]:
    """Errors of `/reserve` have the text in `error` (contract, section 6)."""
    body = _body(code, text, details)
    if code not in _SIGN_IN_CODES:
        body["error"] = text
    if isinstance(details, dict) and "ansible_error" in details:
        body["ansible_error"] = details["ansible_error"]
    return body


WORDINGS = (
    Wording(re.compile(r"/api/reserve$"), body=_reserving),
    Wording(
        re.compile(r"/api/(login|whoami|machines|available|reserve|reservations|release_all|pool)(/|$)"),
        body=_body,
    ),
    # What other contracts have under /api/users keeps the default wording.
    Wording(re.compile(r"/api/users$"), methods=frozenset({"GET", "POST"}), body=_body),
    Wording(re.compile(r"/api/users/(?!me/)"), methods=frozenset({"DELETE"}), body=_body),
)
