"""Refusals in the form that `git lfs` reads, at the LFS address of any project."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from toolcrib.assets.lfs.schemas import LfsRefused
from toolcrib.kernel.logs import request_id
from toolcrib.kernel.wording import Wording

_REALM = 'Basic realm="Toolcrib"'


def _body(_code: str, text: str, _details: Any) -> dict[str, Any]:
    return {"message": text, "request_id": request_id()}


WORDING = Wording(
    re.compile(r".*/info/lfs(/|$)", re.DOTALL),
    body=_body,
    model=LfsRefused,
    media_type="application/vnd.git-lfs+json",
    # `git lfs` asks for a password on LFS-Authenticate.
    challenge={"LFS-Authenticate": _REALM, "WWW-Authenticate": _REALM},
)

# After a 404 or 501 git-lfs never checks locks again, neither at this address nor, since it matches settings by prefix,
# at any that begins with it.
_NO_LOCKS_HERE = (
    403,
    "forbidden",
    "No Git LFS server is at this address. lfs.url should be this server's address, followed by "
    "/PROJECT.git/info/lfs; `toolcrib git doctor` finds what sets it.",
)
VERIFY_WORDING = replace(
    WORDING,
    # `%2F` is left of a slash that was encoded twice. At the LFS address itself: after an `lfs.url` with `?` or `#`.
    paths=re.compile(r".*(/|%2F)locks(/|%2F)+verify(/|%2F)*\Z|.*/info/lfs/*\Z", re.DOTALL | re.IGNORECASE),
    methods=frozenset({"POST"}),
    instead=dict.fromkeys((404, 405, 410, 501), _NO_LOCKS_HERE),
)
