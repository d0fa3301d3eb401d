"""Refusals as the machine pool's clients read them: the code word is in `error` (machine-pool contract, section 1).

Its clients sign in and manage accounts at the same addresses as everybody, so those answer in these words too.
"""

from __future__ import annotations

import re
from typing import Any

from toolcrib.kernel.wording import Wording


def _body(code: str, text: str, details: Any) -> dict[str, Any]:
    return {"error": code, "message": text, "msg": text, "code": code, "details": details}


WORDINGS = (
    Wording(
        re.compile(r"/api/(login|whoami|machines|available|reserve|reservations|release_all)(/|$)"),
        body=_body,
    ),
    # What other contracts have under /api/users keeps the default wording.
    Wording(re.compile(r"/api/users$"), methods=frozenset({"GET", "POST"}), body=_body),
    Wording(re.compile(r"/api/users/(?!me/)"), methods=frozenset({"DELETE"}), body=_body),
)
