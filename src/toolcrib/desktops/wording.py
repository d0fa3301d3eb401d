"""Refusals in the words that the clients of desktops read (desktops contract, sections 1, 7 and 9): they show `error`,
and compare some of its texts.

Their routes of accounts, tokens and sign-in are the kernel's, and answer in these words too. Where the machine pool's
clients have a method of the same address (`/api/users` itself, and DELETE below it), its words count.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from toolcrib.kernel.identity.lookup import NO_SUCH_PERSON, TOKEN_EXPIRED, TOKEN_INVALID, TOKEN_REVOKED
from toolcrib.kernel.identity.principal import (
    ACCOUNT_GONE,
    BAD_BASIC,
    DISABLED,
    NO_CREDENTIAL,
    ONLY_ADMINS,
    Unauthorized,
)
from toolcrib.kernel.identity.signin import WRONG_PASSWORD
from toolcrib.kernel.json_scan import NOT_UTF8
from toolcrib.kernel.wording import Wording, default_body

BAD_JSON = "Invalid JSON body"
NO_OBJECT = "Invalid JSON body: it must be an object"
NO_DATA = "Missing request data"

_TEXTS = {
    ONLY_ADMINS: "Admin privilege required!",
    NO_CREDENTIAL: "Token is missing!",
    BAD_BASIC: "Token is missing!",
    ACCOUNT_GONE: "User not found!",
    NOT_UTF8: BAD_JSON,
    NO_SUCH_PERSON: "User not found!",
}
# What else a 401 says is about the token.
_KEPT = frozenset({TOKEN_EXPIRED, TOKEN_INVALID, TOKEN_REVOKED, DISABLED, WRONG_PASSWORD})


def _body(nothing: str, code: str, text: str, details: Any) -> dict[str, Any]:
    if isinstance(details, list):  # what is wrong with the request
        text = _malformed(details, nothing) or text
        details = {"problems": details}
    if code == Unauthorized.code and text not in _KEPT:
        text = _TEXTS.get(text, "Token is invalid!")
    return default_body(code, _TEXTS.get(text, text), details)


def _malformed(problems: list[Any], nothing: str) -> str | None:
    first = problems[0] if problems and isinstance(problems[0], dict) else {}
    if first.get("type") == "json_invalid":
        return BAD_JSON
    if first.get("loc") != ["body"]:
        return None
    return nothing if first.get("type") == "missing" else NO_OBJECT


def _wording(paths: str, nothing: str = NO_DATA, methods: frozenset[str] | None = None) -> Wording:
    return Wording(re.compile(paths), methods=methods, body=partial(_body, nothing))


def _own_body(code: str, text: str, details: Any) -> dict[str, Any]:
    for pattern, ours in _OURS:
        text = pattern.sub(ours, text)
    return default_body(code, text, details)


# The refusals are written for the contract's clients, who know a desktop as a connection and a volume as a PVC.
_OURS = (
    (re.compile(r"^Connection name "), "The name "),
    (re.compile(r"^Connection "), "Desktop "),
    (re.compile(r"^Stopped connection "), "Stopped desktop "),
    (re.compile(r" this connection$"), " this desktop"),
    (re.compile(r"^PVC "), "Volume "),
    (re.compile(r" this PVC\b"), " this volume"),
)

WORDINGS = (
    Wording(re.compile(r"/api/desktops(/|$)"), body=_own_body),
    _wording(r"/api/desktop-config(/|$)", "No data provided"),
    _wording(r"/api/storage-pvcs(/|$)", "No input data provided"),
    _wording(r"/api/(connections|tokens?|auth/(oidc|refresh|register|login))(/|$)"),
    _wording(r"/api/users/(?!me/)", methods=frozenset({"GET", "POST"})),
)
