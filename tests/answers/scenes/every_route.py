"""Every operation the server describes, by everybody, about nothing: who is refused first, and how.

Calls that work are the other scenes'; here a new route is met without a line for it.
"""

from __future__ import annotations

import re
from itertools import groupby

from tests.answers.coverage import operations
from tests.answers.play import ANONYMOUS, Play
from tests.answers.server import ADMIN

MISSING = {"fence": "999999999", "token": "nothing", "project": "unknown", "oid": "0" * 64}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ENDLESS = {"/api/events/stream"}


def play(p: Play) -> None:
    found = sorted(operations(p.made["openapi"]), key=lambda operation: operation[1])
    for path, group in groupby(found, key=lambda operation: operation[1]):
        declared = {method for method, _ in group}
        address = re.sub(r"\{(\w+)(:path)?\}", lambda name: MISSING.get(name[1], "0"), path)
        for method in METHODS:
            if method not in declared:
                p.ask("stan", method, address, "not declared")
        for method in sorted(declared):
            _ask(p, method, address, path)


def _ask(p: Play, method: str, address: str, path: str) -> None:
    if method in {"GET", "HEAD"}:
        p.ask(
            f"{ANONYMOUS} forger" if path in ENDLESS else f"{ANONYMOUS} forger stan {ADMIN}", method, address
        )
        return
    p.ask(f"{ANONYMOUS} forger stan {ADMIN}", method, address, "{}", json={})
    if method != "DELETE":
        p.ask("stan", method, address, "no body")
        p.ask("stan", method, address, "[]", json=[])
