"""Refusals in the form that `git lfs` reads, at the LFS address of any project."""

from __future__ import annotations

import re
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
