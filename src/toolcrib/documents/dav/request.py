"""One request, as the threads see it: who asks, when, and how to call what runs on the server's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from toolcrib.documents.access import Action, Right
from toolcrib.documents.caller import Caller
from toolcrib.documents.models import File
from toolcrib.documents.paths import Bucket, Place
from toolcrib.documents.service.lookup import Documents
from toolcrib.documents.service.transfers import Order

Result = TypeVar("Result")
KEY = "toolcrib.dav"
INTENT = "toolcrib.intent"
ASKED = "toolcrib.asked"
Environ = dict[str, Any]


@dataclass(slots=True)
class WebDAVRequest:
    docs: Documents
    caller: Caller
    now: datetime
    loop: asyncio.AbstractEventLoop
    mount: str
    own_hosts: frozenset[str]
    rights: dict[tuple[Bucket, Action], Right] = field(default_factory=dict)

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """`work` on the server's loop, from a thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def right(self, bucket: Bucket, action: Action) -> Right:
        """Asked once a request.

        Raises:
            AccessDenied: (403).
        """
        found = self.rights.get((bucket, action))
        if found is None:
            found = self.run(self.docs.access.require(self.caller, bucket, action))
            self.rights[bucket, action] = found
        return found


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes of a file are to go out, on the server's loop."""

    file: File


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes are to come in for `place`, where the caller has the `right` to write.

    `locks` are the claims whose tokens were shown, by digest, with their fences. `base_id` is the version that the
    request's conditions were compared with; `is_new`: there was no file. All of that must still be so when the bytes
    are there. `is_lost`: a token was shown that once stood for a lock and does no longer.
    """

    place: Place
    path: str
    right: Right
    locks: dict[str, int] = field(default_factory=dict)
    base_id: str | None = None
    is_new: bool = False
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class CopyOrMove:
    """What lies at `path` is to be copied or moved, on the server's loop."""

    order: Order
    path: str


def request_of(environ: Environ) -> WebDAVRequest:
    found: WebDAVRequest = environ[KEY]
    return found
